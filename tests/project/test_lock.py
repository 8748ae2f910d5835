"""The locks that a fresh machine and continuous integration install from fit what the project asks for."""

from __future__ import annotations

import tomllib
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = ("linux", "darwin")


@cache
def project() -> tuple[list[Requirement], list[Requirement]]:
    """What the core asks for, and what the extras ask for of others; vllm lives in an environment of its own."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = table["optional-dependencies"]
    extras = [Requirement(each) for name, extra in named.items() if name != "vllm" for each in extra]
    core = [Requirement(each) for each in table["dependencies"]]
    return core, [each for each in extras if each.name != table["name"]]


def pins(lock: str, python: str, platform: str) -> dict[str, str]:
    """The version of every library that a lock has for a Python on a platform."""
    where = {"python_version": python, "python_full_version": f"{python}.1", "sys_platform": platform}
    lines = [line for line in (ROOT / lock).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    chosen = [pin for pin in map(Requirement, lines) if pin.marker is None or pin.marker.evaluate(where)]
    assert len({pin.name for pin in chosen}) == len(chosen), (
        f"{lock} has a library twice on Python {python}, {platform}"
    )
    return {pin.name: str(pin.specifier).removeprefix("==") for pin in chosen}


@pytest.mark.parametrize(("python", "platform"), list(product(PYTHONS, PLATFORMS)))
def test_the_lock_has_every_library_within_its_bounds(python: str, platform: str) -> None:
    core, extras = project()
    locked = pins("constraints.txt", python, platform)
    for requirement in core + extras:
        assert requirement.specifier.contains(locked[requirement.name]), requirement


def test_the_lowest_set_is_the_lower_bounds_of_the_core_and_of_models() -> None:
    core, extras = project()
    lowest = pins(".ci/lowest.txt", "3.11", "linux")
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    models = [each for each in extras if str(each) in map(str, map(Requirement, named["models"]))]
    assert len(models) == len(named["models"])
    for requirement in core + models:
        bound = next(each.version for each in requirement.specifier if each.operator == ">=")
        if requirement.name == "torch":
            assert "torch" not in lowest
        else:
            assert Version(lowest[requirement.name]) == Version(bound), requirement


def test_the_commands_of_the_readme_install_the_lock() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line.startswith("python3 -m venv ")]
    assert all("pip install -c constraints.txt -e " in command for command in commands[:2])
    assert all("vllm" in command for command in commands[2:])  # in an environment of its own
