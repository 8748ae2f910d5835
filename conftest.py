"""The plugins of the suite and the profiles of its fuzzing."""

from hypothesis import settings

pytest_plugins = [
    "reports.plugin",
    "fixtures.claim.collection",
    "fixtures.claim.verdict",
    "fixtures.claim.versions",
    "fixtures.origins",
    "fixtures.models.published",
    "fixtures.published",
    "fixtures.routing.sources",
    "fixtures.recording.options",
    "fixtures.recording.fresh",
]

settings.register_profile("quick", derandomize=True, deadline=None, max_examples=12)
settings.register_profile("thorough", deadline=None, max_examples=10_000, print_blob=True)
settings.load_profile("quick")
