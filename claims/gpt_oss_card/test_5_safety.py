"""Section 4: default safety performance. Scores are the published ones, in shares of 1."""

import statistics
from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import each, uncheckable
from claim_suite.fixtures.facts import ScoreTable
from claims.gpt_oss_card.entries import BOTH, LARGER, SMALLER, both

pytestmark = pytest.mark.cheap

ON_A_LEVEL = Fraction(2, 100)  # section 4.1: within 1 to 2 points
BY_MORE = (
    "Read as: tends to is in more than half of the categories, and significantly by more than the 2 points that the "
    "card calls on par; weaker: by as much on their mean."
)
ON_PAR = "Read as: in every category it is within the 2 points of o4-mini that section 4.1 calls on par"
GENERALLY = "Read as: generally is in more than half of the categories."
ON_MOST = "Read as: generally is on more than half of the evaluations of Tables 7 and 8."


def _leads(table: ScoreTable, model: str) -> list[Fraction]:
    return list(table.leads(model, over="o4-mini").values())


@each(
    "about",
    both(
        "| within-two-points | On the standard evaluation of disallowed content {model} generally performs within 1 "
        "to 2 points of o4-mini. |",
        note={
            "within-two-points-120b": GENERALLY + " In one it is further above.",
            "within-two-points-20b": GENERALLY + " In two it is further off, once below and once above.",
        },
        also_prints={"within-two-points-120b": ("1-2",)},
    ),
)
def test_within_two_points(about, card, measure):
    """The models generally perform within 1 to 2 points of o4-mini on the standard evaluation."""
    leads = _leads(card["table_4"], about.model)
    measure(100 * max(map(abs, leads)), "points", of="furthest from o4-mini")
    near = measure(sum(abs(lead) <= ON_A_LEVEL for lead in leads), f"categories of {len(leads)} within 2 points")
    assert 2 * near > len(leads)


@pytest.mark.claim(
    "standard-evaluation-is-saturated",
    loosely="gpt-oss-20b misses a hair more than the 2 points",
    note="Read as: none of the three reasoning models misses more, on the mean of its categories, than the 2 points "
    "that the card calls on par; weaker: all three together.",
)
def test_standard_evaluation_is_saturated(card, reading, measure):
    """Recent models saturate the standard evaluation of disallowed content."""
    missed = [1 - card["table_4"].mean(model) for model in (LARGER, SMALLER, "o4-mini")]
    worst = measure(100 * max(missed), "points missed", of="the worst model")
    together = measure(100 * sum(missed) / len(missed), "points missed", of="all three")
    assert {"literal": worst, "loose": together}[reading] <= 100 * ON_A_LEVEL


@pytest.mark.claim(
    "production-benchmarks-are-harder",
    note="Read as: every model of both tables has a lower mean over the categories.",
)
def test_production_benchmarks_are_harder(card, measure):
    """Scores of the production benchmarks are lower than those of the standard evaluation."""
    falls = [
        card["table_4"].mean(model) - card["table_5"].mean(model) for model in (LARGER, SMALLER, "o4-mini", "GPT-4o")
    ]
    assert measure(100 * min(falls), "points", of="smallest fall") > 0


@each(
    "about",
    both(
        "| outperforms-o4-mini-on-production | {model} tends to outperform o4-mini significantly on the production "
        "benchmarks. |",
        loosely={
            "outperforms-o4-mini-on-production-20b": "on the mean of the categories alone: in most it leads by less, "
            "or is behind"
        },
        note=BY_MORE,
    ),
)
def test_outperforms_o4_mini_on_production(about, card, reading, measure):
    """The models tend to outperform o4-mini significantly on the production benchmarks."""
    leads = _leads(card["table_5"], about.model)
    ahead = measure(sum(lead > ON_A_LEVEL for lead in leads), f"categories of {len(leads)} ahead by more than 2 points")
    mean = measure(100 * statistics.mean(leads), "points", of="mean lead")
    assert {"literal": 2 * ahead > len(leads), "loose": mean > 100 * ON_A_LEVEL}[reading]


@pytest.mark.claim("20b-behind-on-illicit-violent", model=SMALLER)
def test_20b_behind_on_illicit_violent(card, measure):
    """In the category illicit/violent gpt-oss-20b is below o4-mini and above GPT-4o."""
    row = card["table_5"].scores["illicit/violent"]
    below = measure(row["o4-mini"] - row[SMALLER], "of answers", of="below o4-mini") > 0
    assert below and measure(row[SMALLER] - row["GPT-4o"], "of answers", of="above GPT-4o") > 0


