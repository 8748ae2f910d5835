"""Report: its scores in words (sections 1, 4.4.2 and 5.3). Scores are the published ones."""

import statistics
from fractions import Fraction
from itertools import pairwise

import pytest

from claim_suite.fixtures.claim.table import Entry, each, uncheckable
from claims.deepseek_v3.names import CLAUDE, CLOSED, GPT_4O, LEVEL, OPEN, OTHER_BASE, V3, V3_BASE

pytestmark = pytest.mark.cheap

QWEN, LLAMA = OPEN[2:]
KNOWLEDGE = ("MMLU (EM)", "MMLU-Pro (EM)", "GPQA-Diamond (Pass@1)")
FACTS = ("SimpleQA (Correct)", "C-SimpleQA (Correct)")
MATHS = ("AIME 2024 (Pass@1)", "MATH-500 (EM)", "CNMO 2024 (Pass@1)")
COMPETITIONS = ("LiveCodeBench (Pass@1-COT)", "LiveCodeBench (Pass@1)", "Codeforces (Percentile)")
ENGINEERING = ("SWE Verified (Resolved)", "Aider-Edit (Acc.)", "Aider-Polyglot (Acc.)")
# the base models' table: where its groups begin
GROUPS = ("BBH (EM)", "HumanEval (Pass@1)", "GSM8K (EM)", "CLUEWSC (EM)", "MMMLU-non-English (Acc.)")
CHINESE = ("CLUEWSC (EM)", "C-Eval (Acc.)", "CMRC (EM)", "C3 (Acc.)", "CCPM (Acc.)")


@pytest.mark.claim(
    "outperforms-open-models-at-knowledge",
    also_prints=("88.5", "75.9", "59.1"),
    loosely="on MMLU Llama is a tenth of a point ahead, which the tables call the same level",
    note="Read as: on MMLU, MMLU-Pro and GPQA it is ahead of every open model; weaker: it is on the level of the best.",
)
def test_outperforms_open_models_at_knowledge(tables, reading, measure):
    """On MMLU, MMLU-Pro and GPQA it outperforms all other open-source models."""
    least = min(min(tables.chat.leads(V3, over=other, on=KNOWLEDGE).values()) for other in OPEN)
    least = measure(least, "points", of="narrowest lead")
    assert {"literal": least > 0, "loose": least >= -LEVEL}[reading]


@pytest.mark.claim(
    "mmlu-on-par",
    loosely="it is more than a point ahead of GPT-4o; it is on the level of the two others",
    note="Read as: no more than 0.3 points, which the tables call no gap, from each of Llama, GPT-4o and Claude; "
    "weaker: below none of them by more.",
)
def test_mmlu_on_par(tables, reading, measure):
    """On MMLU it is on par with LLaMA-3.1 405B, GPT-4o and Claude 3.5 Sonnet."""
    leads = [tables.chat.leads(V3, over=other)[KNOWLEDGE[0]] for other in (LLAMA, *CLOSED)]
    widest = measure(max(map(abs, leads)), "points", of="widest gap")
    least = measure(min(leads), "points", of="against the best of them")
    assert {"literal": widest <= LEVEL, "loose": least >= -LEVEL}[reading]


@pytest.mark.claim(
    "mmlu-over-qwen",
    note="Read as: by more than the four models that are called on par differ among themselves.",
)
def test_mmlu_over_qwen(tables, measure):
    """On MMLU it significantly outperforms Qwen2.5 72B."""
    row = tables.chat.scores[KNOWLEDGE[0]]
    on_par = [row[model] for model in (V3, LLAMA, *CLOSED)]
    lead = measure(row[V3] - row[QWEN], "points", of="lead")
    assert lead > measure(max(on_par) - min(on_par), "points", of="range of the models on par")


@pytest.mark.claim(
    "mmlu-redux-first",
    note="Read as: its score is the highest, be it by no more than the 0.3 points that the tables call no gap.",
)
def test_mmlu_redux_first(tables, measure):
    """On MMLU-Redux it surpasses its peers."""
    row = dict(tables.chat.scores["MMLU-Redux (EM)"])
    assert measure(row.pop(V3) - max(row.values()), "points", of="lead over the next") > 0


JUST_BEHIND = (
    "Read as: it lies nearer below the one that is named than above the next: what is close is less than what is a "
    "significant margin."
)


