"""README, section 4: evaluation results, and the rule for bold. Scores are the published ones."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import table, uncheckable
from claims.deepseek_v3.names import CLOSED, LEVEL, ON_THE_MEAN, OPEN, V3, V3_BASE

pytestmark = pytest.mark.cheap

BASE = "Standard benchmarks of base models"
RULE = "Read as: the README's rule: the best score is bold, and so is every other that is no more than 0.3 from it."
MATHS_AND_CODE = (
    "HumanEval (Pass@1)",
    "MBPP (Pass@1)",
    "LiveCodeBench-Base (Pass@1)",
    "CRUXEval-I (Acc.)",
    "CRUXEval-O (Acc.)",
    "GSM8K (EM)",
    "MATH (EM)",
    "MGSM (EM)",
    "CMath (EM)",
)
NO_WORLD = " Nothing turns it: bits per byte are so few that no world sets them 0.3 apart and leaves one the best."
BEST_ALONE = (
    "best results are bold, as the sentence before says, and the rule tells a reader how near to take scores; the "
    "report's table of the same scores has both bold"
)
GAPS = {"literal": LEVEL, "loose": Fraction(0), "other": Fraction(0)}


@table(
    """
    | Benchmark          | DeepSeek-V2 |
    | # Activated Params | 21B         |
    | # Total Params     | 236B        |
    """,
    id="parameters",
    name=BASE,
    model="deepseek-v2",
)
def test_parameters_of_v2(cell, v2, stated, measure):
    """{row} of {column}: {stated}."""
    of = {"# Activated Params": "active", "# Total Params": "total"}[cell.row]
    assert measure(getattr(v2.model, of), "parameters", also=getattr(v2.formula, of)) == stated


@table(
    """
    | Benchmark                   | in bold |
    | Pile-test (BPB)             | 1       |
    | BBH (EM)                    | 1       |
    | MMLU (Acc.)                 | 1       |
    | MMLU-Redux (Acc.)           | 1       |
    | MMLU-Pro (Acc.)             | 1       |
    | DROP (F1)                   | 1       |
    | ARC-Easy (Acc.)             | 1       |
    | ARC-Challenge (Acc.)        | 2       |
    | HellaSwag (Acc.)            | 1       |
    | PIQA (Acc.)                 | 1       |
    | WinoGrande (Acc.)           | 1       |
    | RACE-Middle (Acc.)          | 1       |
    | RACE-High (Acc.)            | 1       |
    | TriviaQA (EM)               | 1       |
    | NaturalQuestions (EM)       | 1       |
    | AGIEval (Acc.)              | 1       |
    | HumanEval (Pass@1)          | 1       |
    | MBPP (Pass@1)               | 1       |
    | LiveCodeBench-Base (Pass@1) | 1       |
    | CRUXEval-I (Acc.)           | 1       |
    | CRUXEval-O (Acc.)           | 1       |
    | GSM8K (EM)                  | 1       |
    | MATH (EM)                   | 1       |
    | MGSM (EM)                   | 1       |
    | CMath (EM)                  | 1       |
    | CLUEWSC (EM)                | 1       |
    | C-Eval (Acc.)               | 1       |
    | CMMLU (Acc.)                | 1       |
    | CMRC (EM)                   | 1       |
    | C3 (Acc.)                   | 1       |
    | CCPM (Acc.)                 | 1       |
    | MMMLU-non-English (Acc.)    | 1       |
    """,
    id="bold",
    name=BASE,
    in_words=True,
    loosely={"Pile-test (BPB)": "only where a gap of 0.3 is one in per cent, and not in bits per byte"},
    disputed=dict.fromkeys(("HellaSwag (Acc.)", "TriviaQA (EM)", "CLUEWSC (EM)"), BEST_ALONE),
    note={
        "in bold": RULE + " Weaker, and as the authors may say: the best alone.",
        "Pile-test (BPB)": RULE + " Weaker: in this row the best alone." + NO_WORLD,
    },
)
def test_bold_of_base_models(cell, tables, reading, stated, measure):
    """On {row}, {stated} in bold: the best score, with all on its level."""
    level, bold = tables.level("base", cell.row, GAPS[reading]), set(tables.bold["base"][cell.row])
    as_many = measure(len(level), "scores on the level of the best") == stated
    assert as_many and measure(len(level ^ bold), "scores marked otherwise") == 0


@pytest.mark.claim(
    "bold-in-the-report",
    also_prints=("0.3",),
    version="the report, Table 3",
    link="https://github.com/deepseek-ai/DeepSeek-V3/blob/4c2fdb8f55e049553b9f4f1a3241f86d739c8cf8/DeepSeek_V3.pdf",
    loosely="everywhere but in the row in bits per byte",
    note=RULE + " The report prints the same scores, and marks three more than the README does; weaker: of the rows in "
    "per cent." + NO_WORLD,
)
def test_bold_in_the_report(tables, reading, measure):
    """In the report's table of the same scores, the bold ones are the best with all on their level."""
    misprinted = tables.misprinted("base", "base_in_the_report")
    in_percent = [name for name in misprinted if name in tables.base_in_percent]
    assert measure(len({"literal": misprinted, "loose": in_percent}[reading]), "rows marked otherwise") == 0


