from __future__ import annotations

import contextlib
import gc

import pytest

from claim_suite.fixtures.models import collector


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_off_inside_and_as_before_outside(on: bool) -> None:
    before = gc.isenabled()
    (gc.enable if on else gc.disable)()
    try:
        frozen = gc.get_freeze_count()
        with collector.paused():
            assert not gc.isenabled()
            kept: list[list[int]] = [[] for _ in range(1000)]
        assert gc.isenabled() is on
        assert gc.get_freeze_count() >= frozen + len(kept)
        with contextlib.suppress(ZeroDivisionError), collector.paused():
            raise ZeroDivisionError
        assert gc.isenabled() is on
    finally:
        (gc.enable if before else gc.disable)()
