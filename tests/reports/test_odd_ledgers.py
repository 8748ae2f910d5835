"""Whatever a ledger says, so long as its types are right, every view of it is drawn."""

import io
from typing import Any, get_args

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports import github, index, page, terminal
from reports.schema import (
    Accounting,
    Case,
    Claim,
    Collection,
    Comparison,
    Document,
    Evidence,
    Ledger,
    Measurement,
    Section,
    Stated,
    Verdict,
)
from tests.reports import samples

TEXTS = st.text(max_size=12) | st.sampled_from(
    ["1/3", "13.02B", "46%", "1e5000", "https://x.y/a", "of 3 steps", "9" * 400]
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = TEXTS | FLOATS | st.integers(-(10**500), 10**500)
PLACES = st.sampled_from(["1", "", "<2>", "²"])
JUNK: Any = st.recursive(
    st.none() | st.booleans() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["0", "a", "attention"]), inner),
    max_leaves=8,
)
CHARTS = st.fixed_dictionaries(
    {"kind": st.sampled_from(["parameters", "shares", "depth", "x"]), "name": JUNK},
    optional=dict.fromkeys(("parts", "points", "band", "even", "layers", "domains", "intervals", "note"), JUNK),
)
CASES = st.builds(
    Case, id=TEXTS, test=TEXTS, source=TEXTS, part=TEXTS, reason=TEXTS, seconds=FLOATS, drawn=st.none() | st.integers(),
    tier=st.sampled_from(["cheap", "gpu"]), reading=st.sampled_from(["literal", "loose"]),
    declared=st.sampled_from(get_args(Verdict)), verdict=st.sampled_from(get_args(Verdict)),
    stated=st.none() | st.builds(Stated, text=TEXTS, low=TEXTS, high=TEXTS, nominal=TEXTS, cut_short=st.booleans()),
    measured=st.lists(
        st.builds(Measurement, value=NUMBERS, unit=TEXTS, of=TEXTS, low=st.none() | FLOATS, high=st.none() | FLOATS,
                  routes=st.dictionaries(TEXTS, NUMBERS, max_size=2), share=st.booleans()), max_size=8),
    compared=st.lists(
        st.builds(Comparison, operator=st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), value=NUMBERS,
                  holds=st.sampled_from([True, False, None])), max_size=3),
    evidence=st.lists(st.builds(Evidence, source=TEXTS, model=TEXTS, link=TEXTS, sha256=TEXTS, stand_in=st.booleans())),
)  # fmt: skip
CLAIMS = st.builds(Claim, id=TEXTS, document=PLACES, section=PLACES, says=TEXTS, cases=st.lists(CASES, max_size=6))
DOCUMENTS = st.builds(
    Document, id=PLACES, title=TEXTS, language=TEXTS, link=TEXTS,
    sections=st.lists(st.builds(Section, id=PLACES, title=TEXTS, charts=st.lists(CHARTS, max_size=3)), max_size=3),
)  # fmt: skip


@given(
    st.lists(CLAIMS, max_size=4), st.lists(DOCUMENTS, max_size=3), st.lists(TEXTS, max_size=3), JUNK,
    st.sampled_from(["complete", "interrupted", "merged"]),
)  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_view_of_an_odd_ledger_is_drawn(
    pytestconfig: pytest.Config, claims: list[Claim], documents: list[Document], lost: list[str], junk: Any, state: str
) -> None:
    for claim in claims:
        claim.conclude()
    run = samples.ledger([], state=state, environment={"untested": "x"}).run
    accounting = Accounting(collected=-1, reported=10**30, unaccounted=lost)
    ledger = Ledger(run=run, accounting=accounting, documents=documents, claims=claims, extra={"warnings": junk})
    assert page.render(ledger).encode()
    assert github.job_summary(ledger).startswith("## ")
    assert github.badge(ledger)["label"] == "claims"
    assert index.render(Collection(documents=documents, claims=claims)).startswith("# Every claim")
    file = io.StringIO()
    terminal.summarise(ledger, {}, TerminalReporter(pytestconfig, file))
    assert file.getvalue().encode()
