"""READMEs in the forms that publishers use: which numbers are read, of what and whose; and no time is lost on"
" others."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures import origins
from claim_suite.fixtures.cards import markdown, reader, terms
from claim_suite.fixtures.cards.card import CardError
from claim_suite.fixtures.cards.given import LARGEST_README, load
from claim_suite.fixtures.cards.quantities import QUANTITIES
from tests.cards.samples import CONFIG

READMES = origins.DATA / "readmes"
# By hand from each README: what it prints of its own model.
PRINTED = {
    "DeepSeek-V2-Lite": "total 16B, active 2.4B, context 32k",
    "Gemma-7B": "width 3072, layers 28, heads 16, key_value_heads 16",
    "Qwen3-0.6B": "layers 28, heads 16, key_value_heads 8, context 32K",
    "bloom-560m": "total 176 billion, layers 70, heads 112, width 14336",
    "bloom-560m-corrected": "total 350 million, layers 24, heads 16, width 1024",
    "gpt2-117m": "total 117M, layers 12, width 768",
    "granite-3.1-3b-a800m": "width 1536, layers 32, head_width 64, heads 24, key_value_heads 8, expert_width 512, "
    "experts 40, experts_per_token 8, context 128k, total 3.3B, active 800M",
    "mistral-nemo": "layers 40, width 5;120, head_width 128, mlp_width 14;436, heads 32, key_value_heads 8, "
    "vocabulary 2**17",
    "tinystories-33m": "total 33M",
    "zephyr-141b": "total 141B, active 35B",
}


def read(text: str, name: str = "Tiny-7B", total: int | None = None, **config: object) -> list[str]:
    """Read a README, and return its numbers as "quantity stated"."""
    found = reader.read(markdown.parse(text), name, config, lambda: total).found
    return [f"{one.quantity} {one.stated}" for one in found]


@pytest.mark.parametrize("name", PRINTED)
def test_every_number_of_a_published_form_is_read_and_none_of_another_model(name: str) -> None:
    folder = READMES / name
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() in origins.check(f"readmes/{name}/config.json")["note"]
    found = read(text, name, **json.loads((folder / "config.json").read_text()))
    assert found == [one.replace(";", ",") for one in PRINTED[name].split(", ")]


FORMS: dict[str, tuple[str, list[str]]] = {
    "a row a model": (
        "|Model|#Params|Layers|d_model|Heads (Q / KV)|\n|-|-|-|-|-|\n|Tiny-7B|7.6B|28|3584|28 / 4|\n|Tiny-72B"
        "|72B|80|8192|64 / 8|\n",
        ["total 7.6B", "layers 28", "width 3584", "heads 28", "key_value_heads 4"],
    ),
    "a row of a size": (
        "|Size|Layers|Hidden Size|Context Length (Native / YaRN)|\n|-|-|-|-|\n|1B|16|2048|4K / 16K|\n|7B|32|4096"
        "|32K / 128K|\n",
        ["total 7B", "layers 32", "width 4096", "context 32K"],
    ),
    "a column a model": (
        "|  | Tiny-7B | Tiny-72B |\n|-|-|-|\n|# Parameters|7.6B|72B|\n|E/k experts|64 / 8|128 / 8|\n|MMLU|70.1|80.2|\n",
        ["total 7.6B", "experts 64", "experts_per_token 8"],
    ),
    "two columns without a head": (
        "| | |\n|-|-|\n|**Total Parameters**|1T|\n|**Activated**|32B|\n|**Number of Layers** (Dense layer"
        " included)|61|\n",
        ["total 1T", "active 32B", "layers 61"],
    ),
    "a third column of comments": (
        "|Hyperparameter|Value|Comment|\n|-|-|-|\n|`d_model`|8192||\n|`head_dim`|64|Reduced to 32 layers' worth|\n",
        ["width 8192", "head_width 64"],
    ),
    "HTML with rows that span": (
        "<table>\n<tr><td></td><td>Data</td><td>Params</td><td>Context length</td></tr>\n\n"
        '<tr><td rowspan="2">Tiny</td><td rowspan="2">New mix</td><td>7B</td><td>8k</td></tr>\n'
        "<tr><td>70B</td><td>128k</td></tr></table>",
        ["total 7B", "context 8k"],
    ),
    "a list, with pairs told apart by words": (
        "- Number of Parameters: 30.5B in total and 3.3B activated\n- Number of Paramaters (Non-Embedding): 29.9B\n"
        "- Number of Attention Heads (GQA): 32 for Q and 4 for KV\n- Context Length: 32,768 natively and 131,072"
        " with YaRN\n",
        ["total 30.5B", "active 3.3B", "non_embedding 29.9B", "heads 32", "key_value_heads 4", "context 32,768"],
    ),
    "Dim and Hidden dim": ("- **Dim:** 4,096\n- **Hidden dim:** 14,336\n", ["width 4,096", "mlp_width 14,336"]),
    "sentences": (
        "Tiny-7B has 27 layers and a hidden dimension of 2048. Each layer has 2 shared experts and 64 routed experts, "
        "where the intermediate hidden dimension of each expert is 1408. Among the routed experts, 6 experts will be "
        "activated for each token. It comprises 15.7B total parameters, of which 2.4B are activated.",
        ["layers 27", "width 2048", "shared_experts 2", "experts 64", "expert_width 1408", "experts_per_token 6",
         "total 15.7B", "active 2.4B"],
    ),
    "layers that are wide": ("Hidden layers are 1024-dimensional", ["width 1024"]),
    "Chinese": ("拥有 70 亿参数，32 层，上下文窗口长度为4096。", ["total 70 亿", "layers 32", "context 4096"]),
    "Korean": ("70억 개의 파라미터", ["total 70억"]),
    "French": ("Un modèle de 7,6 milliards de paramètres.", ["total 7,6 milliards"]),
    "what leads into a list": (
        "The architecture of Tiny-7B:\n- Number of layers: 80\n\nFor Other-VL-01, the encoder is:\n- Number of"
        " layers: 24\n",
        ["layers 80"],
    ),
    "the size of the name": ("The smallest model has 7B parameters and 12 layers.", ["total 7B", "layers 12"]),
    "a score table": ("|Model|MMLU|Avg|\n|-|-|-|\n|Tiny-7B|70.1|65|\n", []),
    "another model's sentence": ("Big-72B has 80 layers. Tiny-7B is like Big-72B, which has 72B parameters.", []),
    "a size in words": (
        "# Tiny-large\n| Model | #params |\n|-|-|\n|`tiny-base-7B`|110M|\n|`tiny-large-7B`|340M|\n", ["total 110M"],
    ),
    "an adapter": ("- Trainable parameters: 4.2M\n- LoRA rank: 16\n- Sequence length: 2048\n", []),
    "a comparison": ("Tiny-7B has 28 layers, fewer than the 80 layers of Big-72B.", []),
    "a range and a family": ("Models from 1B to 10B parameters, and sizes of 7B or 13B parameters.", []),
    "a smallest model of another size": ("The smallest model has 1B parameters.", []),
    "other heads": ("- Gated DeltaNet:\n  - Head Dimension: 128\n  - Number of Linear Attention Heads: 32\n", []),
    "training": ("# Tiny-7B\n## Training\n- Sequence length: 2048\n- Tokens: 15T\n", []),
    "a change from one model to the next": ("Tiny-7B grows from 3B parameters (1B active) to 7B parameters.", []),
    "experts in use": ("We use 16 experts, of which 4 are active.", ["experts 16", "experts_per_token 4"]),
    "a context of a benchmark": ("On RULER (128k context length) Tiny-7B is fast.", []),
    "sizes of another model": (
        "# Tiny-7B\n## Tiny-Old\n|Size|Tiny-Old-v1|Parameters|\n|-|-|-|\n|7B|[file](x)|7,869,358,080|\n", [],
    ),
    "a later version": ("|Model|Context Length|\n|-|-|\n|Tiny-7B-1.5|128K|\n|Tiny-72B|8K|\n", []),
    "a size with its exact value, rows that go on": (
        "|  |Params|Context|\n|-|-|-|\n|Tiny (text only)|7B (7.23B)|8k|\n| |70B (71B)| |\n", ["total 7B", "context 8k"],
    ),
    "no unit": ("- Total Parameters: 42\n- Model size: 15 GB\n", []),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_numbers(form: str) -> None:
    text, expected = FORMS[form]
    assert read(text) == expected


def test_a_family_s_models_are_told_apart_by_the_total_where_no_name_says_which() -> None:
    text = "# Tiny\n|Params|Tiny-2B|Tiny-7B|\n|-|-|-|\n|Layers|18|28|\n"
    assert read(text, "checkout", 8_500_000_000) == ["layers 28"]
    assert read(text, "checkout") == []


def test_what_is_not_clear_is_listed_with_its_line_and_why() -> None:
    text = "# Tiny-7B\n\n- Softer head dimension: 256\n- Heads: 4-8\n\n|  | A | B |\n|-|-|-|\n|Layers|3|4|\n"
    unread = reader.read(markdown.parse(text), "Tiny-7B", {}, lambda: None).unread
    assert [(one.line, one.why) for one in unread] == [
        (3, "256: its label is not understood"),
        (4, "4-8: it is no single number"),
        (8, "3: whose it is, is not clear"),
    ]


def test_a_folder_of_any_name_holds_the_model_of_the_title() -> None:
    text = "# Tiny-7B\n\n- Layers: 28\n\n|  | Tiny-7B | Big-72B |\n|-|-|-|\n|Heads|16|64|\n"
    for checkout in ("m", "model", "checkout"):
        assert read(text, checkout) == ["layers 28", "heads 16"]


def test_a_hidden_dim_without_neighbours_is_what_the_configuration_confirms_or_is_not_read() -> None:
    assert read("- Hidden dim: 64\n", hidden_size=64, intermediate_size=256) == ["width 64"]
    assert read("- Hidden dim: 256\n", hidden_size=64, intermediate_size=256) == ["mlp_width 256"]
    assert read("- Hidden dim: 100\n", hidden_size=64, intermediate_size=256) == []


def test_what_is_read_is_what_can_be_measured() -> None:
    assert {*terms.LABELS, *reader.LIMITS} - {"hidden_dim"} <= QUANTITIES.keys()


@given(st.text(alphabet=st.sampled_from("0123456789.,~ABMTK |*<>[]()=:#-\n \x1b\u202eparmetslyndh"), max_size=400))
def test_what_is_shown_of_any_text_can_be_printed(text: str) -> None:
    reading = reader.read(markdown.parse(text), "Tiny-7B", {}, lambda: None)
    assert all(
        text.isprintable() for text in [one.text for one in reading.found] + [one.text for one in reading.unread]
    )
    assert {one.quantity for one in reading.found} <= QUANTITIES.keys()


HOSTILE = (
    "[", "![](", "<", "<a ", "<!--", "`", "**a ", "| a ", "> ", "- ", "<table><tr><td rowspan=100 colspan=100>",
    "<table><tr>", "<table>\n\n", "&#", "1. ", "|-|-|\n", "a|b\n-|-\n", "experts of ", "parameters: ", "1,", "7B ",
    "~ 1 ",
    "layers: 3, ", "Llama-2-7B ", "a-1-", "Llama 2 7B has 7B parameters. ",
)  # fmt: skip


@pytest.mark.parametrize("seed", HOSTILE)
def test_hostile_text_is_read_to_its_end(seed: str) -> None:
    """What takes the square of its length would not come to an end here."""
    for text in ((seed * 30_000)[:30_000], "\n\n".join([(seed * 4_000)[:3_900]] * 3)):
        reader.read(markdown.parse(text), "Tiny-7B", {}, lambda: None)


def folder(path: Path, readme: str | bytes) -> Path:
    path.mkdir()
    (path / "config.json").write_text(json.dumps(CONFIG))
    (path / "README.md").write_bytes(readme.encode() if isinstance(readme, str) else readme)
    return path


def test_a_readme_of_50_megabytes_is_refused_in_one_line(tmp_path: Path) -> None:
    folder(tmp_path / "large", b"3 layers " * (50 * 2**20 // 9))
    with pytest.raises(
        CardError, match=rf"README.md has [0-9,]+ bytes, more than the {LARGEST_README:,} that are read"
    ):
        load("large", tmp_path)


def test_metadata_at_the_head_are_names_and_no_numbers(tmp_path: Path) -> None:
    text = "---\nmodel_name: Tiny-7B\nlayers: 99\n---\n|  | Tiny-7B | Big-72B |\n|-|-|-|\n|Layers|3|80|\n"
    assert [number.stated for number in load(str(folder(tmp_path / "checkout", text)), tmp_path).numbers] == ["3"]
