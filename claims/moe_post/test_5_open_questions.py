"""§5: open questions it raises."""

import pytest


@pytest.mark.cheap
@pytest.mark.claim(
    "all-experts-hurt",
    source="published sweep",
    undecided="on the mean of the benchmarks the interval includes zero; of the four, one alone is clear of noise",
    note="Read as: a lower mean over the benchmarks than with as many experts as it was trained with, for the word is "
    "said of quality and not of a benchmark. Intervals are "
    "from the numbers of problems, as if each score were of other problems: which problems were solved is not "
    "published, so they are wider than need be, and the published scores do not settle it either way.",
)
def test_all_experts_hurt(sweep, mixtral, measure):
    """Using all experts lowers quality."""
    trained, every = str(mixtral.experts_per_token), str(mixtral.expert_count)
    for name in sweep.percent[every]:
        measure(sweep.lead(trained, over=every, on=[name]), "points", of=f"fall on {name}")
    assert measure(sweep.lead(trained, over=every, on=sweep.percent[every]), "points", of="mean fall") > 0


@pytest.mark.gpu
@pytest.mark.claim("all-experts-hurt", source="fresh perplexity")
def test_all_experts_hurt_afresh(perplexity, mixtral, measure):
    """Using all experts lowers quality."""
    for experts in perplexity.experts_used:
        measure(perplexity.of(experts), "perplexity", of=f"{experts} experts a token")
    rise = perplexity.rise(experts=mixtral.expert_count, against=mixtral.experts_per_token)
    assert measure(rise, "nats a token", of="rise with all experts") > 0


@pytest.mark.cheap
@pytest.mark.claim(
    "nobody-reported-all-experts",
    disputed="a report says what came of it: an older build runs all experts and prints no result, and a graph of "
    "those days has its numbers in an image",
    note="Literally: no dated public page that is older than the year of the post says in words that it ran all "
    "experts. Other: none prints a result with all of them.",
)
def test_nobody_reported_all_experts(public_reports, mixtral, reading, measure):
    """Nobody has publicly reported using all experts."""
    older = public_reports.older(mixtral.expert_count)
    with_results = [each for each in older if each["results"]]
    found = {"literal": older, "other": with_results}[reading]
    assert measure(len(found), "found before the post", of="reports of all experts") == 0
