"""With --document, a printed number that the document does not print is a claim that nobody made."""

from __future__ import annotations

import pytest

from claim_suite.fixtures import origins
from claim_suite.fixtures.claim.text import prints
from tests.conftest import Suite, claim

TEXT = """
Our model has 46.70B parameters, of which 12.9B work on a token; 13.57B in v3.5 do not. We printed 13 015 864 of 10^3.
Its width is 14,336 and its depth 32. The ratio is 3.5, not 1/8. (A share of 12.5% each, 25 % of two.) Sixteen heads.
"""
CLAIMS = {  # what is printed, what is measured, what is declared, what comes of it
    "printed": ('"46.70B"', 46_702_792_704, "", "holds"),
    "misprinted": ('"13.20B"', 13_200_000_000, "", "broken"),
    "misprinted-and-refuted": ('"5B"', 1, 'refuted="it is not"', "broken"),
    "inside-another": ('"13.5"', 13.56, 'loosely="cut short"', "broken"),
    "with-separators": ("14336", 14336, "", "holds"),
    "in-words": ("16", 16, "in_words=True", "holds"),
    "not-in-words": ("16", 16, "", "broken"),
    "uncheckable": ('"99B"', 1, 'uncheckable="nobody can know"', "uncheckable"),
}


def test_every_printed_number_stands_in_the_document(suite: Suite) -> None:
    suite.write("paper.txt", TEXT)
    for name, (stated, value, declared, _) in CLAIMS.items():
        suite.claims(
            claim(name, f"assert measure({value}, 't') == stated", takes="measure, stated",
                  declared=f"stated={stated}, {declared}"), name,
        )  # fmt: skip
    outcome = suite.run("--document=paper=paper.txt")
    assert outcome.code == 1
    assert outcome.verdicts == {name: row[-1] for name, row in CLAIMS.items()}
    assert outcome.reasons["misprinted"] == "BrokenInstrument: the document does not print 13.20B"


FOUND = ["46.70B", "12.9B", "13.57B", "14336", "14,336", "32", "1/8", "12.5%", "3.5", "25%", "13015864"]
NOT_FOUND = [
    "46.7", "6.70B", "46.70", "12.9", "9B", "13", "57B", "336", "14", "1433", "2", "8", "1", "12.5", "5%", "143,36",
    "3", "25", "015", "864", "10",
]  # fmt: skip


@pytest.mark.parametrize("number", [*FOUND, *NOT_FOUND])
def test_a_number_is_found_as_printed_and_not_inside_another(number: str) -> None:
    assert prints(TEXT, number) == (number in FOUND)


@pytest.mark.parametrize(
    ("text", "number", "found"),
    [
        ("3.5", "3.5", True), ("It is 3.5.", "3.5", True), ("3.5, 4", "3.5", True), ("(3.5)", "3.5", True),
        ("GPT-3.5", "3.5", False), ("\u22123.5", "3.5", False), ("v3.5", "3.5", False), ("3.5x", "3.5", True),
        ("3.5%", "3.5", False), ("3.5/4", "3.5", False), ("13.5", "3.5", False), ("3.57", "3.5", False),
        ("3,500", "3", False), ("$3.5", "3.5", True), ("\u00d73.5", "3.5", True), ("약 3.5배", "3.5", True),
        ("33배로", "33", True), ("1,000,000", "1000000", True), ("1000000", "1,000,000", True), ("", "3", False),
        ("24GB", "24", True), (r"\times24", "24", True), ("671 billion", "671B", True), ("30-40%", "40%", True),
        ("A100", "100", False), ("46.7", "46.7B", True), ("46.7M", "46.7B", False), ("8x7B", "8x7B", True),
        ("an A100", "A100", True), ("sec\n72 tokens", "72", True), ("x_3", "3", False), ("GPT\u20113.5", "3.5", False),
        ("Section 3.5.1", "3.5", False), ("2/1.5e12", "1.5", True), ("2/1.5e12", "5", False),
        ("(-3.5)", "3.5", False), ("$=\u22123.5$", "3.5", False), ("3\u20135", "5", True), ("3--5", "5", True),
        ("10\u2079", "10", False), ("3.5\u00d710\u2079", "3.5", False), (r"3.5\times 10^9", "3.5", False),
        ("3.5\u00d72", "3.5", True), ("1\u20443", "1", False), ("1\u20443", "3", False), ("3\u2030", "3%", False),
        ("\u0664\u0666.\u0667B", "46.7B", True), ("13{,}015", "13015", True),
    ],
)  # fmt: skip
def test_what_may_stand_beside_a_number(text: str, number: str, *, found: bool) -> None:
    assert prints(text, number) == found


def test_a_document_brings_its_own_configurations(suite: Suite) -> None:
    config = (
        '{"model_type": "llama", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, '
        '"num_key_value_heads": 2, "intermediate_size": 16, "vocab_size": 10, "tie_word_embeddings": false}'
    )
    suite.claims(
        claim(
            "own",
            'assert measure(models("my-own").formula.total, "parameters") == stated',
            takes="models, stated, measure",
            declared="stated=824",
        )
    )
    suite.write("claims/paper/configs/my-own.json", config)
    suite.write(
        "claims/paper/configs/SOURCES.toml", '["my-own.json"]\norigin = "ours"\nlicence = "ours"\nsha256 = ""\n'
    )
    origins.record(suite.folder / "claims/paper/configs")
    outcome = suite.run()
    assert outcome.verdicts == {"own": "holds"}, outcome.output
    (evidence,) = outcome.claims["own"]["cases"][0]["evidence"]
    assert (evidence["model"], evidence["basis"]) == ("my-own", "counted")


@pytest.mark.parametrize(("model", "refused"), [("mixtrall-8x7b-v0.1", True), ("mixtral-8x7b-v0.2", False)])
def test_a_misspelt_model_is_refused_and_another_is_not(suite: Suite, model: str, refused: bool) -> None:
    outcome = suite.claims(claim("a", "assert measure(3, 't') == 3", declared=f'model="{model}"')).run()
    assert ("did you mean 'mixtral-8x7b-v0.1'?" in outcome.output) is refused
    assert outcome.code == (1 if refused else 0)
