"""§5: open questions it raises."""

import pytest


@pytest.mark.cheap
@pytest.mark.claim(
    "all-experts-hurt",
    source="published sweep",
    note="By the published scores alone; where an interval includes 0, the fall is not clear of sampling noise.",
)
def test_all_experts_hurt(sweep, measure):
    """Using all experts lowers quality."""
    falls = sweep.falls(experts=8, against=2)
    assert min(measure(fall, "points", of=name).value for name, fall in falls.items()) > 0


@pytest.mark.gpu
@pytest.mark.claim("all-experts-hurt", source="fresh perplexity")
def test_all_experts_hurt_afresh(perplexity, measure):
    """Using all experts lowers quality."""
    for experts in perplexity.experts_used:
        measure(perplexity.of(experts), "perplexity", of=f"{experts} experts a token")
    assert measure(perplexity.rise(experts=8, against=2), "nats a token", of="rise from 2 experts to 8") > 0


@pytest.mark.cheap
@pytest.mark.claim(
    "nobody-reported-all-experts",
    uncheckable="that nothing was reported by some date cannot be measured; a sweep was published in May 2024",
)
def test_nobody_reported_all_experts():
    """Nobody has publicly reported using all experts."""
