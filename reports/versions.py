"""Which installed libraries are of a version that the suite was not tested with, told without importing them."""

from __future__ import annotations

from hashlib import sha256
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import claim_suite

SUITE = "claim-verification-suite"
LOCK = Path(claim_suite.__file__).with_name("constraints.txt")
EXTRAS = ("models", "gpu", "ray", "fp8", "vllm")  # whose libraries count where they are installed


def untested(requirements: list[str] | None = None, lock: Path = LOCK) -> str:
    """Name each library outside its tested versions: "torch 2.16.0 (tested: 2.11 to 2.13.0)"; "" when none is.

    Tested are the versions from the lower bound of a requirement (default: the suite's own) to the one in the lock.
    What is in no lock is held to its own upper bound.

    Raises pytest.UsageError, one line, when a library of the core is missing.
    """
    newest = _locked(lock)
    found = []
    if requirements is None:  # a suite that only lies on the path has told nobody what it requires
        requirements = (requires(SUITE) if installed(SUITE) else None) or []
    for requirement in map(Requirement, requirements):
        of_core = requirement.marker is None
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in EXTRAS):
            continue
        if not (found_version := installed(requirement.name)):
            if of_core:
                raise pytest.UsageError(f"{requirement.name} is not installed: install the suite as README.md says")
            continue
        lowest = min(Version(bound.version) for bound in requirement.specifier if bound.operator == ">=")
        public = Version(Version(found_version).public)  # a build such as 2.13.0+cpu is the version 2.13.0
        locked = newest.get(requirement.name)
        if locked is None:
            tested, range_ = requirement.specifier.contains(public, prereleases=True), str(requirement.specifier)
        else:
            tested, range_ = lowest <= public <= locked, f"{lowest} to {locked}"
        if not tested:
            found.append(f"{requirement.name} {found_version} (tested: {range_})")
    return ", ".join(found)


def installed(name: str) -> str:
    """Return the version of an installed library, or ""."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def suite() -> str:
    """Return the suite's version with a hash of what it checks with: in a clone that changes from day to day."""
    files = sorted(Path(claim_suite.__file__).with_name("fixtures").rglob("*.py"))
    found = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return f"{installed(SUITE) or 'not installed'}, {found[:8]}"


def _locked(lock: Path) -> dict[str, Version]:
    lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    pins = [pin for pin in map(Requirement, lines) if pin.marker is None or pin.marker.evaluate()]
    return {pin.name: Version(next(iter(pin.specifier)).version) for pin in pins}
