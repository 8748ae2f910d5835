"""The commands of who writes claims: `python -m claims new | coverage | mutate`."""

import sys

from claim_suite.fixtures.authoring.commands import main

if __name__ == "__main__":
    sys.exit(main())
