"""Checkpoints whose routing is known: small, real, and set so that each word's choices are written in a table.

A word has a class, and a class its own direction in the embedding. The outputs of attention and of all feed-forward
parts are zero, so the residual stream never changes and every layer's router sees the class of the word and nothing
else. The router of a layer maps the class to the row of logits that the table has for it.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from claim_suite.fixtures.routing import files
from claim_suite.fixtures.routing.metadata import routed_layers

Table = list[list[list[float]]]  # logits by layer, class and expert

LAYERS, CLASSES, EXPERTS, WORDS_PER_CLASS, HIDDEN = 4, 6, 8, 3, 32
COMMON = {
    "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 512, "bos_token_id": 0, "eos_token_id": None, "pad_token_id": None,
    "tie_word_embeddings": False,
}  # fmt: skip
FAMILIES: dict[str, dict[str, Any]] = {
    "mixtral": {
        "intermediate_size": 16, "num_local_experts": EXPERTS, "num_experts_per_tok": 2, "sliding_window": None,
    },
    "qwen3_moe": {
        "intermediate_size": 16, "moe_intermediate_size": 16, "num_experts": EXPERTS, "num_experts_per_tok": 4,
        "decoder_sparse_step": 1, "mlp_only_layers": [], "head_dim": 8,
    },
    "olmoe": {"intermediate_size": 16, "num_experts": EXPERTS, "num_experts_per_tok": 4},
}  # fmt: skip


@dataclass
class Planted:
    """A checkpoint on disk with the table it was made from."""

    folder: Path
    table: Table
    config: Any

    @property
    def routed(self) -> list[int]:
        """Layers that route."""
        dense = set(getattr(self.config, "mlp_only_layers", None) or ())
        return [layer for layer in range(self.config.num_hidden_layers) if layer not in dense]

    @property
    def top_k(self) -> int:
        """Choices of a token."""
        return int(self.config.num_experts_per_tok)

    def choices(self, layer: int, kind: int, k: int | None = None) -> list[int]:
        """Experts that a token of a class is sent to at a layer, first choice first."""
        logits = self.table[layer][kind]
        return sorted(range(len(logits)), key=lambda expert: -logits[expert])[: k or self.top_k]


def word(kind: int, which: int = 0) -> str:
    """One of the words of a class."""
    return f"w{kind}_{which}"


def kind_of(text: str) -> int:
    """Class of a word."""
    return int(text[1:].partition("_")[0])


def rewrite(planted: Planted, change: Callable[[str, torch.Tensor], object]) -> Planted:
    """Change a checkpoint's weights in place: `change(name, weight)`, in the library's own names."""
    load: Any = AutoModelForCausalLM.from_pretrained
    model = load(planted.folder, dtype=torch.float32)
    torch.manual_seed(2)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            change(name, weight)
    model.save_pretrained(planted.folder)
    return planted


def random_table(seed: int, layers: int = LAYERS, classes: int = CLASSES, experts: int = EXPERTS) -> Table:
    """Logits that are far enough apart to leave no choice to rounding, in an order drawn for each layer and class."""
    drawn = random.Random(seed)
    levels = [(place - experts / 2) * 2.5 / experts for place in range(experts)]
    return [[drawn.sample(levels, experts) for _ in range(classes)] for _ in range(layers)]


def plant(folder: Path, family: str = "mixtral", table: Table | None = None, **settings: Any) -> Planted:
    """Write a checkpoint and its tokenizer into a folder."""
    table = table or random_table(1)
    classes = len(table[0])
    sizes = {**COMMON, **FAMILIES[family], "num_hidden_layers": len(table), "vocab_size": 2 + classes * WORDS_PER_CLASS}
    config = AutoConfig.for_model(family, **(sizes | settings))
    torch.manual_seed(0)
    build: Any = AutoModelForCausalLM.from_config
    model = build(config, dtype=torch.float32)
    planted = Planted(folder, table, config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "o_proj" in name or "down_proj" in name:
                parameter.zero_()
        _write(model, planted, classes)
    model.save_pretrained(folder)
    tokenizer(classes).save_pretrained(folder)
    return planted


def _write(model: Any, planted: Planted, classes: int) -> None:
    embedding = model.get_input_embeddings().weight
    embedding.zero_()
    # The special tokens stand last in the classes' order, in directions that no word has.
    embedding[0, -1] = embedding[1, -2] = 1.0
    for kind in range(classes):
        rows = slice(2 + kind * WORDS_PER_CLASS, 2 + (kind + 1) * WORDS_PER_CLASS)
        embedding[rows, kind] = 1.0
    for layer in planted.routed:
        gate = model.model.layers[layer].mlp.gate
        gate.weight.zero_()
        # A normalised one-hot vector has the length of the root of how many numbers it has.
        gate.weight[:, :classes] = torch.tensor(planted.table[layer]).T / embedding.shape[1] ** 0.5
        gate.weight[0, -1] = 1.0


def tokenizer(classes: int = CLASSES) -> Any:
    """Words to tokens, one each, with a leading <s>."""
    wrap: Any = PreTrainedTokenizerFast
    words = [word(kind, which) for kind in range(classes) for which in range(WORDS_PER_CLASS)]
    vocabulary = {token: number for number, token in enumerate(["<s>", "<unk>", *words])}
    built = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    built.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    built.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return wrap(tokenizer_object=built, bos_token="<s>", unk_token="<unk>")


def random_corpus(path: Path, seed: int, domains: dict[str, int], words: tuple[int, int] = (1, 60)) -> Path:
    """Write texts of random words, all different, so many for each domain, in mixed order."""
    drawn = random.Random(seed)
    names = [name for name, number in domains.items() for _ in range(number)]
    drawn.shuffle(names)
    texts: dict[str, str] = {}
    while names:
        some = (word(drawn.randrange(CLASSES), drawn.randrange(WORDS_PER_CLASS)) for _ in range(drawn.randint(*words)))
        if (text := " ".join(some)) not in texts:
            texts[text] = names.pop()
    return write_corpus(path, texts.items())


def write_corpus(path: Path, texts: Iterable[tuple[str, str]]) -> Path:
    """Write texts with their domains as lines of JSON."""
    rows = ({"text": text, "meta": {"pile_set_name": domain}} for text, domain in texts)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


# Choices by text, layer, rank and expert, and repetition (same_first, shared) by text and layer; none where it is zero.
Cells = tuple[dict[tuple[int, int, int, int], int], dict[tuple[int, int], tuple[int, int]]]


def words_of(corpus: Path) -> dict[int, list[str]]:
    """Words of every text of a corpus, by its line."""
    return {line: json.loads(row)["text"].split() for line, row in enumerate(corpus.read_text().splitlines())}


def expected(planted: Planted, texts: dict[int, list[str]]) -> Cells:
    """Count by hand what the table says of each text's words."""
    choices: Counter[tuple[int, int, int, int]] = Counter()
    repeats: dict[tuple[int, int], tuple[int, int]] = {}
    for number, words in texts.items():
        for layer in planted.routed:
            chosen = [planted.choices(layer, kind_of(text)) for text in words]
            choices.update((number, layer, rank, expert) for each in chosen for rank, expert in enumerate(each))
            same_first = sum(before[0] == after[0] for before, after in pairwise(chosen))
            shared = sum(not set(before).isdisjoint(after) for before, after in pairwise(chosen))
            if shared:
                repeats[number, layer] = same_first, shared
    return dict(choices), repeats


def cells(path: Path) -> Cells:
    """A recording in the form of `expected`."""
    layers = routed_layers(files.read_metadata(path))
    choices, repeats = {}, {}
    for part in files.scan(path):
        for text, layer, rank, expert in np.argwhere(part.choices).tolist():
            cell = part.texts[text].number, layers[layer], rank, expert
            choices[cell] = int(part.choices[text, layer, rank, expert])
        assert part.same_first is not None
        assert part.shared is not None
        for text, layer in np.argwhere(part.shared).tolist():
            found = int(part.same_first[text, layer]), int(part.shared[text, layer])
            repeats[part.texts[text].number, layers[layer]] = found
    return choices, repeats
