"""What only this document's claims need."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from fixtures.models import collector

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    """Run on one thread: the matrices here are so small that a pool of them costs more than it gains.

    The library is imported here, before a law is: the sooner its modules are out of the collector's way, the better.
    """
    with collector.paused():
        import torch

        import_module("transformers.models.mixtral.modeling_mixtral")

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