@pytest.mark.claim(
    "best-on-most",
    model="deepseek-v3",
    note="Read as: its score is on the level of the best on more than half of the base models' benchmarks that are in "
    "per cent. In bits per byte it is not the best.",
)
def test_best_on_most(tables, measure):
    """DeepSeek-V3 achieves the best performance on most benchmarks."""
    names = tables.base_in_percent
    best = sum(V3_BASE in tables.level("base", name) for name in names)
    assert 2 * measure(best, f"of {len(names)} benchmarks on the best level") > len(names)


@pytest.mark.claim(
    "especially-on-maths-and-code",
    model="deepseek-v3",
    note="Read as: on a larger share of the benchmarks that the table groups under code and maths than of the others "
    "that are in per cent.",
)
def test_especially_on_maths_and_code(tables, measure):
    """It does so especially on tasks of mathematics and code."""
    best = {name: V3_BASE in tables.level("base", name) for name in tables.base_in_percent}
    grouped = [best.pop(name) for name in MATHS_AND_CODE]
    there = measure(Fraction(sum(grouped), len(grouped)), "of its benchmarks", of="code and maths")
    assert there > measure(Fraction(sum(best.values()), len(best)), "of its benchmarks", of="others")


@table(
    """
    | Benchmark                  | in bold |
    | MMLU (EM)                  | 3       |
    | MMLU-Redux (EM)            | 2       |
    | MMLU-Pro (EM)              | 1       |
    | DROP (3-shot F1)           | 1       |
    | IF-Eval (Prompt Strict)    | 1       |
    | GPQA-Diamond (Pass@1)      | 1       |
    | SimpleQA (Correct)         | 1       |
    | FRAMES (Acc.)              | 1       |
    | LongBench v2 (Acc.)        | 1       |
    | HumanEval-Mul (Pass@1)     | 1       |
    | LiveCodeBench (Pass@1-COT) | 1       |
    | LiveCodeBench (Pass@1)     | 1       |
    | Codeforces (Percentile)    | 1       |
    | SWE Verified (Resolved)    | 1       |
    | Aider-Edit (Acc.)          | 1       |
    | Aider-Polyglot (Acc.)      | 1       |
    | AIME 2024 (Pass@1)         | 1       |
    | MATH-500 (EM)              | 1       |
    | CNMO 2024 (Pass@1)         | 1       |
    | CLUEWSC (EM)               | 1       |
    | C-Eval (EM)                | 1       |
    | C-SimpleQA (Correct)       | 1       |
    """,
    id="chat-bold",
    name="Standard benchmarks of chat models",
    in_words=True,
    note=RULE + " It stands below the base models' table; this one is marked by it, too.",
)
def test_bold_of_chat_models(cell, tables, stated, measure):
    """On {row}, {stated} in bold: the best score, with all on its level."""
    level, bold = tables.level("chat", cell.row), set(tables.bold["chat"][cell.row])
    as_many = measure(len(level), "scores on the level of the best") == stated
    assert as_many and measure(len(level ^ bold), "scores marked otherwise") == 0


@pytest.mark.claim(
    "best-open-chat-model",
    model="deepseek-v3",
    note=ON_THE_MEAN.format("each open model") + " In print it is ahead of all of them on 20 rows of 22.",
)
def test_best_open_chat_model(tables, measure):
    """DeepSeek-V3 is the best-performing open-source model."""
    assert measure(tables.chat.lead(V3, over=OPEN), "points", of="narrowest mean lead") > 0


@pytest.mark.claim(
    "competitive-with-closed", model="deepseek-v3", note=ON_THE_MEAN.format("both closed models of the table")
)
def test_competitive_with_closed(tables, measure):
    """It exhibits competitive performance against frontier closed models."""
    assert measure(tables.chat.lead(V3, over=CLOSED), "points", of="narrower mean lead") > 0


@table(
    """
    | Benchmark      | in bold |
    | Arena-Hard     | 1       |
    | AlpacaEval 2.0 | 1       |
    """,
    id="open-ended-bold",
    name="Open ended generation evaluation",
    in_words=True,
    loosely={"Arena-Hard": "only where the rule is not for this table: the next score is exactly 0.3 from the best"},
    note=RULE + " It stands below the base models' table; this one is held to it, too. Weaker: here the best alone.",
)
def test_bold_of_open_ended(cell, tables, reading, stated, measure):
    """On {row}, {stated} in bold: the best score, with all on its level."""
    level, bold = tables.level("open_ended", cell.row, GAPS[reading]), set(tables.bold["open_ended"][cell.row])
    as_many = measure(len(level), "scores on the level of the best") == stated
    assert as_many and measure(len(level ^ bold), "scores marked otherwise") == 0


@uncheckable(
    ("needle-in-a-haystack", "It performs well in all context windows up to 128K.",
     "the results stand in a picture only, and what is well is not said"),
    ("scores-as-measured", "The scores are what the models reach.",
     "the framework of evaluation is internal, so no run could be the same; other claims compare them"),
    ("output-limit", "All models were evaluated with outputs of up to 8K, small sets several times.",
     "the runs are not published"),
    model={"needle-in-a-haystack": "deepseek-v3"},
)  # fmt: skip
def test_uncheckable(statement):
    """What the README says of its evaluation, and nobody can check."""
