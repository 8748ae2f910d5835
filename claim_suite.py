"""What pytest loads where the suite is installed: its plugin, unless another project's packages stand in its place.

Then no other project's run is disturbed, and a run of claims is refused: it would be checked with foreign modules.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
PACKAGES = ("fixtures", "reports")


def foreign() -> str:
    """Return where one of the suite's packages would be imported from instead of the suite; "" when none is."""
    found = {name: find_spec(name) for name in PACKAGES}
    places = {name: Path(spec.origin).resolve() for name, spec in found.items() if spec and spec.origin}
    return next((str(place) for name, place in places.items() if place != ROOT / name / "__init__.py"), "")


if place := foreign():

    def pytest_configure(config: pytest.Config) -> None:
        """Refuse a run in the suite or of a document. Raises UsageError, one line."""
        given = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
        documents = (found for path in given for found in (*path.glob("document.toml"), *path.glob("*/document.toml")))
        beside = any((path.parent / "document.toml").is_file() for path in given)
        if config.rootpath == ROOT or beside or any(documents):
            raise pytest.UsageError(
                f"{place} stands where the suite's own package is looked for: run claims in an environment without it"
            )
else:
    pytest_plugins = ["fixtures.claim.plugin"]
