"""Welcome Mixtral: what it is, how it scores, and its name."""

from fractions import Fraction
from statistics import mean

import pytest

from claim_suite.fixtures.claim.table import Listed, table
from claim_suite.fixtures.routing.sources import MIXTRAL

pytestmark = pytest.mark.cheap

INSTRUCT, ZEPHYR = "mixtral-8x7b-instruct-v0.1", "zephyr-7b-beta"


PART_1 = Listed(
    """
    | claim              | stated | says                                                                              |
    |--------------------|--------|-----------------------------------------------------------------------------------|
    | state-of-the-art   |        | Mixtral is the best open model.                                                   |
    | built-like-mistral |        | Its architecture is similar to Mistral 7B's.                                      |
    | two-experts-a-step | =2     | Two experts are chosen for each step.                                             |
    | four-times-12b     | 4      | It has four times as many parameters as the dense model of 12 billion whose speed |
    |                    |        | it has.                                                                           |
    | context-of-32k     | 32K    | It supports a context of 32k tokens.                                              |
    | most-benchmarks    |        | On most benchmarks it outperforms Llama-2-70B, and matches or beats GPT-3.5.      |
    | five-languages     |        | It speaks English, French, German, Spanish and Italian.                           |
    | humaneval          | 40.2%  | It has 40.2 % on HumanEval.                                                       |
    """,
    in_words={"two-experts-a-step": True},
    note={"context-of-32k": "A k is 1,024, as lengths are."},
    uncheckable={"state-of-the-art": "it compares with all open models there were that day"},
)


@PART_1.claim(note="Read as: attention and embeddings are the same in size.")
def test_built_like_mistral(mixtral, mistral, measure):
    attention = measure(mixtral.attention, "parameters", of="Mixtral's attention", also=mixtral.formula.attention)
    assert attention == measure(mistral.attention, "parameters", of="Mistral's", also=mistral.formula.attention)
    assert measure(mixtral.embeddings, "parameters", of="Mixtral's embeddings") == mistral.embeddings
    widths = ("vocab_size", "hidden_size", "intermediate_size", "query_size", "key_size", "head_dim")
    other = [width for width in widths if getattr(mixtral.widths, width) != getattr(mistral.widths, width)]
    assert measure(len(other), "widths", of="other than Mistral's") == 0


@PART_1.each("two-experts-a-step", "four-times-12b", "context-of-32k")
def test_sizes(claim, mixtral, stated, measure):
    formula, context = mixtral.formula, mixtral.config["max_position_embeddings"]
    chosen_also, times_also = {"configuration": formula.experts_per_token}, Fraction(formula.total, formula.active)
    found = {
        "two-experts-a-step": lambda: measure(mixtral.experts_per_token, "experts per token", also=chosen_also),
        "four-times-12b": lambda: measure(
            Fraction(mixtral.total, mixtral.active), "times those at work", also=times_also
        ),
        "context-of-32k": lambda: measure(context, "tokens") * Fraction(1000, 1024),
    }
    assert found[claim]() == stated


@PART_1.claim(
    note="Read as: on more than half of the benchmarks of the paper's Table 3 it is ahead of Llama-2-70B, and on more "
    "than half no lower than GPT-3.5."
)
def test_most_benchmarks(mixtral_paper_table3, measure):
    scores = mixtral_paper_table3["scores"]
    ours, llama, gpt = (scores[name] for name in ("Mixtral 8x7B", "Llama 2 70B", "GPT-3.5"))
    ahead = measure(sum(ours[name] > llama[name] for name in ours), "benchmarks", of="ahead of Llama-2-70B")
    level = measure(sum(ours[name] >= gpt[name] for name in ours), "benchmarks", of="no lower than GPT-3.5")
    assert min(ahead, level) > len(ours) / 2


