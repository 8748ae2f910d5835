"""What hypothesis draws for this document's laws: objects, whose modules are imported when a law runs."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from claims.moe_explained.balancing import Batch
    from claims.moe_explained.gating import Gating

seeds = st.integers(0, 2**32 - 1)


@st.composite
def gatings(draw: st.DrawFn) -> Gating:
    """Draw a gating of 2 to 16 experts, of which a token gets 1 to all."""
    from claims.moe_explained.gating import Gating

    experts = draw(st.integers(2, 16))
    return Gating(draw(seeds), experts, draw(st.integers(1, experts)))


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Draw a batch for 2 to 16 experts with a capacity factor of a half to two."""
    from claims.moe_explained.balancing import Batch

    return Batch(draw(seeds), draw(st.integers(2, 16)), Fraction(draw(st.integers(2, 8)), 4))
