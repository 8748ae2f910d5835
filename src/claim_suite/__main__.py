"""The commands of who writes claims, as `python -m claim_suite`; in a clone also as `python -m claims`."""

import sys

from claim_suite.fixtures.authoring.commands import main

if __name__ == "__main__":
    sys.exit(main())
