from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.models import kaplan

ratios = st.fractions(min_value=0, max_value=8)


def test_the_equation_allows_one_ratio() -> None:
    assert kaplan.feed_forward_ratio() == 4
    assert kaplan.attention_ratio() == 1
    assert kaplan.counted_feed_forward_ratios() == [4]
    assert kaplan.counted_attention_ratios() == [1]
    assert kaplan.counted_feed_forward_ratios(model_width=3) == [4]
    assert kaplan.counted_attention_ratios(model_width=3) == [1]


def test_the_search_goes_from_one_feature_to_eight_model_widths() -> None:
    hits = {0: 108, 1: 108, 5: 107, 7: 109, 24: 108, 25: 108}
    assert kaplan._search(lambda width: hits.get(width, 0), 3) == [Fraction(1, 3), 8]


@pytest.mark.parametrize(
    ("coefficient", "other", "expected"), [(10, 1, 3), (Fraction(9, 2), 1, Fraction(1, 4)), (8, 2, 0)]
)
def test_another_coefficient_means_another_width(coefficient: Fraction, other: Fraction, expected: Fraction) -> None:
    given = Fraction(other), Fraction(coefficient)
    assert kaplan.feed_forward_ratio(*given) == expected
    assert kaplan.counted_feed_forward_ratios(*given) == ([expected] if expected else [])


def test_a_width_that_no_layer_can_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="4 features wide cannot have a part of 1/3 its width"):
        kaplan.counted_attention_ratios(Fraction(1, 3))


@given(st.integers(1, 99), st.integers(1, 9999))
def test_both_forms_of_the_equation_are_one(layers: int, width: int) -> None:
    d_model = Fraction(width)
    assert kaplan.parameters(layers, d_model, d_model, 4 * d_model) == 12 * layers * d_model**2


@given(ratios)
def test_the_ratios_are_each_other_s_inverse(ratio: Fraction) -> None:
    assert kaplan.parameters(1, Fraction(1), ratio, kaplan.feed_forward_ratio(ratio)) == 12
    assert kaplan.attention_ratio(kaplan.feed_forward_ratio(ratio)) == ratio


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 20))
def test_a_layer_of_linear_maps_is_the_equation_s(model: int, attention: int, feed_forward: int) -> None:
    equation = kaplan.parameters(1, Fraction(model), Fraction(attention), Fraction(feed_forward))
    assert kaplan.counted(model, attention, feed_forward) == equation


@pytest.mark.parametrize(("model", "heads", "a_head", "feed_forward"), [(8, 2, 3, 20), (4, 1, 4, 16)])
def test_a_library_s_layer_is_the_equation_s(model: int, heads: int, a_head: int, feed_forward: int) -> None:
    """T5's encoder has both widths free, two matrices in its MLP and no biases: what the equation counts, and norms."""
    from transformers.models.t5.configuration_t5 import T5Config
    from transformers.models.t5.modeling_t5 import T5Block

    config = T5Config(d_model=model, num_heads=heads, d_kv=a_head, d_ff=feed_forward, feed_forward_proj="relu")
    matrices = [tensor.numel() for tensor in T5Block(config).parameters() if tensor.ndim == 2]
    assert len(matrices) == 6
    assert sum(matrices) == kaplan.counted(model, heads * a_head, feed_forward)
