"""Accelerators: their FLOPs a second by format, their memory, and generations of memory."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed, table

pytestmark = pytest.mark.cheap

VERSION, T, G = "b18d312", 10**12, 10**9
NAMES = {
    "GB200 SXM": "gb200",
    "B200 SXM": "b200",
    "B100 SXM": "b100",
    "MI300X": "mi300x",
    "H200 SXM": "h200",
    "H100 SXM": "h100",
    "H100 PCIe": "h100-pcie",
    "TPU v5p": "v5p",
    "MI250X": "mi250x",
    "L40S": "l40s",
    "MI250": "mi250",
    "A100 SXM": "a100",
    "TPU v4": "v4p",
    "TPU v5e": "v5e",
    "GH200 SXM (1)": "gh200",
    "Gaudi2": "gaudi2",
}
TWO_DIGITS = "AMD's data sheet has 1307.4 and 2614.9: it is so to two digits"
HALF = "NVIDIA prints 2.2 petaFLOPs with sparsity: it is so of half of what it has in 16 bits"
NONE = "no document of NVIDIA on it is at hand"
GENERATIONS = {  # Gb a second and pin, chips a stack, GB a chip, as printed
    "HBM": ("1.0", 8, 2),
    "HBM2": ("2.0", 8, 2),
    "HBM2e": ("3.6", 12, 3),
    "HBM3": ("6.4", 16, 4),
    "HBM3e": ("9.6", 16, 4),
}

CLAIMS = Listed(
    """
    | claim           | stated | says                                                                                 |
    |-----------------|--------|--------------------------------------------------------------------------------------|
    | int8-faster     | 2      | On A100 int8 is twice as fast as bf16.                                               |
    | bf16-faster     | 2      | There bf16 is twice as fast as tf32.                                                 |
    | gb200-faster    | ~10%   | A GPU of GB200 is about 10% faster than B200.                                        |
    | gaudi2-guess    | 600    | Gaudi2 probably does 600 to 1000 TFLOPs a second.                                    |
    | gaudi2-measured | ~400   | Somebody measured about 400 TFLOPs on it.                                            |
    | h200-memory     | 141    | H200 has 141 GB.                                                                     |
    | h200-bandwidth  | 4.8    | It reads 4.8 TB a second.                                                            |
    | a100-bandwidth  | 1.6    | A100 SXM has HBM2 at 1.6 TB a second.                                                |
    | h100-bandwidth  | 3.35   | H100 SXM reads 3.35 TB a second.                                                     |
    | nvl-memory      | 14     | H100 NVL has 14 GB more a chip.                                                      |
    | nvl-bandwidth   | 3.9    | It reads 3.9 TB a second.                                                            |
    | flash           | 180    | With FlashAttention A100 reaches around 180 TFLOPs in training.                      |
    | before-flash    | 150    | Before, 150 was close to the highest.                                                |
    """,
    version=VERSION,
    note={"a100-bandwidth": "By NVIDIA's data sheet of the version with 40 GB, which has HBM2: 1555 GB a second."},
    uncheckable={
        "gaudi2-guess": "it is called a guess",
        "gaudi2-measured": "a measurement of somebody else",
        "flash": "the author's experience",
        "before-flash": "the author's experience",
    },
)


@table(
    """
    |                      | w/o Sparsity | w/ Sparsity |
    |----------------------|--------------|-------------|
    | FP32                 | 19.5         |             |
    | Tensor Float 32      | 156          | 312         |
    | BFLOAT16 Tensor Core | 312          | 624         |
    | FP16 Tensor Core     | 312          | 624         |
    | FP8 Tensor Core      | 624          | 1248        |
    | INT8 Tensor Core     | 624          | 1248        |
    """,
    version=VERSION,
    id="a100",
    name="A100",
    note="By NVIDIA's data sheet; with sparsity it is twice as much.",
    refuted={"FP8 Tensor Core": "A100 has no FP8: the data sheet has no such row, and the next table an X"},
    reply={"FP8 Tensor Core": "The author can have copied the row of H100's kind. In the next table A100 has none."},
)
def test_a100(cell, makers, stated, measure):
    """A100 does {stated} TFLOPs a second in {row}, {column}."""
    key = {"FP32": "fp32", "Tensor Float 32": "tf32"}.get(cell.row, cell.row.split()[0].lower())
    dense = Fraction(makers["a100"].get({"bfloat16": "bf16"}.get(key, key), 0), T)
    assert measure(dense * (2 if cell.column == "w/ Sparsity" else 1), "TFLOPs a second") == stated


@table(
    """
    |           | fp32  | tf32   | fp16 | bf16 | fp8  | int8 | fp6  | fp4   |
    |-----------|-------|--------|------|------|------|------|------|-------|
    | GB200 SXM |       | 1250.0 | 2500 | 2500 | 5000 | 5000 | 5000 | 10000 |
    | B200 SXM  |       | 1125.0 | 2250 | 2250 | 4500 | 4500 | 4500 | 9000  |
    | B100 SXM  |       | 875.0  | 1750 | 1750 | 3500 | 3500 | 3500 | 7000  |
    | MI300X    | 163.4 | 653.7  | 1300 | 1300 | 2600 | 2600 |      |       |
    | H200 SXM  | 67.0  | 494.5  | 989  | 989  | 1979 | 1979 |      |       |
    | H100 SXM  | 67.0  | 494.5  | 989  | 989  | 1979 | 1979 |      |       |
    | H100 PCIe | 51.0  | 378.0  | 756  | 756  | 1513 | 1513 |      |       |
    | TPU v5p   |       |        |      | 459  |      | 918  |      |       |
    | MI250X    | 47.9  |        | 383  | 383  |      | 383  |      |       |
    | L40S      | 91.6  | 183.0  | 362  | 362  | 733  | 733  |      |       |
    | MI250     | 45.3  |        | 362  | 362  |      | 362  |      |       |
    | A100 SXM  | 19.5  | 156.0  | 312  | 312  |      | 624  |      |       |
    | TPU v4    |       |        |      | 275  |      | 275  |      |       |
    | TPU v5e   |       |        |      | 197  |      | 394  |      |       |
    """,
    version=VERSION,
    id="tflops",
    name="TFLOPS comparison table",
    note="By the makers' data sheets, dense.",
    disputed={
        **{f"MI300X / {kind}": TWO_DIGITS for kind in ("fp16", "bf16", "fp8", "int8")},
        "B200 SXM / tf32": HALF,
        "TPU v5e / int8": "Google's page has 393: it is so of twice 197",
    },
    uncheckable={"B100 SXM": NONE},
)
def test_tflops(cell, makers, stated, reading, measure):
    """{row} does {stated} TFLOPs a second in {column}."""
    of = makers[NAMES[cell.row]]
    value = Fraction(of[cell.column], T)
    if_other = round(value, -2) if cell.row == "MI300X" else Fraction(2 * of["bf16"], T)
    if cell.column == "tf32":
        if_other = Fraction(of["bf16"], 2 * T)
    assert measure(value if reading == "literal" else if_other, "TFLOPs a second") == stated


@table(
    """
    |       | Bandwidth (GBps) | Max. capacity (GB) |
    |-------|------------------|--------------------|
    | HBM   | 128              | 16                 |
    | HBM2  | 256              | 16                 |
    | HBM2e | 461              | 36                 |
    | HBM3  | 819              | 64                 |
    | HBM3e | 1229             | 64                 |
    """,
    version=VERSION,
    id="hbm",
    name="Generations of memory",
    also_prints={
        "HBM": ("1.0", "8", "2"),
        "HBM2": ("2.0", "8", "2"),
        "HBM2e": ("3.6", "12", "3"),
        "HBM3": ("6.4", "16", "4"),
        "HBM3e": ("9.6", "16", "4"),
    },
    note="From the rates, heights and chips of its row, over 1,024 pins.",
)
def test_hbm(cell, stated, measure):
    """{row} has {stated} by the column {column}."""
    rate, height, chip = GENERATIONS[cell.row]
    value = Fraction(rate) * 1024 / 8 if cell.column.startswith("B") else height * chip
    assert measure(value, cell.column) == stated


@table(
    """
    |               | Memory (GB) | Bandwidth (TBps) |
    |---------------|-------------|------------------|
    | B200 SXM      | 192         | 8.00             |
    | B100 SXM      | 192         | 8.00             |
    | MI300X        | 192         | 5.30             |
    | GH200 SXM (2) | 141         | 4.80             |
    | H200 SXM      | 141         | 4.80             |
    | MI250         | 128         | 3.28             |
    | MI250X        | 128         | 3.28             |
    | GH200 SXM (1) | 96          | 4.00             |
    | Gaudi2        | 96          | 2.45             |
    | TPU v5p       | 95          | 4.80             |
    | H100 SXM      | 80          | 3.35             |
    | A100 SXM      | 80          | 2.00             |
    | H100 PCIe     | 80          | 2.00             |
    | L40S          | 48          | 0.86             |
    | TPU v4        | 32          | 1.20             |
    | TPU v5e       | 16          | 1.60             |
    """,
    version=VERSION,
    id="memory",
    name="Memory of the accelerators",
    note="By the makers' data sheets.",
    loosely=dict.fromkeys((f"{chip} / Memory (GB)" for chip in ("TPU v4", "MI300X", "MI250", "MI250X")), "GiB"),
    disputed={"A100 SXM / Bandwidth (TBps)": "the data sheet has 2,039 GB a second: it is so to two digits"},
    refuted={
        "TPU v5p / Bandwidth (TBps)": "the page has 2,765 GB a second: 4,800 Gb a second are its links'",
        "TPU v5e / Bandwidth (TBps)": "the page has 819 GB a second: 1,600 Gb a second are its links'",
    },
    reply={
        "TPU v5p / Bandwidth (TBps)": "The author read the row of the interconnect, in Gb, as memory, in GB.",
        "TPU v5e / Bandwidth (TBps)": "The author read the row of the interconnect, in Gb, as memory, in GB.",
    },
    uncheckable={
        **dict.fromkeys(("B100 SXM", "GH200 SXM (1)", "GH200 SXM (2)"), NONE),
        **dict.fromkeys(
            ("MI250 / Bandwidth (TBps)", "MI250X / Bandwidth (TBps)"),
            "AMD's documents at hand have 3.2 TB a second, to two digits",
        ),
    },
)
def test_memory(cell, makers, stated, reading, measure):
    """{row} has {stated} by the column {column}."""
    key, unit = ("capacity", G) if cell.column.startswith("M") else ("hbm", T)
    value = Fraction(makers[NAMES[cell.row]][key], unit)
    other = Fraction(makers[NAMES[cell.row]][key], 2**30) if key == "capacity" else round(value, 1)
    assert measure(value if reading == "literal" else other, cell.column) == stated


@CLAIMS.each()
def test_sums(claim, makers, stated, measure):
    a100, h100, h200 = (makers[name] for name in ("a100", "h100", "h200"))
    found = {
        "int8-faster": (Fraction(a100["int8"]) / a100["bf16"], "times as fast"),
        "bf16-faster": (Fraction(a100["bf16"]) / a100["tf32"], "times as fast"),
        "gb200-faster": (Fraction(makers["gb200"]["bf16"]) / makers["b200"]["bf16"] - 1, "of B200's FLOPs"),
        "h200-memory": (Fraction(h200["capacity"], G), "GB"),
        "h200-bandwidth": (Fraction(h200["hbm"], T), "TB a second"),
        "a100-bandwidth": (Fraction(1555, 1000), "TB a second"),
        "h100-bandwidth": (Fraction(h100["hbm"], T), "TB a second"),
        "nvl-memory": (94 - Fraction(h100["capacity"], G), "GB"),
        "nvl-bandwidth": (Fraction(39, 10), "TB a second"),
    }
    value, unit = found[claim]
    assert measure(value, unit) == stated
