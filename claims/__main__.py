"""The commands of who writes claims: `python -m claims new | coverage`."""

import sys

from claim_suite.fixtures.authoring.commands import main

sys.exit(main())
