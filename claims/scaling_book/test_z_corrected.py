"""What the book corrected, at the commit of each correction, and whether the corrected number holds."""

from fractions import Fraction
from math import exp

import pytest
import torch

from claim_suite.fixtures.claim.table import Listed
from claims.scaling_book.rooflines import (
    ALPHA,
    DAY,
    H100,
    MAKERS,
    MS,
    PRINTED,
    US,
    V5P,
    G,
    Sum,
    T,
    chips,
    held,
    intensity,
    one_by_one,
    product_flops,
    ratio_by_trial,
    ring_steps,
)

pytestmark = [pytest.mark.cheap, pytest.mark.usefixtures("printed", "makers")]

LARGE, RATE = 10**9, 820 * G
LINK = 90 * G  # both directions of a v5e's
SENT, QUESTION = 2 * 8 * 128 * 8192, 2 * 1024 * 4096  # bytes
CACHE, STEP = 2 * 8 * 128 * 80, Fraction(19 * 512, 1000)  # bytes a token; s of 512 steps
BETWEEN_PODS = chips("v5p") * V5P.flops_per_second / (chips("v5p") // 4 * 25 * G)  # FLOPs a byte
OF_ONE_CHIP = MAKERS["v5p"]["bf16"] / Fraction(25 * G, 4)  # the same, by its share of a host's 25 GB a second
LLAMA = 6 * 70 * G * 15 * 10**12
SCORES = ((0.3, 1.2, -0.7), (2.1, 0.4, -1.5))


def caches(free: int, size: Fraction | int) -> int:
    """How many caches of 8k tokens, `size` bytes a token, fit into GB."""
    return int(free * G // (size * 8192))


def threshold(flops: int, fixed: int, more: int) -> Fraction:
    """Rows at which an int8 product of v5e computes as long as it moves bytes."""
    return Fraction(fixed, RATE) / Fraction(flops / PRINTED["v5e"]["int8"] - Fraction(more, RATE))


CORRECTED = Listed(
    """
    | claim                     | stated | version | corrects                          | says                         |
    |---------------------------|--------|---------|-----------------------------------|------------------------------|
    | head-gpus-critical-batch  | ~300   | e5de31b | gpus-critical-batch               | On GPUs the critical number  |
    |                           |        |         |                                   | is closer to 300.            |
    | head-two-chips-additions  |        | e5de31b | two-chips-additions               | Adding the two partial sums  |
    |                           |        |         |                                   | takes another BF additions.  |
    | head-int8-rule            |        | e5de31b | int8-rule-direction               | The int8 rule is that B is   |
    |                           |        |         |                                   | above half the intensity.    |
    | head-mxu-int8             | 4      | e5de31b | mxu-int8                          | Each TPU v5e chip does 4e14  |
    |                           |        |         |                                   | int8 operations a second.    |
    | head-v5e-memory-bandwidth | 8.2    | e5de31b | chips-tpu-v5e-hbm-bandwidth-10-12 | TPU v5e reads 8.2e11 bytes a |
    |                           |        |         |                                   | second.                      |
    | head-v5p-memory-bandwidth | 2.8    | e5de31b | v5p-memory-bandwidth              | TPU v5p reads 2.8 TB a       |
    |                           |        |         |                                   | second.                      |
    | head-link-v5p             | 9      | e5de31b | links-tpu-v5p-one-way-10-10       | A link of v5p carries 9e10   |
    |                           |        |         |                                   | bytes a second one way.      |
    | head-link-v5e             | 4.5    | e5de31b | links-tpu-v5e-one-way-10-10       | A link of v5e carries        |
    |                           |        |         |                                   | 4.5e10.                      |
    | head-link-v6e             | 9      | e5de31b | links-tpu-v6e-one-way-10-10       | A link of v6e carries 9e10.  |
    | head-array-bytes          | 1.7    | e5de31b | array-bytes                       | bfloat16[8, 128, 8192] is    |
    |                           |        |         |                                   | 1.7e7 bytes.                 |
    | first-transfer-total      | 1      | 008ff9c | transfer-total                    | Over six hops the transfer   |
    |                           |        |         |                                   | takes 1 ms.                  |
    | head-array-time           | 188    | e5de31b | array-time                        | Sending it takes 188 us.     |
    | head-transfer-total       | 194    | e5de31b | transfer-total                    | With six hops of a           |
    |                           |        |         |                                   | microsecond it takes 194 us. |
    | first-pcie-load           | ~33    | 77e31bb | pcie-load                         | Over 16 PCIe links loading   |
    |                           |        |         |                                   | takes about 33 ms.           |
    | head-pcie-load            | 63     | e5de31b | pcie-load                         | Loading 16 GB over 16 links  |
    |                           |        |         |                                   | takes about 63 ms.           |
    | head-load-to-mxu          | 20     | e5de31b | load-to-mxu                       | Reading 16e9 bytes from      |
    |                           |        |         |                                   | memory takes 20 ms.          |
    | head-big-flops-time       | 1.4    | e5de31b | big-flops-time                    | The product takes 1.4 ms.    |
    | head-matmul-threshold     | 267    | e5de31b | matmul-threshold                  | Question 4's product is      |
    |                           |        |         |                                   | bound by FLOPs above 267     |
    |                           |        |         |                                   | rows.                        |
    | first-vector-adders       | 4,048  | d76b049 | vector-adders                     | The vector unit of v5 has    |
    |                           |        |         |                                   | 4,048 adders.                |
    | head-vector-adders        | =4096  | e5de31b | vector-adders                     | It has 4096 ALUs.            |
    | head-code-mesh            | =8     | e5de31b | code-mesh                         | The code's mesh has 8 TPUs.  |
    | head-code-local-rows      | =2     | e5de31b | code-local-rows                   | In the code A is [2, 1024]   |
    |                           |        |         |                                   | on each chip.                |
    | first-unreduced-z         | ~190   | 6d3524a | unreduced-z                       | Reducing over Z takes        |
    |                           |        |         |                                   | roughly 190 us.              |
    | head-unreduced-z          | ~11.6  | e5de31b | unreduced-z                       | Reducing over Z takes        |
    |                           |        |         |                                   | roughly 11.6 us.             |
    | head-tiny-way             | =64    | e5de31b | tiny-way                          | Each direction takes 64      |
    |                           |        |         |                                   | bytes.                       |
    | head-strategy-2-bytes     | 2      | e5de31b | strategy-2-bytes                  | Gathering the sharded matrix |
    |                           |        |         |                                   | sends 2DF bytes.             |
    | head-half-ring-sum        |        | e5de31b | half-ring-sum                     | The hops D/2 + (D/2 - 1) +   |
    |                           |        |         |                                   | ... are D/2 * (D/2 + 1) / 2. |
    | head-flash-intensity      |        | e5de31b | flash-intensity                   | Loading only keys and values |
    |                           |        |         |                                   | in pieces raises the         |
    |                           |        |         |                                   | intensity.                   |
    | head-piece-sum            |        | e5de31b | piece-sum                         | The second piece's sum       |
    |                           |        |         |                                   | subtracts its own maximum.   |
    | head-running-denominator  |        | e5de31b | running-denominator               | The running denominator is   |
    |                           |        |         |                                   | the sum of exponentials.     |
    | head-data-math            | 8      | e5de31b | data-math-layers                  | A layer's backward pass      |
    |                           |        |         |                                   | takes 8BDF/X, without a      |
    |                           |        |         |                                   | factor L.                    |
    | head-zero-order           |        | e5de31b | zero-order                        | ZeRO-1 shards optimizer      |
    |                           |        |         |                                   | states, ZeRO-2 gradients,    |
    |                           |        |         |                                   | ZeRO-3 weights.              |
    | head-ratio-scales         |        | e5de31b | ratio-scales                      | FLOPs by communication scale |
    |                           |        |         |                                   | as the square root of the    |
    |                           |        |         |                                   | batch size.                  |
    | head-mixed-required       |        | e5de31b | mixed-required                    | Between 400 and 850 a        |
    |                           |        |         |                                   | mixture is required to be    |
    |                           |        |         |                                   | bound by FLOPs.              |
    | head-eight-way-width      | 20     | e5de31b | eight-way-width                   | On v5p 8-way model           |
    |                           |        |         |                                   | parallelism needs F of 20k.  |
    | figure-expected-corrected | 1.6    | 85e2ded | figure-expected                   | By the equation it is 1.6e6  |
    |                           |        |         |                                   | tokens.                      |
    | head-tensor-formula       |        | e5de31b | tensor-formula                    | W is sharded over Y along    |
    |                           |        |         |                                   | one of its axes.             |
    | head-code-backward        | =8     | e5de31b | code-backward                     | The pipeline's code goes     |
    |                           |        |         |                                   | back through all 8 layers.   |
    | head-mixed-chips          | 18     | e5de31b | mixed-chips                       | With 2M tokens it scales to  |
    |                           |        |         |                                   | roughly 18k chips.           |
    | first-dcn-batch           | 71,360 | 17120d1 | dcn-batch-later                   | Between pods v5p does 71,360 |
    |                           |        |         |                                   | FLOPs a byte.                |
    | head-dcn-batch            | 73,440 | e5de31b | dcn-batch-later                   | Between pods v5p does 73,440 |
    |                           |        |         |                                   | FLOPs a byte.                |
    | head-dcn-takeaway         | ~71    | e5de31b | dcn-batch                         | In the takeaways it is still |
    |                           |        |         |                                   | about 71,000.                |
    | head-attention-formula    |        | e5de31b | attention-formula                 | Attention has 4DNHL          |
    |                           |        |         |                                   | parameters in all.           |
    | head-vocabulary-sum       | 0.33   | e5de31b | vocabulary-sum                    | The vocabulary has 0.33e9.   |
    | head-total                | 13.0   | e5de31b | total                             | LLaMA 2 13B has 13.0e9.      |
    | head-activations-exponent |        | e5de31b | activations-exponent              | A batch of 16M tokens is     |
    |                           |        |         |                                   | 16e6.                        |
    | head-appendix-alpha       |        | 8e55acc | appendix-alpha                    | B/N is above 4 alpha squared |
    |                           |        |         |                                   | / (Mx My F).                 |
    | head-appendix-weights     |        | e5de31b | appendix-weights                  | The derivative of W_in is In |
    |                           |        |         |                                   | times dTmp.                  |
    | head-batch-length         | 4096   | e5de31b | batch-length                      | A batch of 4M tokens is 1024 |
    |                           |        |         |                                   | sequences of 4096.           |
    | head-checkpoints          | ~20.9  | e5de31b | checkpoints-memory                | Four checkpoints a layer     |
    |                           |        |         |                                   | take 20.9 TB.                |
    | head-least-chips          | 225    | e5de31b | least-chips                       | 21.6 TB need 225 chips.      |
    | head-least-days           | 1752   | e5de31b | least-days                        | They would take 1752 days.   |
    | head-least-years          | 4      | e5de31b | least-years                       | That is nearly four years.   |
    | head-prefill-ways         | 11     | e5de31b | prefill-ways                      | Model parallelism goes up to |
    |                           |        |         |                                   | F / alpha.                   |
    | head-two-axes-chips       | 72     | e5de31b | two-axes-chips                    | 2D sharding is better from   |
    |                           |        |         |                                   | 72 chips.                    |
    | head-price-v5p            | 3.9    | e5de31b | prices-v5p-flops-10-14            | A dollar buys 3.9e17 FLOPs   |
    |                           |        |         |                                   | of v5p.                      |
    | head-price-v5e            | 5.8    | e5de31b | prices-v5e-flops-10-14            | A dollar buys 5.8e17 FLOPs   |
    |                           |        |         |                                   | of v5e.                      |
    | head-cache-token-bytes    | 160    | e5de31b | cache-token-bytes                 | In the sum an int8 cache is  |
    |                           |        |         |                                   | 160e3 bytes a token.         |
    | head-int4-size            | 35     | e5de31b | slices-int4-params-gb             | In int4 parameters take 35   |
    |                           |        |         |                                   | GB.                          |
    | head-int4-chips           | 2.81   | e5de31b | slices-int4-min-tpu-v5es          | They need 2.81 times a v5e.  |
    | head-int8-left            | 58     | e5de31b | slices-int8-remaining-hbm-gb      | In int8 58 GB remain.        |
    | head-int4-left            | 29     | e5de31b | slices-int4-remaining-hbm-gb      | In int4 29 GB remain.        |
    | head-int8-caches          | =43    | e5de31b | slices-int8-kv-caches-8k          | In int8 43 caches fit.       |
    | head-int4-caches          | =43    | e5de31b | slices-int4-kv-caches-8k          | In int4 43 caches fit.       |
    | head-int8-queries         | 0.55   | e5de31b | queries-a-chip-int8               | In int8 it is 0.55 queries a |
    |                           |        |         |                                   | second and chip.             |
    | head-int4-queries         | 1.11   | e5de31b | queries-a-chip-int4               | In int4 it is 1.11.          |
    | head-free-4x8             | 372    | e5de31b | free-4x8                          | 4x8 chips leave 372 GB for   |
    |                           |        |         |                                   | caches in bfloat16.          |
    | head-batch-4x8            | 140    | e5de31b | batch-4x8                         | That is a batch of 140.      |
    | head-queries-4x8          | 14.39  | e5de31b | queries-4x8                       | That gives 14.39 queries a   |
    |                           |        |         |                                   | second by the number of      |
    |                           |        |         |                                   | chips.                       |
    | head-bf16-doubled         | 0.44   | e5de31b | queries-a-chip-bfloat16-on-4x8    | In bfloat16 on 4x8 it is     |
    |                           |        |         |                                   | 0.44 queries a second and    |
    |                           |        |         |                                   | chip.                        |
    | head-int8-doubled         | 0.90   | e5de31b | queries-a-chip-int8-on-4x4        | In int8 on 4x4 it is 0.90.   |
    | head-int4-doubled         | 1.80   | e5de31b | queries-a-chip-int4-on-2x4        | In int4 on 2x4 it is 1.80.   |
    | head-tensor-ways-v5e      | 26     | e5de31b | tensor-ways-v5e                   | On v5e two axes of model     |
    |                           |        |         |                                   | parallelism go up to 26      |
    |                           |        |         |                                   | ways.                        |
    | head-prefill-time         | 0.91   | e5de31b | prefill-time                      | At 40% of the peak 16 v5e    |
    |                           |        |         |                                   | take 0.91 s for 8192 tokens. |
    | head-strategy-2-bound     | 2550   | e5de31b | strategy-2-bound                  | Gathering is bound by        |
    |                           |        |         |                                   | communication where B is     |
    |                           |        |         |                                   | below 2550.                  |
    | head-flops-below-loading  |        | e5de31b | flops-below-loading               | At all lengths above 2048    |
    |                           |        |         |                                   | loading caches takes longer  |
    |                           |        |         |                                   | than FLOPs.                  |
    | head-quiz-all-to-all      |        | e5de31b | quiz-all-to-all                   | A dense AllToAll takes B (N  |
    |                           |        |         |                                   | - 1) / (W N squared).        |
    | head-ragged-divisor       | 64     | e5de31b | ragged-divisor                    | A ragged AllToAll takes Bk / |
    |                           |        |         |                                   | (64 W).                      |
    | head-egress-links         |        | e5de31b | egress-links                      | Eight links of 400 Gb a      |
    |                           |        |         |                                   | second leave each node.      |
    | head-reduce               | 2      | e5de31b | reduce-as-gather                  | Beyond a node an AllReduce   |
    |                           |        |         |                                   | takes twice as long as an    |
    |                           |        |         |                                   | AllGather.                   |
    | head-sharded-at-node      |        | e5de31b | sharded-at-node                   | With an inner axis Y a node  |
    |                           |        |         |                                   | takes bytes / (W min(Y, D)). |
    | head-sharded-beyond       |        | e5de31b | sharded-beyond                    | Beyond it takes bytes * D /  |
    |                           |        |         |                                   | (W max(D, Y)).               |
    | head-moe-factor           |        | e5de31b | moe-factor                        | For mixtures the batch       |
    |                           |        |         |                                   | increases by a factor of E / |
    |                           |        |         |                                   | k.                           |
    | head-training-rate        | 1.8    | e5de31b | training-rate                     | 4096 H100s do 1.8e18 FLOPs a |
    |                           |        |         |                                   | second at 45%.               |
    | head-training-seconds     | 3.5    | e5de31b | training-seconds                  | It takes 3.5e6 seconds.      |
    | head-training-days        | 40     | e5de31b | training-days                     | At 45% it takes 40 days.     |
    | head-tpu-alus             | =4096  | e5de31b | tpu-alus                          | A vector unit of a TPU has   |
    |                           |        |         |                                   | 4096 ALUs.                   |
    """,
    in_words=True,  # the text is that of the first commit
    note={
        "head-gpus-critical-batch": "By NVIDIA's data sheet of H100.",
        "head-array-time": "At 4.5e10 bytes a second of each of two links.",
        "head-dcn-takeaway": "In thousands.",
        "head-least-years": "Read as: the printed 1752 days are less than four years.",
        "head-zero-order": "Read as: ZeRO-1 leaves 31.4 GB of a 7.5B model on each of 64 GPUs (arXiv "
        "1910.02054, Figure 1).",
        "head-link-v5e": "In 10^10. Read as: what Google's page has; of the author's: nine tenths of it.",
        "head-flops-below-loading": "Of LLaMA 3 70B at 2,049 tokens, in bfloat16 FLOPs as the chapter's code has it.",
        "head-ratio-scales": "Read as: four times the tokens give twice the ratio.",
        "head-batch-4x8": "Caches of exactly 327,680 bytes a token.",
    },
    loosely={
        "head-cache-token-bytes": "to the nearest ten: 160 KiB are 163.84e3 bytes",
        "head-array-time": "from 1.7e7 bytes, and cut short",
        "head-transfer-total": "from 188",
        "head-matmul-threshold": "only from coefficients of two digits: the shapes give 259",
    },
    disputed={
        "head-link-v5p": "Google's page has 1200 GB a second for six links both ways: it is so of nine tenths of that",
        "head-link-v5e": "Google's page has 400 GB a second for four links both ways: it is so of nine tenths of that",
        "head-link-v6e": "Google's page has 800 GB a second for four links both ways: it is so of nine tenths of that",
        "head-batch-4x8": "it is so of 324e3 bytes a token, which the table still has",
        "head-queries-4x8": "it is so of 140 caches",
        "head-int8-doubled": "it is so of 140 caches",
        "head-int4-doubled": "it is so of 140 caches",
        "head-flops-below-loading": "it is so at v5e's rate of int8",
    },
    words={
        "first-transfer-total": "the total transfer will take 170\N{MICRO SIGN}s * 6 = 1ms",
        "first-pcie-load": "8GB over 16 PCIe links, each of which has 1.5e10 bytes/second bandwidth. Thus this will "
        "take about 33ms.",
        "first-vector-adders": "an 8x128 vector unit with a total of 4048 floating point adders in v5",
        "first-unreduced-z": "so the cost is about 4BD / W, or roughly 4 * 1024 * 4096 / 9e10 = 190us",
        "first-dcn-batch": "For TPU v5p, the C / W_dcn is about 4.46e14 / 6.25e9 = 71,360.",
        "head-dcn-takeaway": "For ICI this is 2,550 and for DCN this is about 71,000.",
        "head-least-years": "44 days * 8960 / 225 = 1752 days to train. That's nearly four years.",
        "head-price-v5e": "v5e | 1.97e14 | $1.2 | 5.8e17",
        "head-int4-chips": "int4 | 35GB | 81kB | 2.81 | 2x2 = 4 chips | 29 | 43",
    },
    refuted={
        "first-transfer-total": "bytes follow each other over the hops: they are not sent six times one after another",
        "first-pcie-load": "each of 16 links loads 1 GB: 67 ms",
        "first-vector-adders": "8 times 128 times 4 are 4096",
        "first-unreduced-z": "a shard is a sixteenth of the array",
        "first-dcn-batch": "it comes from 4.46e14 FLOPs a second: v5p has 4.59e14",
        "head-dcn-takeaway": "it was left behind: the chapter has 73,440 now",
        "head-least-years": "1752 days are 4.8 years",
        "head-price-v5e": "1.97e14 by 1.2, times 3600, are 5.9e17",
        "head-int4-chips": "it follows from the 45 GB that were corrected in its row: 35 GB are 2.19 times 16 GB",
    },
    reply={
        "first-transfer-total": "That each hop waits for all bytes: but the ports send on at once, and the author has "
        "corrected it three days later.",
        "first-pcie-load": "That each host has a half: it has, over eight links, and the author has corrected it.",
        "first-vector-adders": "That it is a slip of the keyboard: it is, and the author has corrected it to 4096.",
        "first-unreduced-z": "That it is roughly so: but the division by 16 is missing, and the author has put it in.",
        "first-dcn-batch": "That it is about so: but the book's table has 4.59e14, and the author has corrected it to "
        "73,440.",
        "head-dcn-takeaway": "That it says about: but it is 3% less than the number it repeats, and no rounding of it.",
        "head-least-years": "That nearly four means more than four: but the 1752 days beside it are nearly five.",
        "head-price-v5e": "None: both factors are in its row.",
        "head-int4-chips": "None: the size is in its row, of which the author has corrected all but this.",
    },
)

SUMS = {
    "head-gpus-critical-batch": Sum(MAKERS["h100"]["bf16"] / MAKERS["h100"]["hbm"], "tokens"),
    "head-mxu-int8": Sum(MAKERS["v5e"]["int8"] / 10**14, "10^14 operations a second"),
    "head-v5e-memory-bandwidth": Sum(MAKERS["v5e"]["hbm"] / 10**11, "10^11 bytes a second"),
    "head-v5p-memory-bandwidth": Sum(MAKERS["v5p"]["hbm"] / T, "TB a second"),
    "head-array-bytes": Sum(Fraction(SENT, 10**7), "10^7 bytes"),
    "first-transfer-total": Sum(
        Fraction(SENT, 10**11) * MS + Fraction(6, 1000),
        "ms",
        also={
            "a half over each port, behind six hops": (Fraction(held(4, 128, 8192), 5 * 10**10) + Fraction(6, US)) * MS
        },
    ),
    "first-pcie-load": Sum(
        Fraction(16, 16 * 15) * MS, "ms", also={"a host's half over its eight links": Fraction(8, 8 * 15) * MS}
    ),
    "head-pcie-load": Sum(Fraction(16, 16 * 16) * MS, "ms"),
    "head-load-to-mxu": Sum(Fraction(16 * G, RATE) * MS, "ms"),
    "head-big-flops-time": Sum(product_flops(8, 2**17, 2**17) / PRINTED["v5e"]["bf16"] * MS, "ms"),
    "first-vector-adders": Sum(8 * 128 * 4, "adders", also={"counted one by one": one_by_one(8, 128, 4)}),
    "head-vector-adders": Sum(8 * 128 * 4, "ALUs"),
    "head-tpu-alus": Sum(8 * 128 * 4, "ALUs"),
    "head-code-mesh": Sum(4 * 2, "devices"),
    "head-code-local-rows": Sum(8 // 4, "rows"),
    "first-unreduced-z": Sum(
        2 * Fraction(QUESTION, 16 * 90 * G) * US,
        "us",
        also={"a chip's block, scattered and gathered": sum([Fraction(held(256, 1024), 90 * G)] * 2) * US},
    ),
    "head-unreduced-z": Sum(2 * Fraction(QUESTION, 16 * 90 * G) * US, "us"),
    "head-tiny-way": Sum(2 * 128 // 4, "bytes"),
    "head-strategy-2-bytes": Sum(Fraction(2 * 8192 * 32768, 8192 * 32768), "DF bytes"),
    "head-data-math": Sum(Fraction(4 * product_flops(2, 3, 5), 2 * 3 * 5), "BDF FLOPs"),
    "figure-expected-corrected": Sum(4096 * 2 * ALPHA**2 / 32768 / 10**6, "10^6 tokens"),
    "head-code-backward": Sum(len(range(8 - 1, -1, -1)), "layers"),
    "head-prefill-time": Sum(2 * 70 * G * 8192 / (16 * PRINTED["v5e"]["bf16"] * Fraction(4, 10)), "s"),
    "head-strategy-2-bound": Sum(ALPHA, "tokens"),
    "head-eight-way-width": Sum(8 * ALPHA / 1000, "K features"),
    "head-mixed-chips": Sum(2 * 10**6 / (ALPHA**2 / (2 * 30000)) / 1000, "K chips"),
    **dict.fromkeys(
        ("first-dcn-batch", "head-dcn-batch"), Sum(BETWEEN_PODS, "FLOPs a byte", also={"of one chip": OF_ONE_CHIP})
    ),
    "head-dcn-takeaway": Sum(BETWEEN_PODS / 1000, "K tokens", also={"of one chip": OF_ONE_CHIP / 1000}),
    "head-vocabulary-sum": Sum(Fraction(2 * 32000 * 5120, G), "10^9 parameters"),
    "head-batch-length": Sum(4 * 1024 * 1024 // 1024, "tokens"),
    "head-checkpoints": Sum(Fraction(4 * 2 * 8192 * 4 * 10**6 * 80, T), "TB"),
    "head-least-chips": Sum(Fraction(216 * 10**11, 96 * G), "chips"),
    "head-least-days": Sum(Fraction(44 * chips("v5p"), 225), "days"),
    "head-prefill-ways": Sum(28672 / ALPHA, "ways"),
    "head-two-axes-chips": Sum(Fraction(128 * 9, 16), "chips"),
    "head-price-v5p": Sum(MAKERS["v5p"]["bf16"] * 3600 / Fraction("4.2") / 10**17, "10^17 FLOPs"),
    "head-price-v5e": Sum(
        MAKERS["v5e"]["bf16"] * 3600 / Fraction("1.2") / 10**17,
        "10^17 FLOPs",
        also={"3,000 seconds a dollar": PRINTED["v5e"]["bf16"] * 3000 / 10**17},
    ),
    "head-cache-token-bytes": Sum(Fraction(CACHE, 1000), "10^3 bytes"),
    "head-int4-size": Sum(Fraction(70, 2), "GB"),
    "head-int4-chips": Sum(
        Fraction(35, 16), "times 16 GB", also={"a fourth of the 8.75 of bfloat16": Fraction("8.75") / 4}
    ),
    "head-int8-left": Sum(8 * 16 - 70, "GB"),
    "head-int4-left": Sum(4 * 16 - 35, "GB"),
    "head-int8-caches": Sum(caches(58, CACHE), "caches"),
    "head-int4-caches": Sum(caches(29, Fraction(CACHE, 2)), "caches"),
    "head-int8-queries": Sum(43 / (STEP * 8), "queries a second and chip"),
    "head-int4-queries": Sum(43 / (STEP * 4), "queries a second and chip"),
    "head-free-4x8": Sum(32 * 16 - 140, "GB"),
    "head-bf16-doubled": Sum(caches(372, 2 * CACHE) / (STEP * 32), "queries a second and chip"),
    "head-tensor-ways-v5e": Sum(2 * 28672 * LINK / PRINTED["v5e"]["bf16"], "ways"),
    "head-ragged-divisor": Sum(8 * 8, "by Bk / W"),
    "head-reduce": Sum(Fraction(ring_steps(16, adds=True), ring_steps(16, adds=False)), "times an AllGather"),
    "head-training-rate": Sum(4096 * H100.flops_per_second * Fraction(45, 100) / 10**18, "10^18 FLOPs a second"),
    "head-training-seconds": Sum(LLAMA / (4096 * H100.flops_per_second * Fraction(45, 100)) / 10**6, "10^6 s"),
    "head-training-days": Sum(LLAMA / (4096 * H100.flops_per_second * Fraction(45, 100)) / DAY, "days"),
}
OTHER = {
    "head-array-time": Sum(Fraction(SENT, LINK) * US, "us", 17 * 10**6 * US // LINK),
    "head-transfer-total": Sum(Fraction(SENT, LINK) * US + 6, "us", 188 + 6),
    "head-matmul-threshold": Sum(
        threshold(product_flops(1, 4096, 16384), 4096 * 16384, 4096 + 16384),
        "rows",
        threshold(13 * 10**7, 67 * 10**6, 2 * 10**4),
    ),
    "head-link-v5p": Sum(
        MAKERS["v5p"]["link"] / 10**10, "10^10 bytes a second", MAKERS["v5p"]["link"] * Fraction(9, 10**11)
    ),
    "head-link-v5e": Sum(
        MAKERS["v5e"]["link"] / 10**10, "10^10 bytes a second", MAKERS["v5e"]["link"] * Fraction(9, 10**11)
    ),
    "head-link-v6e": Sum(
        MAKERS["v6e"]["link"] / 10**10, "10^10 bytes a second", MAKERS["v6e"]["link"] * Fraction(9, 10**11)
    ),
    "head-batch-4x8": Sum(caches(372, 2 * CACHE), "caches", caches(372, 324000)),
    "head-queries-4x8": Sum(caches(372, 2 * CACHE) / STEP, "queries a second, by the chips", 140 / STEP),
    "head-int8-doubled": Sum(caches(186, CACHE) / (STEP * 16), "queries a second and chip", 140 / (STEP * 16)),
    "head-int4-doubled": Sum(
        caches(93, Fraction(CACHE, 2)) / (STEP * 8), "queries a second and chip", 140 / (STEP * 8)
    ),
}


def shifted(scores: tuple[float, ...], by: float) -> float:
    """Return the sum of exponentials of scores less a number."""
    return sum(exp(score - by) for score in scores)


@CORRECTED.claim
def test_head_two_chips_additions(measure):
    rows, inner, columns = 3, 8, 5
    first, second = (torch.ones(rows, inner // 2) @ torch.ones(inner // 2, columns) for _ in range(2))
    assert measure((first + second).numel(), "additions") == rows * columns


@CORRECTED.claim
def test_head_int8_rule(measure):
    assert measure(intensity(244, LARGE, LARGE, size=1), "operations a byte") > Fraction(394 * 10**12, 820 * G)


@CORRECTED.claim
def test_head_half_ring_sum(measure):
    half = 4
    assert measure(sum(range(1, half + 1)), "hops") == half * (half + 1) // 2


@CORRECTED.claim
def test_head_flash_intensity(measure):
    flops, moved, scores = 4 * 4096 * 4096 * 128, 4 * 2 * 4096 * 128, 4 * 2 * 4096 * 4096
    whole = measure(Fraction(flops, moved + scores), "FLOPs a byte", of="with scores")
    assert measure(Fraction(flops, moved), "FLOPs a byte", of="in pieces") > whole


@CORRECTED.claim
def test_head_piece_sum(measure):
    first, second = SCORES
    tops = max(first), max(second)
    combined = exp(tops[0] - max(tops)) * shifted(first, tops[0]) + exp(tops[1] - max(tops)) * shifted(second, tops[1])
    assert abs(measure(combined / shifted(first + second, max(tops)), "of the whole sum") - 1) < 1e-9


@CORRECTED.claim
def test_head_running_denominator(measure):
    first, _ = SCORES
    assert measure(shifted(first, max(first)), "the sum as printed") > 0


@CORRECTED.claim
def test_head_zero_order(measure):
    held = Fraction(75, 10) * (2 + 2 + Fraction(12, 64))
    assert round(measure(held, "GB, optimizer states sharded"), 1) == Fraction(314, 10)


@CORRECTED.claim
def test_head_ratio_scales(measure):
    few, many = (ratio_by_trial(batch, 4096) for batch in (2**20, 2**22))
    assert measure(many / few, "times the ratio") == 2


@CORRECTED.claim
def test_head_mixed_required(measure):
    assert measure(ratio_by_trial(600 * 64, 64), "FLOPs' time by communication's, at 600 tokens a chip") > 1


@CORRECTED.claim
def test_head_tensor_formula(measure):
    pieces = torch.zeros(8, 4, dtype=torch.int)  # of W, along D, which is whole, and F
    for chip in range(4):
        pieces[:, chip] += 1
    assert measure(Fraction(int(pieces.sum()), pieces.numel()), "of W, held by one chip or another") == 1


@CORRECTED.claim(model="llama-2-13b")
def test_head_attention_formula(models, measure):
    model = models("llama-2-13b")
    assert measure(model.attention, "parameters", also=model.formula.attention) == 4 * 5120 * 40 * 128 * 40


@CORRECTED.claim(model="llama-2-13b")
def test_head_total(models, stated, measure):
    model = models("llama-2-13b")
    assert measure(Fraction(model.total, G), "10^9 parameters", also=Fraction(model.formula.total, G)) == stated


@CORRECTED.claim
def test_head_activations_exponent(measure):
    a_token = 2 * 40 * 5120 * (1 + 2 * Fraction(27, 10))  # bytes
    assert measure(round(42 * T / a_token, -6), "tokens, from the 42 TB") == 16 * 10**6


@CORRECTED.claim
def test_head_appendix_alpha(measure):
    batch = measure(4 * ALPHA**2 / (2 * 32768), "tokens a chip")
    assert batch == 2 * ALPHA**2 / 32768


@CORRECTED.claim
def test_head_appendix_weights(measure):
    batch, weights = torch.ones(2, 10), torch.nn.Linear(10, 27, bias=False)
    [gradient] = torch.autograd.grad(weights(batch).sum(), weights.weight)  # the derivative of Tmp is all ones
    product = torch.einsum("bf,bd->fd", torch.ones(2, 27), batch)
    assert measure(float((product - gradient).abs().max()), "off the derivative of W_in") == 0


@CORRECTED.claim
def test_head_least_years(stated, measure):
    also = {"hours by those of a year": round(Fraction(1752 * 24, 8766), 1)}
    assert measure(round(Fraction(1752, 365), 1), "years", also=also) < stated


@CORRECTED.claim
def test_head_flops_below_loading(reading, measure):
    flops = PRINTED["v5e"]["bf16" if reading == "literal" else "int8"]
    computing = measure(2 * 70 * G / (16 * flops), "s", of="FLOPs of a token")
    assert measure(Fraction(CACHE * 2049, 16 * RATE), "s", of="loading its cache") > computing


@CORRECTED.claim
def test_head_quiz_all_to_all(measure):
    pieces = [Fraction(1, 8 * 8)] * 7  # of the array, from one GPU to each other
    assert measure(sum(pieces), "of B / W") == Fraction(8 - 1, 8**2)


@CORRECTED.claim
def test_head_egress_links(measure):
    assert measure(Fraction(8 * 400, 8), "GB a second") == 400


@CORRECTED.claim
def test_head_sharded_at_node(measure):
    shard = Fraction(held(1024 // 4, 1024), held(1024, 1024))  # of an array over four of a node's GPUs
    assert measure(Fraction(1, min(4, 8)) / shard, "times the shard's time, Y = 4") == 1


@CORRECTED.claim
def test_head_sharded_beyond(measure):
    formula, quiz = Fraction(8, 400 * max(8, 16)), Fraction(1, 16 * 50)
    assert measure(formula / quiz, "times the quiz's time") == 1


@CORRECTED.claim
def test_head_moe_factor(measure):
    # FLOPs of 4 experts a token take as long as moving all 128
    dense, mixture = (next(n for n in range(10**5) if n * used >= 2475 * held) for used, held in ((1, 1), (4, 128)))
    assert measure(Fraction(mixture, dense), "times the batch") == Fraction(128, 4)


@CORRECTED.each(*OTHER)
def test_corrected_readings(claim, stated, reading, measure):
    assert measure(OTHER[claim].read(reading), OTHER[claim].unit) == stated


@CORRECTED.each()
def test_corrected_sums(claim, stated, measure):
    assert measure(SUMS[claim].value, SUMS[claim].unit, also=SUMS[claim].also) == stated
