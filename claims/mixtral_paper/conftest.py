"""What only this document's claims need."""

from __future__ import annotations

from claim_suite.fixtures.models import collector

one_thread = collector.one_thread("transformers.models.mixtral.modeling_mixtral")
