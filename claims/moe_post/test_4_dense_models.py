"""§4: against larger dense models. Scores are the published ones."""

from statistics import mean

import pytest

from fixtures.published import CODE, MATHS, widest_elsewhere

pytestmark = pytest.mark.cheap


@pytest.mark.claim("active-parameters", stated="12B", loosely="cut short, not rounded")
def test_active_parameters(mixtral, stated, measure):
    """12 billion of Mixtral's parameters are active per token."""
    assert measure(mixtral.active, "parameters", also=mixtral.closed_form.active) == stated


@pytest.mark.claim("total-about-46B", stated="46B", loosely="cut short, not rounded")
def test_total_about_46_billion(mixtral, stated, measure):
    """Mixtral has roughly 46 billion parameters."""
    counted = measure(mixtral.total, "parameters", of="tensor shapes", also=mixtral.closed_form.total)
    assert counted == measure(mixtral.checkpoint_total, "parameters", of="published checkpoint") == stated


@pytest.mark.claim("total-below-llama-70b")
def test_total_below_llama_70b(mixtral, llama_70b, measure):
    """Mixtral has fewer parameters in total than Llama-2-70B."""
    for model in (mixtral, llama_70b):
        measure(model.total, "parameters", of=model.name, also=model.closed_form.total)
    assert mixtral.total < llama_70b.total


@pytest.mark.claim("better-than-llama-13b")
def test_better_than_llama_13b(scores, measure):
    """Mixtral scores higher than Llama-2-13B."""
    leads = scores.leads("Mixtral-8x7B", over="Llama-2-13B")
    measure(sum(lead > 0 for lead in leads.values()), f"of {len(leads)} benchmarks", of="higher")
    assert measure(min(leads.values()), "points", of="narrowest lead") > 0


@pytest.mark.claim("better-than-llama-70b", loosely="on the mean of the benchmarks, not on every one")
def test_better_than_llama_70b(scores, reading, measure):
    """Mixtral scores higher than Llama-2-70B."""
    leads = scores.leads("Mixtral-8x7B", over="Llama-2-70B")
    measure(sum(lead > 0 for lead in leads.values()), f"of {len(leads)} benchmarks", of="higher")
    of, lead = {"literal": ("narrowest", min(leads.values())), "loose": ("mean", mean(leads.values()))}[reading]
    assert measure(lead, "points", of=f"{of} lead") > 0


@pytest.mark.claim("far-better-at-code", note="Read as: a wider lead than on any benchmark of neither code nor maths.")
def test_far_better_at_code(scores, measure):
    """Mixtral is far better than Llama-2-70B at code."""
    leads = scores.leads("Mixtral-8x7B", over="Llama-2-70B")
    both = [measure(leads[name], "points", of=name) for name in CODE]
    assert min(both) > measure(widest_elsewhere(leads, CODE + MATHS), "points", of="widest other lead")


@pytest.mark.claim("far-better-at-maths", loosely="on the mean of the two benchmarks, not on each")
def test_far_better_at_maths(scores, reading, measure):
    """Mixtral is far better than Llama-2-70B at maths."""
    leads = scores.leads("Mixtral-8x7B", over="Llama-2-70B")
    both = [measure(leads[name], "points", of=name) for name in MATHS]
    lead = mean(both) if reading == "loose" else min(both)
    assert lead > measure(widest_elsewhere(leads, CODE + MATHS), "points", of="widest other lead")


@pytest.mark.claim("code-llama-better-on-humaneval")
def test_code_llama_is_better_on_humaneval(scores, measure):
    """Code Llama is better at code than Mixtral: HumanEval, 34B."""
    assert measure(scores.leads("Code Llama 34B", over="Mixtral-8x7B")["HumanEval"], "points", of="lead") > 0


@pytest.mark.claim("code-llama-better-on-mbpp", refuted="on this benchmark Mixtral is ahead")
def test_code_llama_is_better_on_mbpp(scores, measure):
    """Code Llama is better at code than Mixtral: MBPP, 34B."""
    assert measure(scores.leads("Code Llama 34B", over="Mixtral-8x7B")["MBPP"], "points", of="lead") > 0