@each(
    "place",
    [
        Entry(("MMLU-Pro (EM)", CLAUDE), "mmlu-pro-just-behind", {"note": JUST_BEHIND,
            "says": "On MMLU-Pro it closely trails Claude 3.5 Sonnet."}),
        Entry(("GPQA-Diamond (Pass@1)", CLAUDE), "gpqa-just-behind", {"note": JUST_BEHIND,
            "says": "On GPQA it ranks just behind Claude 3.5 Sonnet, and outperforms all others substantially."}),
        Entry(("FRAMES (Acc.)", GPT_4O), "frames-just-behind", {"note": JUST_BEHIND,
            "refuted": "GPT-4o is nine times as far above it as Claude is below",
            "says": "On FRAMES it closely trails GPT-4o, and outperforms all others by a significant margin."}),
    ],
)  # fmt: skip
def test_just_behind(place, tables, measure):
    """On some benchmarks it lies just behind one model, and far ahead of all others."""
    row = dict(tables.chat.scores[place[0]])
    behind = measure(row.pop(place[1]) - row[V3], "points", of="behind")
    ahead = measure(row.pop(V3) - max(row.values()), "points", of="ahead of the next")
    assert ahead > behind


@pytest.mark.claim("best-on-longbench", note="Read as: its score is the highest.")
def test_best_on_longbench(tables, measure):
    """Its performance on LongBench v2 is best in class."""
    row = dict(tables.chat.scores["LongBench v2 (Acc.)"])
    assert measure(row.pop(V3) - max(row.values()), "points", of="lead over the next") > 0


@pytest.mark.claim(
    "follows-instructions-better-than-v2",
    note="Read as: on IF-Eval it leads both models of the V2 series by more than the best of all models leads it.",
)
def test_follows_instructions_better_than_v2(tables, measure):
    """At following instructions it significantly outperforms the DeepSeek-V2 series."""
    row = tables.chat.scores["IF-Eval (Prompt Strict)"]
    lead = measure(min(row[V3] - row[other] for other in OPEN[:2]), "points", of="narrower lead")
    assert lead > measure(max(row.values()) - row[V3], "points", of="behind the best")


@pytest.mark.claim(
    "like-qwen-at-chinese-tasks",
    loosely="half a point apart at most, once each way: more than the tables call no gap",
    note="Read as: on C-Eval and CLUEWSC within 0.3 points of Qwen2.5 72B; weaker: within 0.3 on the mean of the two.",
)
def test_like_qwen_at_chinese_tasks(tables, reading, measure):
    """On C-Eval and CLUEWSC it and Qwen2.5 72B are on similar levels."""
    leads = list(tables.chat.leads(V3, over=QWEN, on=("C-Eval (EM)", "CLUEWSC (EM)")).values())
    widest = measure(max(map(abs, leads)), "points", of="wider gap")
    mean = measure(abs(sum(leads) / len(leads)), "points", of="gap of the means")
    assert {"literal": widest, "loose": mean}[reading] <= LEVEL


@pytest.mark.claim(
    "arena-hard-like-claude", note="Read as: within 0.3 points, which the tables call no gap: it is a tie."
)
def test_arena_hard_like_claude(tables, measure):
    """On Arena-Hard it performs on par with Claude 3.5 Sonnet."""
    row = tables.open_ended.scores["Arena-Hard"]
    assert measure(abs(row["DeepSeek-V3"] - row["Claude-Sonnet-3.5-1022"]), "points", of="gap") <= LEVEL


@pytest.mark.claim("superior-open-model-at-facts", note="Read as: ahead of every open model on both.")
def test_superior_open_model_at_facts(tables, measure):
    """On SimpleQA and Chinese SimpleQA it is superior among open-source models."""
    least = min(min(tables.chat.leads(V3, over=other, on=FACTS).values()) for other in OPEN)
    assert measure(least, "points", of="narrowest lead") > 0


@pytest.mark.claim("trails-closed-models-at-facts")
def test_trails_closed_models_at_facts(tables, measure):
    """It trails GPT-4o and Claude 3.5 Sonnet on SimpleQA, and surpasses both on Chinese SimpleQA."""
    english, chinese = ([tables.chat.leads(V3, over=other)[name] for other in CLOSED] for name in FACTS)
    behind = measure(max(english), "points", of="SimpleQA, at best")
    assert behind < 0 < measure(min(chinese), "points", of="Chinese SimpleQA, at least")


@pytest.mark.claim(
    "best-on-drop", stated="91.6", note="Read as: it scores so, and no other model of the table as much."
)
def test_best_on_drop(tables, stated, measure):
    """On DROP it achieves 91.6, more than all other models."""
    row = dict(tables.chat.scores["DROP (3-shot F1)"])
    own, others = measure(row.pop(V3), "F1"), measure(max(row.values()), "F1", of="the next")
    assert own == stated and stated > others


@pytest.mark.claim(
    "best-at-maths",
    note="Read as: on the level of the best on AIME, MATH-500 and CNMO, among the models of the table.",
)
def test_best_at_maths(tables, measure):
    """On mathematics it is the best of all models without long chains of thought."""
    assert measure(sum(V3 in tables.level("chat", name) for name in MATHS), f"of {len(MATHS)} first") == len(MATHS)


