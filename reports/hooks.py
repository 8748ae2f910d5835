"""What a suite tells the report about its claims. Both hooks are called where tests are collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from reports.ledger import Document, Registration


@pytest.hookspec(firstresult=True)
def pytest_claim_case(item: pytest.Item) -> Registration | None:
    """Return what is known of a case before it runs, or None for a test that checks no claim.

    When the case has run, its report carries the user property "claim": a JSON string with the case's
    `id` and `claim`, its `verdict`, `reason` and `measured`, and any `charts` of its section.
    """


@pytest.hookspec(firstresult=True)
def pytest_claim_documents(config: pytest.Config) -> list[Document] | None:
    """Return the documents whose claims were collected, in order, each with its sections in order."""
