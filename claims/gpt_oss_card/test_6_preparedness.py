"""Section 5 and the appendices: preparedness."""

import pytest

from claim_suite.fixtures.claim.table import Entry, each, uncheckable
from claims.gpt_oss_card.entries import BOTH, LARGER

pytestmark = pytest.mark.cheap


@pytest.mark.claim(
    "nine-of-twelve-urgent",
    stated="9",
    also_prints=("12",),
    note="Held against Appendix 2: it lists those of high urgency that were not adopted, three, as the text says too.",
)
def test_nine_of_twelve_urgent(contents, stated, measure):
    """9 of the 12 recommendations of high urgency were acted on."""
    of = contents["recommendations"]
    assert measure(of["high_urgency"] - of["high_urgency_not_adopted"], "not listed as left out") == stated


@pytest.mark.claim("five-cyber-ranges", stated="5")
def test_five_cyber_ranges(contents, stated, measure):
    """Five scenarios of the cyber range are implemented."""
    assert measure(len(contents["cyber_ranges"]), "scenarios that follow") == stated


@pytest.mark.claim(
    "subset-of-swe-bench",
    stated="477",
    note="Held against what the company said with GPT-4.1: of the 500 problems of SWE-bench Verified it leaves out 23, "
    "which do not run on its infrastructure.",
)
def test_subset_of_swe_bench(elsewhere, stated, measure):
    """A fixed subset of 477 problems of SWE-bench Verified is used."""
    of = elsewhere["swe_bench_verified"]
    assert measure(of["all"] - of["not_run"], "problems that run") == stated


@each(
    "field",
    [
        Entry(("paperbench", "papers"), "paperbench-papers", {"stated": "20", "says": "PaperBench has 20 papers."}),
        Entry(("paperbench", "tasks"), "paperbench-tasks", {"stated": "8,316",
            "says": "PaperBench has 8,316 tasks that are graded one by one."}),
        Entry(("protocolqa", "published"), "protocolqa-questions", {"stated": "108",
            "says": "108 questions of ProtocolQA were made open-ended.",
            "note": "Read as: all that are published of it."}),
    ],
)  # fmt: skip
def test_sets_of_others(field, elsewhere, stated, measure):
    """What a set that others made has."""
    name, what = field
    assert measure(elsewhere[name][what], what) == stated


@pytest.mark.claim(
    "o4-mini-a-point-above-o3",
    stated="1",
    in_words=True,
    model="o4-mini",
    note="Of this evaluation, the sentence says: held against Figure 14 above it, in whole per cents. Figure 2, of "
    "another run, has o3 a point above o4-mini.",
)
def test_o4_mini_a_point_above_o3(card, stated, measure):
    """On SWE-bench Verified, as run for this section, o4-mini is just one point above o3."""
    lead = card["figure_14"].leads("o4-mini", over="o3")["SWE-bench Verified"]
    assert measure(lead, "points", of="o4-mini above o3") == stated


@pytest.mark.claim(
    "harmony-tables-17-and-18",
    loosely="of figures: its tables end at 13, and the figures of these numbers show the example",
    also_prints=("17", "18"),
    note="Read as: the appendix has tables of these numbers; weaker: figures.",
)
def test_harmony_tables(contents, reading, measure):
    """Tables 17 and 18 of the appendix show an example of the chat format."""
    kind = {"literal": "Table", "loose": "Figure"}[reading]
    assert measure(len({17, 18} & set(contents["captions"][kind])), f"of these numbers: {kind.lower()}s") == 2


PICTURE = "the values stand in a picture only, and the questions are not public"
INSIDE = "it is about what was done inside the company"


@uncheckable(
    ("not-high-capability", "The default model reaches no threshold of high capability.",
     "of three categories one prints a threshold, and none its scores"),
    ("does-not-advance-the-frontier", "The release does not significantly advance what open models can in biology.",
     PICTURE),
    ("acted-on-11", "11 of the external reviewers' recommendations were acted on.",
     "Appendix 2 sums up what was done, and an entry may answer two recommendations: its ten tell no number", "11"),
    ("22-recommendations", "External reviewers submitted 22 recommendations.",
     "only those that are discussed are listed", "22"),
    ("virology-questions", "350 virology questions were held out.",
     "the set is not public; Appendix 2 speaks of a final one of 322, and how they belong together is not said", "350"),
    ("above-human-virology", "All models score above the average human baseline of 40 % at virology.", PICTURE, "40%"),
    ("protocolqa-experts", "19 scientists with a doctorate gave its expert baseline.", INSIDE, "19"),
    ("below-protocolqa-consensus", "All models are below the consensus of the experts, 54 %.", PICTURE, "54%"),
    ("below-protocolqa-median", "All models are below the median expert, 42 %.",
     "the bars of the card's figure on ProtocolQA, a number for each model, decide it: they are in no text", "42%"),
    ("below-tacit-consensus", "No model outperforms the experts' consensus of 80 % on tacit knowledge.",
     PICTURE, "80%"),
    ("above-tacit-percentile", "All models outperform the 80th percentile of experts, 63 %.", PICTURE, "63%"),
    ("troubleshooting-protocols", "TroubleshootingBench has 52 protocols with three questions each.", INSIDE, "52"),
    ("troubleshooting-experts", "12 independent experts gave its baseline.", INSIDE, "12"),
    ("below-troubleshooting-percentile", "All models are below the 80th percentile of experts, 36.4 %.",
     PICTURE, "36.4%"),
    ("o3-highest-at-biology", "o3 scores highest on the four biological benchmarks.", PICTURE),
    ("ctf-challenges", "Over 100 challenges of capture the flag were used.", INSIDE, "100"),
    ("ctf-rollouts", "16 rollouts a challenge give pass@12.", INSIDE, "16"),
    ("cybermax-three-points-below-o3", "The model trained for cybersecurity is only 3 points below o3.", PICTURE, "3"),
    ("cyber-range-trials", "30 trials a scenario were run.", INSIDE, "30"),
    ("no-scenario-solved", "No model solves a scenario of the cyber range, with hints or without.", PICTURE, "0%"),
    ("tries-per-problem", "4 tries a problem give pass@1 on SWE-bench Verified.", INSIDE, "4"),
    ("two-points-below-on-pull-requests", "The models are two points below o4-mini on pull requests.",
     "the bars of the card's figure on OpenAI's pull requests, of o4-mini and both models, decide it: they are in "
     "no text"),
    ("paperbench-subset", "10 papers were used, each with less than 10 GB of data.", "which ones is not said", "10"),
    model={
        "not-high-capability": LARGER,
        "does-not-advance-the-frontier": LARGER,
        "o3-highest-at-biology": "o3",
        "cybermax-three-points-below-o3": "cybermax",
        "two-points-below-on-pull-requests": BOTH,
    },
)  # fmt: skip
def test_uncheckable(statement):
    """What the card says of preparedness and nobody can check."""