@pytest.mark.claim(
    "best-at-coding-competitions",
    note="Read as: on the level of the best on LiveCodeBench, both ways, and Codeforces.",
)
def test_best_at_coding_competitions(tables, measure):
    """It is the top model on benchmarks of coding competitions."""
    first = sum(V3 in tables.level("chat", name) for name in COMPETITIONS)
    assert measure(first, f"of {len(COMPETITIONS)} first") == len(COMPETITIONS)


@pytest.mark.claim(
    "slightly-below-claude-at-engineering",
    loosely="on the mean of the three: on SWE-bench Verified Claude's lead is nearly three times its own over the next",
    note="Read as: on each of SWE-bench Verified and both Aider rows, it lies nearer below Claude than above the next "
    "model, or above Claude: what is slight is less than what is significant; weaker: on their mean.",
)
def test_slightly_below_claude_at_engineering(tables, reading, measure):
    """At engineering it is slightly below Claude 3.5 Sonnet and outpaces all others by a significant margin."""
    behind = tables.chat.leads(CLAUDE, over=V3, on=ENGINEERING)
    others = [tables.chat.leads(V3, over=other, on=ENGINEERING) for other in (*OPEN, GPT_4O)]
    ahead = {name: min(leads[name] for leads in others if name in leads) for name in ENGINEERING}
    nearer = [ahead[name] - behind[name] for name in ENGINEERING]
    least, mean = measure(min(nearer), "points", of="nearer to Claude, at least"), sum(nearer) / len(nearer)
    assert {"literal": least, "loose": measure(mean, "points", of="nearer to Claude, mean")}[reading] > 0


@pytest.mark.claim(
    "beats-v2-and-qwen",
    loosely="on the mean of every group of benchmarks: on single ones DeepSeek-V2 is ahead on five, Qwen2.5 on two",
    note="Read as: comprehensively is on every benchmark of the base models' table that is in per cent; weaker: on the "
    "mean of each group of the table, for of Llama the sentence says the majority. In bits per byte it is ahead of "
    "both, too.",
)
def test_beats_v2_and_qwen(tables, reading, measure):
    """The base model comprehensively outperforms DeepSeek-V2 and Qwen2.5 72B."""
    in_percent = tables.base_in_percent
    groups = [in_percent[first:end] for first, end in pairwise([*map(in_percent.index, GROUPS), len(in_percent)])]
    leads = [tables.base.leads(V3_BASE, over=other, on=in_percent) for other in OTHER_BASE[:2]]
    ahead = min(sum(lead > 0 for lead in each.values()) for each in leads)
    least = min(statistics.mean(each[name] for name in group) for each in leads for group in groups)
    ahead = measure(ahead, f"of {len(in_percent)} ahead, at least")
    least = measure(least, "points", of=f"narrowest mean lead in {len(groups)} groups")
    assert {"literal": ahead == len(in_percent), "loose": least > 0}[reading]


@pytest.mark.claim(
    "surpasses-llama-on-most",
    note="Read as: on more than half of the base models' benchmarks that are in per cent. In bits per byte it is not.",
)
def test_surpasses_llama_on_most(tables, measure):
    """The base model surpasses LLaMA-3.1 405B on the majority of benchmarks."""
    in_percent = tables.base_in_percent
    ahead = sum(lead > 0 for lead in tables.base.leads(V3_BASE, over=OTHER_BASE[2], on=in_percent).values())
    assert 2 * measure(ahead, f"of {len(in_percent)} benchmarks ahead") > len(in_percent)


@pytest.mark.claim("half-of-qwen", stated="1/2", in_words=True,
    loosely="37 to 72 is half only to a tenth",
    note="Of the numbers that the table prints. Read as: exactly half; weaker: half when both are given to one tenth.",
)  # fmt: skip
def test_half_of_qwen(reading, stated, measure):
    """It activates only half of the parameters of Qwen2.5 72B."""
    share = measure(Fraction(37, 72), "of Qwen2.5's")
    assert {"literal": share, "loose": Fraction(round(10 * share), 10)}[reading] == stated


@pytest.mark.claim("eleven-times-fewer-than-llama", stated="11", note="Of the numbers that the table prints.")
def test_eleven_times_fewer_than_llama(v3, stated, measure):
    """LLaMA-3.1 405B activates 11 times as many parameters."""
    counted = Fraction(405 * 10**9, v3.model.active)
    measure(counted, "times", of="the parameters counted")
    assert measure(Fraction(405, 37), "times", of="the numbers printed") == stated


