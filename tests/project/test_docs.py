"""The pages of docs/ say what is so: their commands run as they stand there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.project.test_readme import run
from tests.runs import ROOT


def commands(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]


def test_a_document_is_written_word_for_word(tmp_path: Path) -> None:
    tmp_path.joinpath("text.md").write_text("The model has 13.0 billion parameters.\n")
    for command in commands("write_a_document.md"):
        done = run(tmp_path, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def test_a_card_is_checked_word_for_word(tmp_path: Path) -> None:
    install, check, counts = commands("check_a_card.md")
    assert install.startswith("pip install")
    done = run(tmp_path, check.replace("FOLDER", str(ROOT / "fixtures/data/readmes/mistral-nemo")))
    assert done.returncode == 1, done.stdout  # its README has an error that its publisher corrected later
    assert "off" in done.stdout
    told = json.loads(run(ROOT, counts).stdout)
    assert "46702792704" in json.dumps(told)
