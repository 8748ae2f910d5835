"""The built wheel, unpacked where no clone is on the path: documents, cards and pages of one's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.runs import ENVIRONMENT, ROOT

BUILD = "import hatchling.build, sys; hatchling.build.build_wheel(sys.argv[1])"
CONFIG = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 8, "intermediate_size": 16,
    "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": 32,
    "max_position_embeddings": 64, "tie_word_embeddings": False,
}  # fmt: skip


class Installed:
    """A folder of one's own, and a Python that has the wheel and what it depends on, without a clone on its path."""

    def __init__(self, folder: Path) -> None:
        self.site, self.folder = folder / "site", folder / "mine"
        self.folder.mkdir()
        subprocess.run([sys.executable, "-c", BUILD, str(folder)], cwd=ROOT, check=True, capture_output=True)
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(self.site)
        libraries = [path for path in sys.path if path.endswith("site-packages")]
        # Without `site`, as with -S, no link of an installation leads to a clone.
        self.environment = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("PYTEST_")}
        self.environment["PYTHONPATH"] = os.pathsep.join([str(self.site), *libraries])

    def run(self, *command: str, code: int = 0) -> str:
        """Run `python -m` in the folder of one's own; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-S", "-m", *command], cwd=self.folder, env=self.environment, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, (command, done.stdout, done.stderr)
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    pytest.importorskip("hatchling")
    return Installed(tmp_path_factory.mktemp("wheel"))


def test_nothing_of_a_general_name_is_installed(installed: Installed) -> None:
    assert sorted(path.name for path in installed.site.iterdir() if not path.name.endswith(".dist-info")) == [
        "claim_suite"
    ]


def test_a_document_of_ones_own_is_made_checked_and_drawn_again(installed: Installed) -> None:
    """Beside folders of the names that the suite's own folders have in a clone."""
    for name in ("fixtures", "reports", "claims"):
        (installed.folder / name).mkdir()
        (installed.folder / name / "__init__.py").write_text("raise ImportError('of somebody else')\n")
    told = installed.run("claim_suite", "new", "my_doc")
    assert "Made my_doc, with one claim that holds" in told
    (guide,) = [Path(word) for word in told.split() if word.endswith("AUTHORING.md")]
    assert guide.is_relative_to(installed.site)
    assert guide.is_file()
    assert "1 claim: 1 holds\n" in installed.run("pytest", "my_doc")
    page, ledger = (installed.folder / f"reports/out/claims.{ending}" for ending in ("html", "json"))
    assert json.loads(ledger.read_text())["claims"][0]["verdict"] == "holds"
    page.unlink()
    installed.run("claim_suite.reports", "page", str(ledger))
    assert "13.0 billion parameters" in page.read_text()
    (installed.folder / "text.md").write_text("It has 13.0B parameters.\n")
    assert "my_doc: 1 numbers, 0 uncovered" in installed.run("claim_suite", "coverage", "my_doc=text.md")


def test_a_card_of_ones_own_is_checked(installed: Installed) -> None:
    model = installed.folder / "my_model"
    model.mkdir()
    (model / "config.json").write_text(json.dumps(CONFIG))
    (model / "README.md").write_text("# Mine\n\n- Number of Layers: 3\n")
    assert "1 claim: 1 holds\n" in installed.run("pytest", "--card", "my_model")