@PART_1.claim(note="Read as: in each of the other four languages it scores no lower than in English, on MMLU.")
def test_five_languages(mixtral_paper_table3, measure):
    scores = dict(mixtral_paper_table3["MMLU by language"])
    english = measure(scores.pop("English"), "points", of="English")
    assert min(measure(score, "points", of=name) for name, score in scores.items()) >= english


@PART_1.claim
def test_humaneval(mixtral_paper_table3, stated, measure):
    assert measure(mixtral_paper_table3["HumanEval"] / 100, "of problems") == stated


@PART_1.each()
def test_uncheckable(claim):
    """Nobody can check it."""


BASE = "base models"
BASE_MODELS = {"Llama 2 70B": "llama-2-70b", "Falcon 40B": "falcon-40b", "Llama 2 7B": "llama-2-7b"}


@table(
    """
    | model       | tokens |
    |-------------|--------|
    | Llama 2 70B | 2,000B |
    | Falcon 40B  | 1,000B |
    | Llama 2 7B  | 2,000B |
    """,
    id="tokens",
    name=BASE,
    model=BASE_MODELS,
)
def test_tokens(cell, pretraining, stated, measure):
    """{row} was trained on {stated} tokens."""
    assert measure(pretraining[cell.row], "tokens") == stated


@table(
    """
    | model        | score |
    |--------------|-------|
    | Mixtral 8x7B | 68.42 |
    | Llama 2 70B  | 67.87 |
    | Falcon 40B   | 61.5  |
    | Mistral 7B   | 60.97 |
    | Llama 2 7B   | 54.32 |
    """,
    id="leaderboard",
    name=BASE,
    model=BASE_MODELS | {"Mixtral 8x7B": MIXTRAL, "Mistral 7B": "mistral-7b-v0.1"},
    uncheckable={
        "Falcon 40B": "the same authors print it in July 2023, when the leaderboard had four benchmarks; the scores of "
        "that time do not stand with it"
    },
    loosely={"Llama 2 7B": "it is the mean of the four benchmarks of before, beside means of six"},
    note="Read as: the mean of the six benchmarks of the leaderboard in December 2023; weaker: of the four that it had "
    "until November.",
)
def test_leaderboard(cell, leaderboard, reading, stated, measure):
    """{row} scores {stated} on the leaderboard of open models."""
    added = {"literal": (), "loose": ("Winogrande", "GSM8K")}[reading]
    scores = [score for name, score in leaderboard[cell.row].items() if name not in added]
    assert measure(mean(scores), "points", of=f"mean of {len(scores)} benchmarks") == stated


CHAT = "chat models"
A_K = "A k is 1,024, as lengths are; in the windows of GPT-4 Turbo and Claude 2.1, 1,000, as their makers print them."
IN_THOUSANDS = ("GPT-4 Turbo", "Claude 2.1")
JUDGED = "its answers, and what the judge said of them, are not published with it"


@table(
    """
    | model              | context window | MT-Bench |
    |--------------------|----------------|----------|
    | GPT-4 Turbo        | 128K           | 9.32     |
    | GPT-3.5 Turbo 0613 | 16K            | 8.32     |
    | Mixtral Instruct   | 32K            | 8.30     |
    | Claude 2.1         | 200K           | 8.18     |
    | OpenChat 3.5       | 8K             | 7.81     |
    | Zephyr 7B          |                | 7.34     |
    | Llama 2 70B chat   | 4K             | 6.86     |
    """,
    id="chat",
    name=CHAT,
    model={
        "GPT-4 Turbo": "gpt-4-turbo",
        "GPT-3.5 Turbo 0613": "gpt-3.5-turbo-0613",
        "Mixtral Instruct": INSTRUCT,
        "Claude 2.1": "claude-2.1",
        "OpenChat 3.5": "openchat-3.5",
        "Zephyr 7B": ZEPHYR,
        "Llama 2 70B chat": "llama-2-70b-chat",
    },
    uncheckable={
        "Claude 2.1 / MT-Bench": JUDGED,
        "GPT-3.5 Turbo 0613 / MT-Bench": "the Mixtral paper has this score for a later version, "
        "gpt-3.5-turbo-1106; what the version named here scored is not printed beside it",
    },
    note={
        "GPT-3.5 Turbo 0613 / context window": f"{A_K} Literally the edition that has the name of the row.",
        "context window": A_K,
    },
    disputed={"GPT-3.5 Turbo 0613 / context window": "of the wider edition of that day's version, which is named 16k"},
)
def test_chat(cell, mt_bench, reading, stated, measure):
    """{row}: {stated} ({column} in the table of chat models)."""
    name = {"other": f"{cell.row}, 16k"}.get(reading, cell.row)
    scores, k = mt_bench["scores"]["open"] | mt_bench["scores"]["closed"], 1000 if cell.row in IN_THOUSANDS else 1024
    found = {
        "context window": lambda: measure(mt_bench["windows"][name], "tokens") * Fraction(1000, k),
        "MT-Bench": lambda: measure(scores[name], "points"),
    }
    assert found[cell.column]() == stated