@pytest.mark.claim("better-than-qwen-in-chinese", note="Read as: on every Chinese benchmark but CMMLU.")
def test_better_than_qwen_in_chinese(tables, measure):
    """In Chinese the base model is better than Qwen2.5 72B but on CMMLU."""
    leads = tables.base.leads(V3_BASE, over=OTHER_BASE[1])
    behind = measure(leads["CMMLU (Acc.)"], "points", of="CMMLU")
    assert behind < 0 < measure(min(leads[name] for name in CHINESE), "points", of="narrowest lead on the others")


@pytest.mark.claim(
    "ten-points-over-the-second",
    stated="10%",
    loosely="as the least of three leads, on MATH-500: on the two others it leads by far more, as on the mean",
    note="Read as: on the mean of AIME, MATH-500 and CNMO its lead over Qwen2.5 72B is 10 points to the nearest; "
    "weaker: it leads by that at least, for its narrowest lead is.",
)
def test_ten_points_over_the_second(tables, reading, stated, measure):
    """On AIME, MATH-500 and CNMO it is about 10 points ahead of the second best, Qwen2.5 72B."""
    leads = tables.chat.leads(V3, over=QWEN, on=MATHS)
    for name, lead in leads.items():
        measure(lead, "points", of=name)
    found = {"literal": sum(leads.values()) / len(leads), "loose": min(leads.values())}[reading]
    assert measure(found / 100, "of all problems", of="lead") == stated


@pytest.mark.claim("chinese-facts-over-qwen", stated="16.4")
def test_chinese_facts_over_qwen(tables, stated, measure):
    """On Chinese SimpleQA it surpasses Qwen2.5 72B by 16.4 points."""
    assert measure(tables.chat.leads(V3, over=QWEN)[FACTS[1]], "points") == stated


@pytest.mark.claim(
    "qwen-has-more-tokens",
    model="qwen2.5-72b",
    stated="20%",
    also_prints=("18T",),
    loosely="to the nearest ten per cent: it is nearly 22",
    note="Read as: 19.5 to 20.5 per cent; weaker: to the nearest ten.",
)
def test_qwen_has_more_tokens(costs, reading, stated, measure):
    """Qwen2.5's 18 trillion tokens are 20 % more than its 14.8."""
    corpora = costs.corpora
    more = measure(Fraction(corpora["trillions_of_qwen"]) / corpora["trillions"] - 1, "more")
    assert {"literal": more, "loose": Fraction(round(10 * more), 10)}[reading] == stated


@pytest.mark.claim(
    "arena-hard-over-86",
    stated="86%",
    refuted="its own table has half a point less",
    note="Read as: its score on Arena-Hard, which is a win rate, is higher than 86.",
)
def test_arena_hard_over_86(tables, stated, measure):
    """On Arena-Hard its win rate is over 86 %."""
    assert measure(tables.open_ended.scores["Arena-Hard"]["DeepSeek-V3"] / 100, "win rate") > stated


@pytest.mark.claim(
    "first-open-model-over-85",
    stated="85%",
    note="Read as: it is over 85, and no other open model of the table is. That none was elsewhere cannot be measured.",
)
def test_first_open_model_over_85(tables, stated, measure):
    """It is the first open-source model to surpass 85 % on Arena-Hard."""
    row = tables.open_ended.scores["Arena-Hard"]
    others = max(row[name] for name in ("DeepSeek-V2.5-0905", "Qwen2.5-72B-Instruct", "LLaMA-3.1 405B"))
    assert (
        stated < measure(row["DeepSeek-V3"] / 100, "win rate")
        and measure(others / 100, "win rate", of="others") < stated
    )


@pytest.mark.claim("best-at-alpaca-eval", note="Read as: first of all models of the table.")
def test_best_at_alpaca_eval(tables, measure):
    """On AlpacaEval 2.0 it outperforms open and closed models."""
    row = dict(tables.open_ended.scores["AlpacaEval 2.0"])
    lead = row.pop("DeepSeek-V3") - max(row.values())
    assert measure(lead, "points", of="lead over the next") > 0


@pytest.mark.claim(
    "alpaca-eval-over-v2-5", stated="20%", note="In points. It is an exact tie, 19.5: printed up.",
)  # fmt: skip
def test_alpaca_eval_over_v2_5(tables, stated, measure):
    """On AlpacaEval 2.0 it surpasses DeepSeek-V2.5 by 20 %."""
    row = tables.open_ended.scores["AlpacaEval 2.0"]
    assert measure((row["DeepSeek-V3"] - row["DeepSeek-V2.5-0905"]) / 100, "win rate", of="above V2.5") == stated


@uncheckable(
    ("outperforms-o1-preview", "It outperforms o1-preview on MATH-500.", "no score of o1-preview is printed"),
    ("distillation-explains-maths", "The distillation from R1 is why it is so good at mathematics.",
     "it takes a model that differs in nothing else"),
)  # fmt: skip
def test_uncheckable(statement):
    """What the report says of scores, and nobody can check."""
