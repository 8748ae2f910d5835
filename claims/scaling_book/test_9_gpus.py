"""GPUs: units and memories, networks of nodes, collectives, and rooflines of training on H100 and B200."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed, table
from claims.scaling_book.rooflines import (
    B200,
    DAY,
    FIGURES,
    GPUS,
    H100,
    KIB,
    MAKERS,
    MS,
    US,
    G,
    Sum,
    T,
    all_gather,
    one_by_one,
    ring_steps,
)

pytestmark = [pytest.mark.cheap, pytest.mark.usefixtures("makers", "printed")]

MIB = 2**20
NODE, LINK, PORT, NDR = 8, 25, 64, 50  # GPUs; GB a second of an NVLink, ports of a switch, GB a second of InfiniBand
CORES = {"h100": 132 * 4 * 32, "b200": 148 * 4 * 32}
CABLES = Fraction(32 * 16 * 2 * 400, 8 * 1000)  # TB a second of two from each leaf to each spine switch, of 400 Gb
EGRESS = 400 * G  # bytes a second of a node
INSIDE, BEYOND = H100.flops_per_second / (450 * G), H100.flops_per_second / EGRESS
SMALL_VECTOR, LARGE_VECTOR = 65536, 2**30
ARRAY = 2 * 4096 * 65536
QUIZ = 2 * 1024 * 16384
LLAMA = 6 * 70 * G * 15 * 10**12
F = 28672
WITH_SHARP = Fraction(7, 4)


def tensor_core(flops: Fraction | int, cores: int, ghz: str) -> Fraction:
    """FLOPs of one tensor core a cycle."""
    return Fraction(flops) / (cores * Fraction(ghz) * G)


CLAIMS = Listed(
    """
    | claim                   | stated      | says                                                                    |
    |-------------------------|-------------|-------------------------------------------------------------------------|
    | h100-sms                | =132        | H100 has 132 SMs.                                                       |
    | b200-sms                | =148        | B200 has 148.                                                           |
    | h100-tensor             | 990         | H100's tensor cores do 990 TFLOPs a second in bfloat16.                 |
    | h100-vector             | 66          | Its CUDA cores do 66.                                                   |
    | h100-core               | 1024        | One of its tensor cores does about 1024 FLOPs a cycle.                  |
    | sm-flops                | 7.5         | That is 7.5e12 a second and SM.                                         |
    | small-matmul            | 8           | 1024 FLOPs are an 8x8x8 product.                                        |
    | v100-core               | 256         | A tensor core of V100 does 256 FLOPs a cycle.                           |
    | a100-core               | 512         | One of A100 does 512.                                                   |
    | b200-core               | 2048        | One of B200 does about 2048.                                            |
    | fp8-faster              | 2           | In fp8 H100 is twice as fast as in 16 bits.                             |
    | l2-faster               | 1.6         | L2 at 5.5 TB a second is 1.6 times the memory's bandwidth.              |
    | l2-both-ways            | 3           | Both ways it is closer to 3 times.                                      |
    | h100-memory-bandwidth   | 3.35        | H100 reads 3.35 TB a second.                                            |
    | b200-memory-bandwidth   | ~9          | B200 reads about 9 TB a second.                                         |
    | register-file           | 256         | An SM has 256 kB of registers.                                          |
    | resident-warps          | =2          | 2 warps of threads with 256 registers fit a subpartition.               |
    | simd-units              | =528        | H100 has 528 independent SIMD units.                                    |
    | tpu-alus                | =1024       | A vector unit of a TPU has 1024 ALUs.                                   |
    | smem-table              | 32          | In the table H100 has 32 MB of SMEM.                                    |
    | registers-table         | 32          | In the table it has 32 MB of registers.                                 |
    | h100-cores              | =16896      | H100 has 16896 CUDA cores.                                              |
    | v5p-alus                | =8192       | TPU v5p has 8192 ALUs.                                                  |
    | alus-ratio              | 1/2         | That is half of H100's.                                                 |
    | vector-flops            | 26.9        | At 1.59 GHz H100's do 26.9 TFLOPs a second.                             |
    | vector-boost            | 33.5        | With boost they do 33.5.                                                |
    | tensor-by-vector        | 30          | Tensor cores do around 30 times as many FLOPs.                          |
    | h100-intensity          | 295         | H100's critical intensity is 295.                                       |
    | b200-intensity          | 281         | B200's is 281.                                                          |
    | h100-intensity-fp8      | 590         | In fp8 H100's is 590.                                                   |
    | b200-intensity-fp8      | 562         | In fp8 B200's is 562.                                                   |
    | smem-all                | 33          | H100 has about 33 MB of SMEM.                                           |
    | smem-and-registers      | 66          | With registers it is about 66 MB.                                       |
    | b200-cores              | =18944      | B200 has 18944 CUDA cores.                                              |
    | b200-cycle              | =37888      | They do 37888 FLOPs a cycle.                                            |
    | b200-clock              | 2.1         | 80 TFLOPs a second are 2.1 GHz.                                         |
    | addition-intensity      | 1/12        | Adding fp32 vectors does 1/12 FLOP a byte.                              |
    | addition-sms            | =8          | 1024 threads fill 8 SMs.                                                |
    | addition-slower         | 16          | That is roughly 16 times slower.                                        |
    | vector-intensity        | 10          | H100's vector intensity is 10.                                          |
    | vector-intensity-note   | 3.5         | In the note H100 reads 3.5 TB a second.                                 |
    | vector-intensity-same   |             | The vector intensity is the same on H100 and B200.                      |
    | addition-rate           | 2.8         | Adding takes N / 2.8e11 seconds.                                        |
    | addition-small          | 0.23        | For 65,536 that is 0.23 us.                                             |
    | addition-large          | ~3.84       | For 1024 to the third it is 3.84 ms.                                    |
    | addition-measured       | 4.1         | In practice it is 4.1 ms.                                               |
    | addition-small-measured | 1.5         | For 65,536 it is 1.5 us in practice.                                    |
    | nvlink-h100             | 450         | 18 NVLinks of H100 carry 450 GB a second each way.                      |
    | switch-all              | 6.4         | Four NVSwitches handle 6.4 TB a second.                                 |
    | switch-one              | 1.6         | Each handles 1.6.                                                       |
    | node-all                | 3.6         | Eight GPUs handle 3.6 TB a second.                                      |
    | bisection               | 3.6         | A node's bisection bandwidth is 3.6 TB a second.                        |
    | gather-approximation    |             | A node gathers B bytes in about B / 3.6e12 seconds.                     |
    | gather-bytes            | 512         | bf16[4096, 65,536] is 512 MB.                                           |
    | gather-time             | 1.04        | Gathering it takes 1.04 ms.                                             |
    | gather-measured         | 1.5         | In practice it takes about 1.5 ms.                                      |
    | unit-gpus               | =256        | A scalable unit has 256 GPUs.                                           |
    | infiniband-switch       | 2           | InfiniBand switches have twice the bandwidth of NVSwitches.             |
    | node-switches           | =512        | 1024 GPUs have 512 NVSwitches.                                          |
    | all-switches            | =560        | All switches are 560.                                                   |
    | v5p-egress              | 540         | TPU v5p sends 540 GB a second along all axes.                           |
    | node-egress             | 400         | A node sends 400 GB a second.                                           |
    | leaf-ingress            | 12.8        | 32 of 64 ports take 12.8 TB a second.                                   |
    | unit-egress             | 12.8        | A unit sends 12.8 TB a second to the spine.                             |
    | spine-switches          | 51.2        | 16 spine switches have 51.2 TB a second.                                |
    | bisected-gpus           | 400         | However nodes are bisected there are 400 GB a second for each GPU.      |
    | more-spines             | =32         | 2048 GPUs need 32 spine switches.                                       |
    | core-switches           | =64         | 4096 GPUs are built with 128 spine and 64 core switches.                |
    | quiz-gather             | 75          | Gathering bf16[1024, 16,384] in a node takes roughly 75 us.             |
    | quiz-gather-exact       | 65          | More precisely it takes 65 us.                                          |
    | node-all-to-all         | 2           | An AllToAll in a node is twice as fast as on a TPU ring.                |
    | quiz-all-to-all         |             | A dense AllToAll takes B / W.                                           |
    | ragged-divisor          | 864         | A ragged AllToAll takes Bk / (864 W).                                   |
    | bus-bandwidth           | 410         | In practice a node reaches close to 410 GB a second.                    |
    | mlp-shard               | 58          | LLaMA 3's MLP matrix split 8 ways is 58 MB.                             |
    | sharp-gain              | 75%         | In-network reductions promise 75% more.                                 |
    | sharp-bandwidth         | ~480        | At 30% more than 370 they reach about 480 GB a second.                  |
    | egress-links            |             | Eight links of 400 GB a second leave each node.                         |
    | gather-node             | 514         | A node gathers at 514 GB a second.                                      |
    | gather-leaf             | 413         | A unit gathers at 413.                                                  |
    | gather-spine            | 17.1        | The spine gathers at 17.1 TB a second.                                  |
    | two-nodes-worse         |             | An AllToAll over two nodes is more than 4 times slower.                 |
    | reduce-as-gather        |             | Beyond a node an AllReduce takes B / W, as an AllGather does.           |
    | sharded-at-node         |             | With an inner axis Y a node takes bytes * D / (min(Y, D) * W).          |
    | sharded-beyond          |             | Beyond it takes bytes * N / (Y * W).                                    |
    | sharded-quiz            | 50          | With Y above 8 a unit gathers 2DF / Y at 50 GB a second.                |
    | su-ingress              | 1           | A node's switch takes B bytes in an AllGather over a unit.              |
    | su-egress               | 8           | It gives NB bytes.                                                      |
    | spine-reduce            | 6.4         | At the spine an AllReduce has 6.4 TB a second.                          |
    | two-nodes-gather        | 800         | Over exactly 2 nodes gathering goes at 800 GB a second.                 |
    | inside-batch            | 2200        | Within a node H100 needs 2200 tokens.                                   |
    | beyond-batch            | 2475        | Beyond it needs 2475.                                                   |
    | llama-batch             | 40M         | 16000 H100s need at least 40M tokens.                                   |
    | h800-batch              | 3300        | H800 with 300 GB a second needs 3300 tokens.                            |
    | deepseek-needs          | ~6.7M       | 2048 of them need 6.7M tokens.                                          |
    | deepseek-used           | 4M          | DeepSeek V3 used 4M.                                                    |
    | moe-batch               | 79,200      | A model with 4 of 128 experts needs 79,200.                             |
    | two-nodes-batch         | 1237        | Over two nodes it needs 1237.                                           |
    | b200-batch              | 2500        | H100 and B200 need about 2500 tokens.                                   |
    | moe-factor              |             | For mixtures this increases by a factor of k / E.                       |
    | tensor-ways-llama       | 11          | LLaMA 3 with F of 28000 goes up to about 11 ways.                       |
    | tensor-ways-two         | 19          | Over 2 nodes it goes up to 19 ways.                                     |
    | deepseek-tokens         | =62,914,560 | DeepSeek V3's batch has 62,914,560 tokens.                              |
    | deepseek-each           | 30          | That is 30k a GPU.                                                      |
    | deepseek-active         | =8          | It has 8 of 256 experts a token.                                        |
    | deepseek-ways           | =1024       | 64 by 16 ways are 1024.                                                 |
    | llama-each              | 1           | LLaMA 3 has about 1k tokens a GPU.                                      |
    | llama-gpus              | 16          | 8 by 16 by 128 ways are 16k GPUs.                                       |
    | b200-faster             | 2.25        | B200 does 2.25 times H100's FLOPs.                                      |
    | b200-inside             | 2500        | Within a node of B200 the intensity is 2500.                            |
    | b200-beyond             | 5625        | Beyond it is 5625.                                                      |
    | state-memory            | 700         | Parameters and optimizer of 70B take 700 GB.                            |
    | state-gpus              | =9          | They need 9 H100s.                                                      |
    | state-nodes             | =2          | That is 2 nodes.                                                        |
    | training-total          | 6.3         | 15T tokens take 6.3e24 FLOPs.                                           |
    | training-rate           | 1.6         | 4096 H100s do 1.6e18 FLOPs a second.                                    |
    | training-seconds        | 3.9         | It takes 3.9e6 seconds.                                                 |
    | training-days           | 45          | At the 45% that is asked for it takes 45 days.                          |
    | llama-limit             | 14.372      | Within a node the limit is 14.372 ways.                                 |
    | sharded-memory          | 87.5        | Sharded 8 ways it is 87.5 GB a GPU.                                     |
    | data-ways               | =512        | That leaves 512-way data parallelism.                                   |
    | batch-each              | 976         | 4M tokens are 976 a GPU.                                                |
    | pipelined-bandwidth     | 3200        | 8-way pipelining raises bandwidth to 3200 GB a second.                  |
    | pipelined-batch         | 309         | The roofline is then 309 tokens.                                        |
    | megatron-16b            | =4096       | Megatron's 16B model has 4096 tokens a GPU.                             |
    | megatron-70b            | =2048       | Its 70B model has 2048.                                                 |
    | megatron-314b           | =2048       | Its 314B model has 2048.                                                |
    | megatron-bound          | 2,472       | The bound was 2,472 tokens.                                             |
    | megatron-70b-bound      | 1           | With 16-way sharding the 70B model needs roughly 1k.                    |
    | megatron-314b-bound     | 300         | With 64-way sharding the 314B model needs roughly 300.                  |
    | appendix-leaf           | 12.8        | 8 leaf switches have 12.8 TB a second.                                  |
    | appendix-cables         | 51.2        | Cables to the spine carry 51.2 TB a second.                             |
    | appendix-spine          | 25.6        | 16 spine switches have 25.6 TB a second.                                |
    | appendix-gpu            | 25          | That leaves 25 GB a second for each GPU at the spine.                   |
    """,
    version=GPUS,
    also_prints={
        "deepseek-active": ("256",),
        "core-switches": ("128",),
        "addition-sms": ("1024",),
        "deepseek-each": ("30k",),
        "llama-each": ("1k",),
        "llama-gpus": ("16k",),
        "b200-intensity": ("280",),
    },
    in_words=dict.fromkeys(
        (
            "node-all-to-all",
            "addition-intensity",
            "alus-ratio",
            "su-ingress",
            "su-egress",
            "infiniband-switch",
            "small-matmul",
        ),
        True,
    ),
    note={
        "h100-core": "At 1.76 GHz.",
        "v100-core": "NVIDIA's Volta white paper: 64 multiply-adds a tensor core and cycle, 8 of them an SM.",
        "a100-core": "NVIDIA's 312e12 at 1.41 GHz, with 4 in each of 108 SMs.",
        "register-file": "kB of 1,000; weaker: of 1,024.",
        "smem-table": "MB of 2^20, of 256 KiB each.",
        "registers-table": "MB of 2^20, of 256 KiB each.",
        "vector-intensity-same": "B200's by H100's, a multiply-add counted once as for H100 in the text, to a tenth.",
        "gather-approximation": "Read as: to a tenth, for 8 GPUs with 450 GB a second.",
        "b200-memory-bandwidth": "NVIDIA and the chapter's table have 8, within a whole unit, which about allows.",
        "leaf-ingress": "TB a second of 32 ports of 400 Gbps, as printed; of the author's: of eight switches.",
        "quiz-all-to-all": "Read as: within a tenth of the time, of B bytes over 8 GPUs; of the author's: of B rows "
        "of N bytes, by the text's approximation.",
        "two-nodes-worse": "Read as: by the exact formulas above; of the author's: by their approximations.",
        "sharded-at-node": "Read as: it is B / W where nothing is sharded, Y = 1.",
        "sharded-beyond": "Read as: it is what the quiz below has, for 256 GPUs and Y = 16.",
        "moe-factor": "Of 128 experts, 4 of which work.",
        "training-rate": "In 10^18, at the 40% that the answer has.",
        "training-seconds": "In 10^6, at the answer's 40%.",
        "deepseek-used": "By the chapter's own number further down, as the DeepSeek-V3 report has it.",
        "su-egress": "Times B, of 8 GPUs.",
        "ragged-divisor": "N squared, of 8 GPUs.",
        "spine-reduce": "By the table, at each of four units; of the author's: half of it.",
    },
    loosely={
        "h100-vector": "cut short",
        "h100-core": "the nearest power of two",
        "b200-core": "the nearest power of two",
        "register-file": "in kB of 1,024",
        "h100-intensity-fp8": "twice the rounded 295",
        "vector-intensity-note": "rounded to a half: two lines above it is 3.35",
        "b200-faster": "rounded to a fourth: it is 2.27",
        "smem-all": "in MB of 2^20",
        "smem-and-registers": "in MB of 2^20",
        "gather-bytes": "in MB of 2^20",
        "smem-table": "the nearest power of two: in the quiz it is 33",
        "registers-table": "the nearest power of two: in the quiz it is 33",
        "alus-ratio": "to the nearest tenth",
        "mlp-shard": "cut short",
        "deepseek-each": "cut short",
        "batch-each": "cut short",
        "megatron-314b-bound": "to the nearest hundred",
    },
    disputed={
        "v100-core": "it is so of a subpartition, which has two of V100's tensor cores",
        "leaf-ingress": "it is so of all eight switches",
        "two-nodes-worse": "it is so of the approximations, which leave out (N - 1) / N of 8 and 2",
        "b200-batch": "it is so within a node of B200",
        "spine-reduce": "it is so without in-network reductions: with them, as the sentence goes on, it is 12.8",
        "quiz-all-to-all": "it is so where B counts rows of N numbers, as in the quiz: of bytes it is B / (8 W)",
    },
    words={
        "bus-bandwidth": "we do achieve close to 410GB/s, less than 450GB/s but reasonably close",
        "b200-memory-bandwidth": "is about 3.35TB/s on H100 and 9TB/s on B200",
        "vector-intensity-same": "this intensity stays constant across recent GPU generations. For H100s it's 33.5 / "
        "3.5 and for B200 it's 80 / 8.",
        "gather-approximation": "This is approximately B / (N * W_uni) or B / 3.6e12, the bisection bandwidth.",
        "bisected-gpus": "if we bisect our nodes in any way, we will have 400GB/s per GPU between them",
        "quiz-all-to-all": "in the dense case, the cost is B * N / (W * N), or B / W",
        "ragged-divisor": "this is decreased further to (B * k) / (864 * W_GPU egress)",
        "egress-links": "400GB/s for the above H100 network (8x400GB/s IB links egressing each node)",
        "reduce-as-gather": "beyond the node level, the cost of an AllGather or AllReduce on B bytes is roughly "
        "B / W_node egress",
        "sharded-at-node": "T_comms at node = bytes * D_node / (min(Y, D_node) * W_GPU egress)",
        "sharded-beyond": "T_comms in scale-out network = bytes * N / (Y * W_node egress)",
        "spine-reduce": "We have 25.6TB/s of bandwidth over 4 nodes, so an AllReduce bandwidth of 6.4TB/s.",
        "deepseek-used": "or about 6.7M (in practice, they used 4M)",
        "moe-factor": "this increases by a factor of k / E, the ratio of activated to total parameters",
        "training-days": "Thus the whole thing will take 3.9e6 seconds, or 45 days.",
        "llama-limit": "so the limit is roughly F / 1995 = 28672 / 1995 = 14.372",
        "appendix-spine": "The 16 switches give us 16 * 1.6TB/s = 25.6TB/s of bandwidth, so this is the bottleneck",
        "appendix-gpu": "50GB/s at the SU level, and 25 GB/s at the spine level",
    },
    refuted={
        "vector-intensity-same": "B200's 80 TFLOPs count a multiply-add twice, H100's 33.5 once",
        "gather-approximation": "it is B / W of one GPU: seven times as long",
        "bisected-gpus": "it is 400 GB a second for a node: 50 for a GPU",
        "ragged-divisor": "it is 64",
        "egress-links": "they are links of 400 Gb a second, 50 GB",
        "reduce-as-gather": "an AllReduce takes twice as long, as the text says",
        "sharded-at-node": "with Y = 1 it would be eight times B / W",
        "sharded-beyond": "it is the 8 GPUs of a node that belong above, not all 256: 32 times too much",
        "deepseek-used": "it used 62.9M tokens",
        "moe-factor": "that is less than one: it increases by E / k",
        "bus-bandwidth": "its own picture ends at 367 GB a second, for 8.6 GB",
        "training-days": "45 days are those of 40%: at 45% it takes 40",
        "llama-limit": "450 GB a second give 2200 tokens, and 28672 by 2200 are 13.0",
        "appendix-spine": "an InfiniBand switch has 64 ports of 50 GB a second: 3.2 TB, 51.2 in all",
        "appendix-gpu": "it follows from the 25.6 of appendix-spine: 51.2 TB a second are 50 GB for each GPU",
    },
    reply={
        "vector-intensity-same": "That peak FLOPs of data sheets are counted: but then H100 has 67, not 33.5.",
        "gather-approximation": "That N - 1 is left out for brevity: but it is 7, and the next line's time has it.",
        "bisected-gpus": "That the node is meant, as four lines before: but the sentence says each GPU, which has an "
        "eighth of it.",
        "ragged-divisor": "That it is a slip of the keyboard: it is, and the author has corrected it to 64.",
        "egress-links": "That the sum is right: it is, with links of 400 Gb, and the author has corrected it.",
        "reduce-as-gather": "That it is so with in-network reductions: but the line before has twice the cost without "
        "them, and the author has corrected it.",
        "sharded-at-node": "That bytes are those of one shard: but below they are those of the array, and the author "
        "has taken out D.",
        "sharded-beyond": "That bytes are those of one node: but the quiz below has the array's, and the author has "
        "corrected it.",
        "deepseek-used": "That a part of training is meant: but the same chapter multiplies 4096 by 15360 tokens.",
        "moe-factor": "That the inverse is meant: it is, as the rule above has it, and the author has corrected it.",
        "bus-bandwidth": "That other messages got more: but the sentence is of the picture, and at 1 GB it has 352.",
        "training-days": "That they are those of the 40% in the answer: but the question has 45%, and the author has "
        "corrected it to 40 days.",
        "llama-limit": "That it is rough: but 14.372 is not, and the chapter's own bound within a node is 2200.",
        "appendix-spine": "That half of the ports go up, as at the leaf: but at the spine all go down, and the chapter "
        "itself has 16 switches of 3.2 TB.",
        "appendix-gpu": "That it follows from the switches: it does, and the chapter has 400 GB a second for each node "
        "there, too.",
    },
    uncheckable={
        "b200-sms": "no document of NVIDIA at hand says so",
        "addition-measured": "a time on an H100 in JAX",
        "addition-small-measured": "a time on an H100 in JAX",
        "gather-measured": "a time on eight H100s",
        "core-switches": "NVIDIA's reference architecture is not at hand",
    },
)

SUMS = {
    "bus-bandwidth": Sum(
        round(max(FIGURES["all_reduce"]["bus"]) / G, -1),
        "GB a second",
        also={"480 with SHARP, which is 30% more": round(Fraction(480 * 10, 13), -1)},
    ),
    "sharp-bandwidth": Sum(Fraction(370 * 13, 10), "GB a second", round(Fraction(370 * 13, 10), -1)),
    "h100-sms": Sum(MAKERS["h100"]["sms"], "SMs"),
    "h100-tensor": Sum(round(MAKERS["h100"]["bf16"] / T, -1), "TFLOPs a second"),
    "h100-vector": Sum(MAKERS["h100"]["f32"] / T, "TFLOPs a second"),
    "sm-flops": Sum(H100.flops_per_second / 132 / T, "10^12 FLOPs a second"),
    "small-matmul": Sum(round((1024 / 2) ** (1 / 3), 6), "rows, columns and features"),
    "a100-core": Sum(tensor_core(MAKERS["a100"]["bf16"], 108 * 4, "1.41"), "FLOPs a cycle"),
    "fp8-faster": Sum(MAKERS["h100"]["int8"] / MAKERS["h100"]["bf16"], "times as fast"),
    "l2-faster": Sum(Fraction(55, 10) / Fraction(335, 100), "times the bandwidth"),
    "l2-both-ways": Sum(2 * Fraction(55, 10) / Fraction(335, 100), "times the bandwidth"),
    "h100-memory-bandwidth": Sum(MAKERS["h100"]["hbm"] / T, "TB a second"),
    "b200-memory-bandwidth": Sum(MAKERS["b200"]["hbm"] / T, "TB a second"),
    "resident-warps": Sum(16384 // (32 * 256), "warps"),
    "simd-units": Sum(132 * 4, "units"),
    "tpu-alus": Sum(8 * 128, "ALUs"),
    "h100-cores": Sum(CORES["h100"], "cores"),
    "v5p-alus": Sum(2 * 4 * 8 * 128, "ALUs"),
    "vector-flops": Sum(CORES["h100"] * Fraction("1.59") / 1000, "TFLOPs a second"),
    "vector-boost": Sum(CORES["h100"] * Fraction("1.98") / 1000, "TFLOPs a second"),
    "tensor-by-vector": Sum(990 / Fraction("33.5"), "times as many"),
    "h100-intensity": Sum(MAKERS["h100"]["bf16"] / MAKERS["h100"]["hbm"], "tokens, of 2-byte weights"),
    "b200-intensity": Sum(B200.flops_per_second / B200.memory_bandwidth, "tokens, of 2-byte weights"),
    "b200-intensity-fp8": Sum(2 * B200.flops_per_second / B200.memory_bandwidth, "FLOPs a byte"),
    "b200-cores": Sum(CORES["b200"], "cores"),
    "b200-cycle": Sum(2 * CORES["b200"], "FLOPs a cycle"),
    "b200-clock": Sum(MAKERS["b200"]["f32"] / (2 * CORES["b200"]) / G, "GHz"),
    "addition-intensity": Sum(Fraction(1, 3 * 4), "FLOP a byte"),
    "addition-sms": Sum(1024 // 128, "SMs"),
    "addition-slower": Sum(Fraction(132, 8), "times slower"),
    "vector-intensity": Sum(Fraction("33.5") / Fraction("3.35"), "FLOPs a byte"),
    "vector-intensity-note": Sum(MAKERS["h100"]["hbm"] / T, "TB a second"),
    "addition-rate": Sum(H100.memory_bandwidth / 12 / 10**11, "10^11 numbers a second"),
    "addition-small": Sum(12 * SMALL_VECTOR / H100.memory_bandwidth * US, "us"),
    "addition-large": Sum(12 * LARGE_VECTOR / H100.memory_bandwidth * MS, "ms"),
    "nvlink-h100": Sum(18 * LINK, "GB a second"),
    "switch-all": Sum(Fraction(4 * PORT * LINK, 1000), "TB a second"),
    "switch-one": Sum(Fraction(PORT * LINK, 1000), "TB a second"),
    "node-all": Sum(Fraction(NODE * 450, 1000), "TB a second"),
    "bisection": Sum(Fraction(2 * 4 * 450, 1000), "TB a second"),
    "gather-time": Sum(all_gather(ARRAY, NODE, 450 * G) * MS, "ms"),
    "unit-gpus": Sum(32 * NODE, "GPUs"),
    "infiniband-switch": Sum(Fraction(PORT * NDR, PORT * LINK), "times the bandwidth"),
    "node-switches": Sum(1024 // NODE * 4, "switches"),
    "all-switches": Sum(512 + 4 * 8 + 16, "switches"),
    "v5p-egress": Sum(6 * 90, "GB a second"),
    "node-egress": Sum(NODE * NDR, "GB a second"),
    "unit-egress": Sum(Fraction(8 * 16 * 2 * NDR, 1000), "TB a second"),
    "spine-switches": Sum(Fraction(16 * PORT * NDR, 1000), "TB a second"),
    "bisected-gpus": Sum(NDR, "GB a second", also={"64 nodes' 400 GB by their GPUs": 64 * 400 // (64 * NODE)}),
    "more-spines": Sum(2 * 16, "switches"),
    "quiz-gather": Sum(Fraction(QUIZ, 450 * G) * US, "us"),
    "quiz-gather-exact": Sum(all_gather(QUIZ, NODE, 450 * G) * US, "us"),
    "node-all-to-all": Sum(Fraction(8, 4), "times as fast"),
    "ragged-divisor": Sum(NODE**2, "by Bk / W", also={"pairs of GPUs": one_by_one(NODE, NODE)}),
    "mlp-shard": Sum(Fraction(2 * 8192 * 3584, 10**6), "MB"),
    "sharp-gain": Sum(WITH_SHARP - 1, "of the bandwidth"),
    "gather-node": Sum(Fraction(450 * 8, 7), "GB a second"),
    "gather-leaf": Sum(Fraction(400 * 32, 31), "GB a second"),
    "gather-spine": Sum(Fraction("12.8") * 4 / 3, "TB a second"),
    "sharded-quiz": Sum(Fraction("12.8") * 1000 / 256, "GB a second"),
    "su-ingress": Sum(Fraction(1, 32) + Fraction(31, 32), "times B"),
    "su-egress": Sum(Fraction(1, 32) + NODE - Fraction(1, 32), "times B"),
    "two-nodes-gather": Sum(Fraction(400 * 2, 1), "GB a second"),
    "inside-batch": Sum(INSIDE, "tokens"),
    "beyond-batch": Sum(BEYOND, "tokens"),
    "llama-batch": Sum(16000 * BEYOND, "tokens"),
    "h800-batch": Sum(H100.flops_per_second / (300 * G), "tokens"),
    "deepseek-needs": Sum(2048 * H100.flops_per_second / (300 * G), "tokens"),
    "deepseek-used": Sum(4096 * 15360, "tokens", also={"sequences added up": sum([4096] * 15360)}),
    "moe-batch": Sum(Fraction(128, 4) * BEYOND, "tokens"),
    "two-nodes-batch": Sum(BEYOND / 2, "tokens"),
    "tensor-ways-llama": Sum(28000 / BEYOND, "ways"),
    "tensor-ways-two": Sum(8 + 28000 / BEYOND, "ways"),
    "deepseek-tokens": Sum(4096 * 15360, "tokens"),
    "deepseek-each": Sum(Fraction(4096 * 15360, 2048 * 1000), "K tokens"),
    "deepseek-ways": Sum(64 * 16, "ways"),
    "llama-each": Sum(Fraction(16 * 10**6, 16 * 10**6), "K tokens"),
    "llama-gpus": Sum(Fraction(8 * 16 * 128, 1000), "K GPUs"),
    "b200-faster": Sum(B200.flops_per_second / H100.flops_per_second, "times the FLOPs"),
    "b200-inside": Sum(B200.flops_per_second / (900 * G), "tokens"),
    "b200-beyond": Sum(B200.flops_per_second / EGRESS, "tokens"),
    "state-memory": Sum(10 * 70, "GB"),
    "state-gpus": Sum(-(-700 // 80), "GPUs"),
    "state-nodes": Sum(-(-9 // 8), "nodes"),
    "training-total": Sum(Fraction(LLAMA, 10**24), "10^24 FLOPs"),
    "training-rate": Sum(4096 * H100.flops_per_second * Fraction(4, 10) / 10**18, "10^18 FLOPs a second"),
    "training-seconds": Sum(LLAMA / (4096 * H100.flops_per_second * Fraction(4, 10)) / 10**6, "10^6 s"),
    "training-days": Sum(
        LLAMA / (4096 * H100.flops_per_second * Fraction(45, 100)) / DAY,
        "days",
        also={
            "tokens by those of a day": 15 * T / (4096 * DAY * H100.flops_per_second * Fraction(45, 100) / (420 * G))
        },
    ),
    "llama-limit": Sum(
        F / INSIDE, "ways", also={"seconds of a token": Fraction(4 * F) / H100.flops_per_second / Fraction(4, 450 * G)}
    ),
    "sharded-memory": Sum(Fraction(700, 8), "GB"),
    "data-ways": Sum(4096 // 8, "ways"),
    "batch-each": Sum(Fraction(4 * 10**6, 4096), "tokens"),
    "pipelined-bandwidth": Sum(8 * 400, "GB a second"),
    "pipelined-batch": Sum(Fraction(989, 3200) * 1000, "tokens"),
    "megatron-16b": Sum(192 * 4096 // 192, "tokens"),
    "megatron-70b": Sum(384 * 4096 // 768, "tokens"),
    "megatron-314b": Sum(1536 * 4096 // 3072, "tokens"),
    "megatron-bound": Sum(Fraction(989, 400) * 1000, "tokens"),
    "megatron-70b-bound": Sum(BEYOND / 2 / 1000, "K tokens"),
    "appendix-leaf": Sum(Fraction(8 * 32 * NDR, 1000), "TB a second"),
    "appendix-cables": Sum(Fraction(32 * 16 * 2 * NDR, 1000), "TB a second"),
    "appendix-spine": Sum(Fraction(16 * PORT * NDR, 1000), "TB a second", also={"its cables": CABLES}),
    "appendix-gpu": Sum(Fraction(16 * PORT * NDR, 1024), "GB a second", also={"its cables": CABLES * 1000 / 1024}),
}
OTHER = {
    "spine-reduce": Sum(CABLES / 4, "TB a second", CABLES / 4 / 2),
    "smem-table": Sum(Fraction(132 * 256 * KIB, MIB), "MB of 2^20", 2**5),
    "registers-table": Sum(Fraction(132 * 4 * 16384 * 4, MIB), "MB of 2^20", 2**5),
    "smem-all": Sum(Fraction(132 * 256 * KIB, 10**6), "MB", Fraction(132 * 256 * KIB, MIB)),
    "h100-core": Sum(tensor_core(H100.flops_per_second, 132 * 4, "1.76"), "FLOPs a cycle", 2**10),
    "b200-core": Sum(tensor_core(B200.flops_per_second, 148 * 4, "1.86"), "FLOPs a cycle", 2**11),
    "v100-core": Sum(2 * 64, "FLOPs a cycle", 2 * 2 * 64),
    "register-file": Sum(Fraction(4 * 16384 * 4, 1000), "kB", Fraction(4 * 16384 * 4, KIB)),
    "h100-intensity-fp8": Sum(2 * H100.flops_per_second / H100.memory_bandwidth, "FLOPs a byte", 2 * 295),
    "smem-and-registers": Sum(Fraction(2 * 132 * 256 * KIB, 10**6), "MB", Fraction(2 * 132 * 256 * KIB, MIB)),
    "gather-bytes": Sum(Fraction(ARRAY, 10**6), "MB", Fraction(ARRAY, MIB)),
    "alus-ratio": Sum(Fraction(8192, CORES["h100"]), "of H100's", round(Fraction(8192, CORES["h100"]), 1)),
    "leaf-ingress": Sum(Fraction(32 * NDR, 1000), "TB a second", Fraction(8 * 32 * NDR, 1000)),
    "b200-batch": Sum(B200.flops_per_second / EGRESS, "tokens", B200.flops_per_second / (900 * G)),
    "megatron-314b-bound": Sum(BEYOND / 8, "tokens", round(BEYOND / 8, -2)),
}


@table(
    """
    |      | SMs | DRAM (GB) | DRAM BW (TB/s) | BF16/FP16 TFLOPs | FP8/INT8 TFLOPs | FP4 TFLOPs |
    | V100 | 80  | 32        | 0.9            |                  |                 |            |
    | A100 | 108 | 80        | 2.0            | 312              | 624             |            |
    | H100 | 132 | 80        | 3.35           | 990              | 1979            |            |
    | H200 | 132 | 141       | 4.8            | 990              | 1979            |            |
    | B200 | 148 | 192       | 8              | 2250             | 4500            | 9000       |
    """,
    version=GPUS,
    id="gpus",
    name="Summary of GPU specs",
    loosely={"H100 / BF16/FP16 TFLOPs": "to the nearest ten", "H200 / BF16/FP16 TFLOPs": "to the nearest ten"},
    note="By NVIDIA's data sheets, dense.",
    uncheckable={"B200 / SMs": "no document of NVIDIA at hand says so"},
)
def test_gpus(cell, makers, stated, reading, measure):
    """{row} has {stated} by the column {column}."""
    key, unit = {
        "SMs": ("sms", 1),
        "DRAM (GB)": ("capacity", G),
        "DRAM BW (TB/s)": ("hbm", T),
        "BF16/FP16 TFLOPs": ("bf16", T),
        "FP8/INT8 TFLOPs": ("int8", T),
        "FP4 TFLOPs": ("fp4", T),
    }[cell.column]
    value = Fraction(makers[cell.row.lower()][key], unit)
    assert measure(value if reading == "literal" else round(value, -1), cell.column) == stated


@table(
    """
    |           | NVLink Bandwidth | NVLink Ports / GPU | Node GPU to GPU bandwidth |
    | Ampere    | 25               | 12                 | 300                       |
    | Hopper    | 25               | 18                 | 450                       |
    | Blackwell | 50               | 18                 | 900                       |
    """,
    version=GPUS,
    id="nvlink",
    name="Generations of NVLink",
    note="From NVIDIA's bandwidth of both directions, 600, 900 and 1800 GB a second, and its links.",
)
def test_nvlink(cell, stated, measure):
    """{row} has {stated} by the column {column}."""
    both, links = {"Ampere": (600, 12), "Hopper": (900, 18), "Blackwell": (1800, 18)}[cell.row]
    found = {"NVLink B": Fraction(both, 2 * links), "NVLink P": links, "Node GPU": Fraction(both, 2)}
    assert measure(found[cell.column[:8]], cell.column) == stated


@CLAIMS.claim
def test_vector_intensity_same(measure):
    h100, b200 = (MAKERS[name]["f32"] / 2 / MAKERS[name]["hbm"] for name in ("h100", "b200"))
    by_clock = Fraction(CORES["b200"] * 21, 80) / Fraction(CORES["h100"] * 198, 335)
    also = {"cores by clock and bandwidth": round(by_clock, 1)}
    assert measure(round(b200 / h100, 1), "times H100's", also=also) >= Fraction(9, 10)


@CLAIMS.claim
def test_gather_approximation(measure):
    turns = sum(Fraction(1, NODE * 450 * G) for _ in range(NODE - 1))
    also = {"turn by turn": turns * 3600 * G}
    assert measure(all_gather(1, NODE, 450 * G) * 3600 * G, "times B / 3.6e12", also=also) < Fraction(11, 10)


@CLAIMS.claim
def test_quiz_all_to_all(reading, measure):
    times = {"literal": Fraction(NODE - 1, NODE**2), "other": Fraction(NODE, NODE)}
    assert measure(times[reading], "times B / W") > Fraction(9, 10)


@CLAIMS.claim
def test_egress_links(measure):
    also = {"the node's 400 GB by eight times 400": Fraction(400, 8 * 400)}
    assert measure(Fraction(NODE * NDR, 8 * 400), "of what is printed", also=also) == 1


@CLAIMS.claim
def test_two_nodes_worse(reading, measure):
    exact = Fraction(1, 4) / 400 / (Fraction(NODE - 1, NODE**2) / 450)
    assert measure({"literal": exact, "other": Fraction(8 * 450, 2 * 400)}[reading], "times slower") > 4


@CLAIMS.claim
def test_reduce_as_gather(measure):
    steps = Fraction(ring_steps(16, adds=True), ring_steps(16, adds=False))
    also = {"bytes of ReduceScatter and AllGather": sum([Fraction(15, 16)] * 2) / Fraction(15, 16)}
    assert measure(steps, "times an AllGather", also=also) == 1


@CLAIMS.claim
def test_sharded_at_node(measure):
    also = {"with Y = 4, by a fourth of B / W": Fraction(NODE, min(4, NODE)) / Fraction(1, 4)}
    assert measure(Fraction(NODE, min(1, NODE)), "times B / W", also=also) == 1


@CLAIMS.claim
def test_sharded_beyond(measure):
    printed, quiz = Fraction(256, 16 * 400), Fraction(1, 16 * 50)
    also = {"nodes of a unit": 256 // NODE}
    assert measure(printed / quiz, "times the quiz's time", also=also) == 1


@CLAIMS.claim
def test_moe_factor(measure):
    also = {"dense batch by the mixture's, as printed": Fraction(2475, 79200)}
    assert measure(Fraction(4, 128), "times the batch", also=also) > 1


@CLAIMS.claim(model="deepseek-v3")
def test_deepseek_active(models, stated, measure):
    assert measure(models("deepseek-v3").config["num_experts_per_tok"], "experts a token") == stated


@CLAIMS.each(*OTHER)
def test_gpu_readings(claim, stated, reading, measure):
    assert measure(OTHER[claim].read(reading), OTHER[claim].unit) == stated


@CLAIMS.each()
def test_gpu_sums(claim, stated, measure):
    assert measure(SUMS[claim].value, SUMS[claim].unit, also=SUMS[claim].also) == stated