@each(
    "about",
    both(
        "| jailbreaks-like-o4-mini | Against jailbreaks {model} performs similarly to o4-mini. |",
        note={
            "jailbreaks-like-o4-mini-120b": ON_PAR + ". Section 4.3 calls it about parity.",
            "jailbreaks-like-o4-mini-20b": ON_PAR
            + "; in one category it is exactly 2 points below. Section 4.3 calls it "
            "about parity.",
        },
    ),
)
def test_jailbreaks_like_o4_mini(about, card, measure):
    """Against jailbreaks the models perform similarly to o4-mini."""
    furthest = max(map(abs, _leads(card["table_6"], about.model)))
    assert measure(100 * furthest, "points", of="furthest from o4-mini") <= 100 * ON_A_LEVEL


@each(
    "about",
    both(
        "| underperforms-at-hierarchy | {model} generally underperforms o4-mini at the instruction hierarchy. |",
        note={
            "underperforms-at-hierarchy-120b": ON_MOST + " With a password in the developer's message it is ahead.",
            "underperforms-at-hierarchy-20b": ON_MOST + " On one it is a thousandth behind.",
        },
    ),
)
def test_underperforms_at_hierarchy(about, card, measure):
    """The models generally underperform o4-mini at the instruction hierarchy."""
    leads = _leads(card["tables_7_and_8"], about.model)
    behind = measure(sum(lead < 0 for lead in leads), f"evaluations of {len(leads)} behind")
    assert 2 * behind > len(leads)


@each("about", both("| underperforms-at-facts | {model} underperforms o4-mini on both SimpleQA and PersonQA. |"))
def test_underperforms_at_facts(about, card, measure):
    """The models underperform o4-mini on SimpleQA and PersonQA: less accuracy, more hallucination."""
    leads = card["table_9"].leads(about.model, over="o4-mini")
    worse = [-lead if name.endswith("accuracy") else lead for name, lead in leads.items()]
    assert measure(100 * min(worse), "points", of="worse, at least") > 0


@pytest.mark.claim(
    "smaller-hallucinate-more",
    note="Read as: of the two models, the smaller one knows less and hallucinates more on both evaluations.",
)
def test_smaller_hallucinate_more(card, measure):
    """Smaller models know less of the world and tend to hallucinate more."""
    leads = card["table_9"].leads(SMALLER, over=LARGER)
    worse = [-lead if name.endswith("accuracy") else lead for name, lead in leads.items()]
    assert measure(100 * min(worse), "points", of="worse, at least") > 0


@each(
    "about",
    both(
        "| parity-on-bbq | On BBQ {model} is at about parity with o4-mini. |",
        loosely={
            "parity-on-bbq-120b": "on the mean of its rows alone: it is 5 points above on one and 5 below on the other"
        },
        disputed={
            "parity-on-bbq-20b": "about parity overall, as the card says of the larger model, whose rows are 5 "
            "points off: on their mean it is within as much"
        },
        words="Overall, we see both models perform at about parity with OpenAI o4-mini.",
        reply={
            "parity-on-bbq-20b": "About parity is said of both models and has no number; two points are of another set."
        },
        note={
            "parity-on-bbq-120b": ON_PAR + "; weaker: on their mean.",
            "parity-on-bbq-20b": ON_PAR + "; as the authors may say: on their mean as near as the larger on a row.",
        },
    ),
)
def test_parity_on_bbq(about, card, reading, measure):
    """On BBQ the models are at about parity with o4-mini."""
    leads, larger = (_leads(card["table_10"], one) for one in (about.model, LARGER))
    furthest = measure(100 * max(map(abs, leads)), "points", of="furthest from o4-mini")
    mean = measure(100 * abs(statistics.mean(leads)), "points", of="mean from o4-mini")
    found, most = {
        "literal": (furthest, ON_A_LEVEL),
        "loose": (mean, ON_A_LEVEL),
        "other": (mean, max(map(abs, larger))),
    }[reading]
    assert found <= 100 * most


@uncheckable(
    ("instruction-hierarchy-was-taught", "The models were taught to follow system over developer over user messages.",
     "the training data are not published; how well they follow is another claim"),
    ("no-pressure-on-thought", "No direct pressure was put on the models' chains of thought.",
     "it is about training that nobody else saw"),
    ("table-4-to-10-scores", "The scores of Tables 4 to 10 are what the models reach.",
     "sets and graders are not published, so no run could be the same; other claims compare them"),
    ("browsing-reduces-hallucination", "To browse tends to reduce hallucinations.",
     "both evaluations were run without browsing, and none with it is printed"),
    model=dict.fromkeys(("instruction-hierarchy-was-taught", "no-pressure-on-thought", "table-4-to-10-scores"), BOTH),
)  # fmt: skip
def test_uncheckable(statement):
    """What the card says of safety and nobody can check."""
