"""The profiles of the suite's fuzzing."""

from contextlib import suppress

with suppress(ModuleNotFoundError):  # who checks only cards has no hypothesis
    from hypothesis import settings

    settings.register_profile("quick", derandomize=True, deadline=None, max_examples=12)
    settings.register_profile("thorough", deadline=None, max_examples=10_000, print_blob=True)
    settings.load_profile("quick")