@pytest.mark.claim(
    "chat-zephyr-7b-context-window",
    stated="8K",
    model=ZEPHYR,
    table=CHAT,
    row="Zephyr 7B",
    column="context window",
    loosely="it is what the paper on Mistral 7B, its base, prints; the configurations of both have four times as many "
    "positions",
    note="Read as: the positions of its configuration; weaker: the context that the paper on its base prints.",
)
def test_context_of_zephyr(mt_bench, reading, stated, measure):
    """Zephyr 7B: 8K (context window in the table of chat models)."""
    window = {"literal": "Zephyr 7B", "loose": "Zephyr 7B, of its base"}[reading]
    assert measure(mt_bench["windows"][window], "tokens") == stated


PART_2 = Listed(
    """
    | claim                  | stated | says                                                            |
    |------------------------|--------|-----------------------------------------------------------------|
    | best-open-chat-model   |        | Mixtral Instruct is ahead of all other open models on MT-Bench. |
    | comparable-with-gpt-35 |        | Mixtral Instruct's performance is comparable with GPT-3.5's.    |
    | about-45b              | ~45B   | Mixtral has about 45 billion parameters.                        |
    | no-prompt-format       |        | The base model has no prompt format.                            |
    | exact-format           |        | The format of the example has to be reproduced exactly.         |
    """,
    model=dict.fromkeys(("best-open-chat-model", "comparable-with-gpt-35", "exact-format"), INSTRUCT),
    uncheckable={
        "no-prompt-format": "an absence: a base model has what its users find",
        "exact-format": "advice: what comes of another format is not said",
    },
)


@PART_2.claim(note="Read as: of those in the table.")
def test_best_open_chat_model(mt_bench, measure):
    scores = dict(mt_bench["scores"]["open"])
    ours = measure(scores.pop("Mixtral Instruct"), "points", of="Mixtral Instruct")
    assert ours > measure(max(scores.values()), "points", of="best other open model")


@PART_2.claim(
    note="Read as: nearer to GPT-3.5's score than to that of any other open model. GPT-3.5 is the version of the "
    "Mixtral paper. That Mixtral is the first of them cannot be seen from the table."
)
def test_comparable_with_gpt_35(mt_bench, measure):
    scores, gpt = dict(mt_bench["scores"]["open"]), mt_bench["scores"]["closed"]["GPT-3.5 Turbo 1106"]
    ours = scores.pop("Mixtral Instruct")
    behind = measure(abs(gpt - ours), "points", of="from GPT-3.5")
    assert behind < measure(
        min(abs(ours - other) for other in scores.values()), "points", of="from the next open model"
    )


@PART_2.claim
def test_about_45b(mixtral, stated, measure):
    also = {"formula": mixtral.formula.total, "published checkpoint": mixtral.checkpoint_total}
    assert measure(mixtral.total, "parameters", also=also) == stated


@PART_2.each()
def test_uncheckable_2(claim):
    """Nobody can check it."""
