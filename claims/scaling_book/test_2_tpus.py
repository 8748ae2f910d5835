"""TPUs: what they do a second, how they are wired, and worked problems."""

from fractions import Fraction
from math import prod

import pytest

from claim_suite.fixtures.claim.table import Listed, table
from claims.scaling_book.rooflines import (
    FIRST,
    GIB,
    INT8,
    MAKERS,
    MS,
    PRINTED,
    US,
    V4P,
    V5E,
    V5P,
    V6E,
    Sum,
    chips,
    furthest,
    held,
    product_flops,
    ring_load,
)

pytestmark = [pytest.mark.cheap, pytest.mark.usefixtures("makers", "printed")]

MXU_FLOPS = product_flops(8, 128, 128) // 8  # a cycle
B_2 = 2 * 8 * 128 * 8192  # bytes of question 5's array
HALF = Fraction(held(4, 128, 8192), 5 * 10**10)  # s, of half of it over one port
SIDE = 128 * 1024
ARRAY = SIDE * SIDE  # bytes of question 6's array

CLAIMS = Listed(
    """
    | claim                 | stated  | says                                                                          |
    |-----------------------|---------|-------------------------------------------------------------------------------|
    | mxu-flops             | 5       | A matrix unit does about 5e13 bfloat16 FLOPs a second at 1.5 GHz on v5e.      |
    | v5e-flops             | 2       | All of TPU v5e does 2e14.                                                     |
    | mxu-int8              | 4       | Each matrix unit of v5e does 4e14 int8 operations a second.                   |
    | v5p-core              | 2.5     | A core of v5p does 2.5e14 bfloat16 FLOPs a second.                            |
    | v5p-chip              | 5       | A v5p chip does 5e14.                                                         |
    | v5p-pod-chips         | =8960   | A v5p pod has 8960 chips.                                                     |
    | v5p-pod-flops         | 4       | A v5p pod does 4 exaflops a second.                                           |
    | v5e-memory            | 16      | TPU v5e has 16 GiB of memory.                                                 |
    | memory-bandwidth      | 1       | Memory is read at 1 to 2 TB a second on most TPUs.                            |
    | multiply-adds         | 200     | A systolic array does around 200 trillion multiply-adds a second.             |
    | vmem-intensity        | 10      | At 22 times the bandwidth VMEM asks for an intensity of 10 to 20 only.        |
    | pcie-slower           | 100     | PCIe of v4, 16 GB a second, is close to 100 times slower than its memory.     |
    | neighbours-2d         | =4      | In a 2D torus a chip has 4 neighbours.                                        |
    | neighbours-3d         | =6      | In a 3D torus it has 6.                                                       |
    | torus-halves-distance | 2       | Wrapping halves the largest distance between two chips.                       |
    | no-wrap-doubles       | 2       | Without wraparound most communication takes twice as long.                    |
    | h100-domain           | =256    | Up to 256 H100s are connected all to all.                                     |
    | v5p-memory-bandwidth  | 2.5     | TPU v5p reads its memory at 2.5 TB a second.                                  |
    | ici-slower            | 25      | That is about 25 times its links' 100 GB a second.                            |
    | int8-faster           | 2       | int8 is about twice as fast as bfloat16 where it is supported.                |
    | load-bytes-a-chip     | 12.5    | A 200B model in bfloat16 is 12.5e9 bytes on each of 32 chips.                 |
    | load-time             | 10      | Loading it takes around 10 ms on v4p.                                         |
    | v5e-hosts             | =32     | A v5e pod has 32 hosts.                                                       |
    | v5e-cores             | =256    | It has 256 TensorCores.                                                       |
    | v5e-pod-flops         | 5.1     | It does 5.1e16 bfloat16 FLOPs a second.                                       |
    | v5e-pod-memory        | 4       | It has 4 TB of memory.                                                        |
    | v5p-hosts             | =2,240  | A v5p pod has 2,240 hosts.                                                    |
    | v5p-cores             | =17,920 | It has 17,920 cores.                                                          |
    | v5p-pod-flops-sum     | 4       | It does 4e18 FLOPs a second.                                                  |
    | v5p-pod-memory        | 860     | It has 860 TB of memory.                                                      |
    | pcie-batch            | 61      | Over PCIe a v6e is bound by FLOPs above about 61,000 tokens.                  |
    | matmul-flops-a-row    | 1.3     | Question 4's product takes 1.3e8 FLOPs a row.                                 |
    | matmul-bytes-fixed    | 6.7     | Its weights are 6.7e7 bytes.                                                  |
    | matmul-bytes-a-row    | 2       | It moves 2e4 bytes more a row.                                                |
    | matmul-threshold      | 271     | It is bound by FLOPs above 271 rows.                                          |
    | vmem-bandwidth        | 1.78    | 22 times v5e's memory bandwidth is 1.78e13 bytes a second.                    |
    | matmul-threshold-vmem | 11      | From VMEM it is bound by FLOPs above 11 rows.                                 |
    | two-ports             | 1       | Two ports send 1e11 bytes a second.                                           |
    | array-bytes           | 1.7     | bfloat16[8, 128, 8192] is 1.7e10 bytes.                                       |
    | array-time            | 170     | Sending it over two ports takes 170 ms.                                       |
    | hops                  | =6      | It is 6 hops from corner to corner of a 4x4 slice.                            |
    | hops-latency          | 3       | They take 3 us.                                                               |
    | transfer-total        | 170,004 | All in all it takes 170,004 us.                                               |
    | big-array             | 16      | int8[128 * 1024, 128 * 1024] is about 16 GB.                                  |
    | slice-hosts           | =2      | A 4x4 slice of v5e has 2 hosts.                                               |
    | pcie-load             | ~66     | Loading 8 GB over 8 PCIe links takes about 66 ms.                             |
    | ici-copy              | 150     | Receiving 15 GB over two links takes 150 ms.                                  |
    | vector-bytes          | 2       | bf16[8, 128 * 1024] is 2 MB.                                                  |
    | load-to-mxu           | 19      | Reading 16e9 bytes from memory takes 19 ms.                                   |
    | big-flops             | 2.7     | The product takes 2.7e11 FLOPs.                                               |
    | big-flops-time        | 1.3     | They take 1.3 ms.                                                             |
    | palm-cliques          | =2      | PaLM was trained on two cliques of 3072 chips.                                |
    | systolic-units        | =16,384 | A 128 by 128 systolic array has 16,384 units.                                 |
    | trillium-flops        | 4       | A 256 by 256 array does 4 times the FLOPs a cycle.                            |
    | trillium-dimensions   | 2       | Dimensions must be twice as large to fill it.                                 |
    | vector-adders         | =2048   | The vector unit of v4 has 2048 adders.                                        |
    | adders-v5             | 4       | v5 adds 4 pairs of vector registers a cycle.                                  |
    | registers             | =32     | v4 has 32 vector registers.                                                   |
    """,
    version=FIRST,
    note={
        "mxu-flops": "In 10^13 a second: an [8, 128] by [128, 128] product every 8 cycles.",
        "v5e-flops": "In 10^14, by Google's page.",
        "mxu-int8": "In 10^14: the page's rate of a chip, by its four matrix units.",
        "v5p-core": "In 10^14, half the page's rate of a chip.",
        "v5p-chip": "In 10^14.",
        "memory-bandwidth": "TB a second, the least of the three that are nearest: v3, v4p and v6e.",
        "multiply-adds": "Trillions a second; a multiply-add is two FLOPs.",
        "h100-domain": "As NVIDIA announced for its NVLink Switch System.",
        "v5p-memory-bandwidth": "By Google's page.",
        "ici-slower": "The book's own two rates in the same sentence.",
        "load-time": "At the book's own 1.23e12 bytes a second.",
        "v5e-pod-flops": "In 10^16.",
        "v5e-pod-memory": "TB, of the book's 16 GB a chip.",
        "matmul-flops-a-row": "In 10^8.",
        "matmul-bytes-fixed": "In 10^7.",
        "matmul-bytes-a-row": "In 10^4.",
        "matmul-threshold": "Read as: exactly; weaker: from its coefficients as they are rounded.",
        "array-bytes": "In 10^10.",
        "array-time": "From the exact number of bytes.",
        "big-array": "GB; the book goes on with 16e9 bytes: of 2^30 bytes it is 16 exactly.",
        "load-to-mxu": "From the book's 16e9 bytes.",
        "big-flops": "In 10^11.",
        "palm-cliques": "By arXiv 2204.02311, section 4: 6144 TPU v4 chips.",
        "adders-v5": "Read as: adders a lane and sublane that make 7e12 operations a second, chapter 1's number, at "
        "1.75 GHz.",
    },
    also_prints={"palm-cliques": ("3072",), "pcie-batch": ("61,000",), "multiply-adds": ("200 trillion",)},
    in_words={"palm-cliques": True, "pcie-batch": True},
    loosely={
        "v5p-core": "half of the rounded 5e14 of a chip",
        "memory-bandwidth": "v3 has 0.9 and v5e 0.8: to one digit",
        "multiply-adds": "only a whole v5p chip, and to one digit",
        "pcie-slower": "to the nearest hundred",
        "matmul-threshold": "only from coefficients of two digits: the shapes give 263",
        "v5e-pod-flops": "from the rounded 2e14 of a chip: the table's 1.97e14 gives 5.0",
        "big-array": "only in GB of 2^30 bytes: the sums after it take 16e9",
        "load-to-mxu": "cut short",
        "big-flops-time": "cut short",
    },
    words={
        "mxu-int8": "e.g. each TPU v5e MXU can do 4e14 int8 OPs/s",
        "v5p-memory-bandwidth": "a TPU v5p has 2.5e12 bytes/s (2.5 TB/s) of HBM bandwidth",
        "array-bytes": "The amount of data we have to transfer is sizeof bfloat16 * 8 * 128 * 8192 = 1.7e10 bytes.",
        "array-time": "it'll take 1.7e10 bytes / 1e11 bytes/second = 170ms to transfer the whole array",
        "transfer-total": "the whole transfer will take 3\N{MICRO SIGN}s + 170ms = 170004 \N{MICRO SIGN}s",
    },
    refuted={
        "mxu-int8": "four matrix units together do so many: one does a fourth",
        "v5p-memory-bandwidth": "the maker has 2765 GB a second, and the chapter's own table 2.8e12",
        "array-bytes": "a thousand times too many: it is 1.7e7",
        "array-time": "it follows from the bytes of array-bytes: it takes 168 us",
        "transfer-total": "it follows from the bytes of array-bytes; 3 more than 170,000 are 170,003",
    },
    reply={
        "mxu-int8": "That the chip is meant: but the sentence says each MXU, after a sum a MXU, and the author has "
        "corrected it.",
        "v5p-memory-bandwidth": "That it is rounded to a half: but the chapter's table has 2.8e12, and the author has "
        "corrected it.",
        "array-bytes": "None: the product is printed beside it, and the author has corrected it.",
        "array-time": "That it follows from the bytes: it does, and the author has corrected both.",
        "transfer-total": "That it follows from the time before: it does, and the author has corrected both.",
    },
    uncheckable={
        "registers": "no published page at hand says how many vector registers v4 has",
    },
)

SUMS = {
    "mxu-flops": Sum(MXU_FLOPS * Fraction(3, 2) / 10**4, "10^13 FLOPs a second"),
    "v5e-flops": Sum(MAKERS["v5e"]["bf16"] / 10**14, "10^14 FLOPs a second"),
    "mxu-int8": Sum(
        round(MAKERS["v5e"]["int8"] / 4 / 10**14, 2),
        "10^14 operations a second",
        also={
            "an 8 by 128 by 128 product every 8 cycles, twice as fast": round(2 * MXU_FLOPS * Fraction(15, 10**6), 2)
        },
    ),
    "v5p-chip": Sum(MAKERS["v5p"]["bf16"] / 10**14, "10^14 FLOPs a second"),
    "v5p-pod-chips": Sum(chips("v5p"), "chips"),
    "v5p-pod-flops": Sum(chips("v5p") * MAKERS["v5p"]["bf16"] / 10**18, "exaflops a second"),
    "v5e-memory": Sum(MAKERS["v5e"]["capacity"] / 10**9, "GB"),
    "vmem-intensity": Sum(Fraction(MAKERS["v5e"]["bf16"]) / MAKERS["v5e"]["hbm"] / 22 - 1, "FLOPs a byte, less one"),
    "neighbours-2d": Sum(2 * len(PRINTED["v5e"]["pod"]), "neighbours"),
    "neighbours-3d": Sum(2 * len(PRINTED["v5p"]["pod"]), "neighbours"),
    "torus-halves-distance": Sum(Fraction(furthest(16, wrap=False), furthest(16, wrap=True)), "times as far"),
    "no-wrap-doubles": Sum(
        ring_load(16, every=True, both_ways=False) / ring_load(16, every=True), "times over a link, of 16 chips"
    ),
    "h100-domain": Sum(32 * 8, "GPUs"),
    "v5p-memory-bandwidth": Sum(
        round(MAKERS["v5p"]["hbm"] / 10**12, 1),
        "TB a second",
        also={"the chapter's own table": PRINTED["v5p"]["hbm"] / 10**12},
    ),
    "ici-slower": Sum(Fraction(25, 10) * 10**12 / 10**11, "times"),
    "int8-faster": Sum(PRINTED["v5e"]["int8"] / PRINTED["v5e"]["bf16"], "times as fast"),
    "load-bytes-a-chip": Sum(Fraction(2 * 200, 32), "10^9 bytes"),
    "load-time": Sum(Fraction(2 * 200 * 10**9, 32) / (Fraction(123, 100) * 10**12) * MS, "ms"),
    "v5e-hosts": Sum(chips("v5e") // prod(PRINTED["v5e"]["host"]), "hosts"),
    "v5e-cores": Sum(chips("v5e"), "cores"),
    "v5e-pod-memory": Sum(chips("v5e") * V5E.capacity / 10**12, "TB"),
    "v5p-hosts": Sum(chips("v5p") // prod(PRINTED["v5p"]["host"]), "hosts"),
    "v5p-cores": Sum(2 * chips("v5p"), "cores"),
    "v5p-pod-flops-sum": Sum(chips("v5p") * V5P.flops_per_second / 10**18, "10^18 FLOPs a second"),
    "v5p-pod-memory": Sum(chips("v5p") * V5P.capacity / 10**12, "TB"),
    "pcie-batch": Sum(V6E.flops_per_second / (15 * 10**9) / 10**3, "thousand tokens"),
    "matmul-flops-a-row": Sum(Fraction(product_flops(1, 4096, 16384), 10**8), "10^8 FLOPs"),
    "matmul-bytes-fixed": Sum(Fraction(4096 * 16384, 10**7), "10^7 bytes"),
    "matmul-bytes-a-row": Sum(Fraction(4096 + 16384, 10**4), "10^4 bytes"),
    "vmem-bandwidth": Sum(22 * V5E.memory_bandwidth / 10**13, "10^13 bytes a second"),
    "two-ports": Sum(2 * V5E.interconnect_bandwidth / 10**11, "10^11 bytes a second"),
    "array-bytes": Sum(
        Fraction(B_2, 10**10), "10^10 bytes", also={"an array made": Fraction(held(8, 128, 8192), 10**10)}
    ),
    "array-time": Sum(B_2 / (2 * V5E.interconnect_bandwidth) * MS, "ms", also={"a half over each port": HALF * MS}),
    "hops": Sum(furthest(4, 4, wrap=False), "hops"),
    "hops-latency": Sum(Fraction(furthest(4, 4, wrap=False), 2), "us"),
    "transfer-total": Sum(
        B_2 / (2 * V5E.interconnect_bandwidth) * US + 3,
        "us",
        also={"a half over each port, after six hops": HALF * US + 6 * Fraction(1, 2)},
    ),
    "slice-hosts": Sum(16 // prod(PRINTED["v5e"]["host"]), "hosts"),
    "pcie-load": Sum(Fraction(8 * 10**9, 8 * 15 * 10**9) * MS, "ms"),
    "ici-copy": Sum(15 * 10**9 / (2 * V5E.interconnect_bandwidth) * MS, "ms"),
    "vector-bytes": Sum(Fraction(2 * 8 * SIDE, 10**6), "MB"),
    "load-to-mxu": Sum(16 * 10**9 / V5E.memory_bandwidth * MS, "ms"),
    "big-flops": Sum(Fraction(product_flops(8, SIDE, SIDE), 10**11), "10^11 FLOPs"),
    "big-flops-time": Sum(product_flops(8, SIDE, SIDE) / V5E.flops_per_second * MS, "ms"),
    "palm-cliques": Sum(6144 // 3072, "pods"),
    "systolic-units": Sum(128 * 128, "units"),
    "trillium-flops": Sum(Fraction(256 * 256, 128 * 128), "times the FLOPs"),
    "trillium-dimensions": Sum(Fraction(256, 128), "times as large"),
    "vector-adders": Sum(8 * 128 * 2, "adders"),
    "adders-v5": Sum(7 * 10**12 / (Fraction(175, 100) * 10**9) / (8 * 128), "adders a lane and sublane"),
}


def threshold(flops: Fraction, fixed: Fraction, more: Fraction, bandwidth: Fraction | int) -> Fraction:
    """Rows at which an int8 product of v5e computes as long as it moves bytes."""
    return fixed / bandwidth / (flops / INT8.flops_per_second - more / bandwidth)


OTHER = {
    "v5p-core": Sum(MAKERS["v5p"]["bf16"] / 2 / 10**14, "10^14 FLOPs a second", Fraction(5, 2)),
    "memory-bandwidth": Sum(
        PRINTED["v5e"]["hbm"] / 10**12 - Fraction(4, 10), "TB a second", PRINTED["v3"]["hbm"] / 10**12
    ),
    "multiply-adds": Sum(
        MAKERS["v5e"]["bf16"] / 2 / 10**12, "10^12 a second", round(MAKERS["v5p"]["bf16"] / 2 / 10**12, -2)
    ),
    "pcie-slower": Sum(V4P.memory_bandwidth / (16 * 10**9), "times", round(V4P.memory_bandwidth / (16 * 10**9), -2)),
    "matmul-threshold": Sum(
        threshold(
            Fraction(product_flops(1, 4096, 16384)),
            Fraction(4096 * 16384),
            Fraction(4096 + 16384),
            V5E.memory_bandwidth,
        ),
        "rows",
        threshold(Fraction(13 * 10**7), Fraction(67 * 10**6), Fraction(2 * 10**4), V5E.memory_bandwidth),
    ),
    "v5e-pod-flops": Sum(chips("v5e") * V5E.flops_per_second / 10**16, "10^16 FLOPs a second", Fraction(256 * 2, 100)),
    "big-array": Sum(Fraction(ARRAY, 10**9), "GB", Fraction(ARRAY, GIB)),
}
SUMS["matmul-threshold-vmem"] = Sum(
    threshold(
        Fraction(product_flops(1, 4096, 16384)),
        Fraction(4096 * 16384),
        Fraction(4096 + 16384),
        22 * V5E.memory_bandwidth,
    ),
    "rows",
)


@table(
    """
    |         | HBM capacity (GB) | HBM bandwidth (10^12) | bf16 (10^14) | int8 (10^14) | pod (chips) |
    |---------|-------------------|-----------------------|--------------|--------------|-------------|
    | TPU v3  | 32                | 0.90                  | 1.4          |              | 1,024       |
    | TPU v4p | 32                | 1.2                   | 2.75         | 2.75         | 4,096       |
    | TPU v5p | 96                | 2.8                   | 4.59         | 9.18         | 8,960       |
    | TPU v5e | 16                | 0.81                  | 1.97         | 3.94         | 256         |
    | TPU v6e | 32                | 1.6                   | 9.20         | 18.4         | 256         |
    """,
    version=FIRST,
    id="chips",
    name="Numbers of the chips",
    in_words={"pod (chips)": True, "HBM bandwidth (10^12)": True, "int8 (10^14)": True},
    note="By Google's page of the chip. The text prints rates with powers of ten, and pods as products.",
    words={"TPU v3 / bf16 (10^14)": "TPU v3 | 32x32 | 4x2 | 32GB | 9.0e11 | 1.4e14 | 1.4e14"},
    loosely={
        "TPU v3 / HBM capacity (GB)": "GiB",
        "TPU v4p / HBM capacity (GB)": "GiB",
        "TPU v5e / HBM bandwidth (10^12)": "cut short: the page has 819 GB a second, as chapter 1's 8.2e11",
        "TPU v5p / HBM capacity (GB)": "the page has 95 and the memory's stacks 96",
    },
    disputed={
        "TPU v5e / int8 (10^14)": "twice the page's 197 is 394, and the page has 393",
        "TPU v6e / bf16 (10^14)": "the page has 918 TFLOPs: it is 9.20 only where it was rounded to two digits first",
    },
    refuted={"TPU v3 / bf16 (10^14)": "the page has 123 TFLOPs"},
    reply={
        "TPU v3 / bf16 (10^14)": "That the clock was higher: but 4 matrix units at 940 MHz (Norrie et al. 2021, doi "
        "10.1109/MM.2021.3058217) give 123, as the page has it.",
    },
)
def test_chips(cell, makers, stated, reading, measure):
    """{row} has {stated} by the column {column}."""
    name = cell.row.removeprefix("TPU ")
    key, unit = {
        "HBM c": ("capacity", 10**9),
        "HBM b": ("hbm", 10**12),
        "bf16 ": ("bf16", 10**14),
        "int8 ": ("int8", 10**14),
        "pod (": ("pod", 1),
    }[cell.column[:5]]
    value = Fraction(makers[name][key], unit)
    weaker = {
        "capacity": 96 if name == "v5p" else Fraction(makers[name][key], GIB),
        "bf16": round(value, 1),
        "int8": Fraction(2 * makers[name]["bf16"], unit),
        "hbm": Fraction(int(value * 100), 100),
    }.get(key, value)
    by_clock = round(4 * 2 * 128**2 * Fraction(94, 10**7), 2 if reading == "literal" else 1)
    also = {"4 units by their clock": by_clock} if cell == ("TPU v3", "bf16 (10^14)") else None
    assert measure(value if reading == "literal" else weaker, cell.column, also=also) == stated


@table(
    """
    |         | one-way (10^10) | both ways (10^10) |
    |---------|-----------------|-------------------|
    | TPU v3  | 10              | 20                |
    | TPU v4p | 4.5             | 9                 |
    | TPU v5p | 10              | 20                |
    | TPU v5e | 5               | 10                |
    | TPU v6e | 10              | 20                |
    """,
    version=FIRST,
    id="links",
    name="Bandwidth of a link",
    in_words={"one-way (10^10)": True, "both ways (10^10)": True},
    uncheckable=dict.fromkeys(("TPU v3", "TPU v4p"), "no page at hand says what one of its links carries"),
    note="From the bandwidth of both directions that Google's page has for a chip, by its links, in powers of ten.",
)
def test_links(cell, makers, stated, measure):
    """A link of {row} carries {stated} by the column {column}, in bytes a second."""
    one_way = Fraction(makers[cell.row.removeprefix("TPU ")]["link"], 10**10)
    assert measure(one_way * (2 if cell.column.startswith("both") else 1), "10^10 bytes a second") == stated


@CLAIMS.each(*OTHER)
def test_readings(claim, stated, reading, measure):
    assert measure(OTHER[claim].read(reading), OTHER[claim].unit) == stated


@CLAIMS.each()
def test_sums(claim, stated, measure):
    assert measure(SUMS[claim].value, SUMS[claim].unit, also=SUMS[claim].also) == stated
