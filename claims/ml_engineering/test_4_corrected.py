"""What the book corrected, at the commit of each correction, and whether the corrected number holds."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed

pytestmark = pytest.mark.cheap

CLAIMS = Listed(
    """
    | claim              | stated | version | corrects                      | says                                    |
    |--------------------|--------|---------|-------------------------------|-----------------------------------------|
    | head-v5p-bandwidth | 2.76   | c773525 | memory-tpu-v5p-bandwidth-tbps | TPU v5p reads 2.76 TB a second.         |
    | head-v5e-bandwidth | 0.82   | c773525 | memory-tpu-v5e-bandwidth-tbps | TPU v5e reads 0.82 TB a second.         |
    | head-nvlink-2-lane | 3.125  | 0244b4f | nvlink-nvlink-2-lane-gbps     | A lane of NVLink 2 carries 3.125 GB a   |
    |                    |        |         |                               | second.                                 |
    | head-nvlink-4-lane | 12.50  | 0244b4f | nvlink-nvlink-4-lane-gbps     | A lane of NVLink 4 carries 12.50.       |
    | head-lanes         |        | 0244b4f | same-lanes                    | NVLink 2, 3 and 4 have 8, 4 and 2 lanes |
    |                    |        |         |                               | a link.                                 |
    | head-ldr           | 6400   | ad8da1a | infiniband-8-ldr              | 8 links of LDR carry 6400 Gb a second.  |
    | head-hfu           | 40%    | bf40b53 | hfu                           | 400 of 989 are 40%.                     |
    | head-dgx-ports     | 1.6    | bf40b53 | dgx-ports                     | 8 ports of 200 Gb a second are 1.6 Tb.  |
    | head-gaudi2-each   | 300    | 744d01e | gaudi2-each                   | A card reaches another with 300 Gb a    |
    |                    |        |         |                               | second.                                 |
    """,
    in_words=True,  # the text is that of the first commit
    note={"head-gaudi2-each": "21 links of 100 Gb, evenly to 7 cards."},
)


@CLAIMS.claim
def test_head_lanes(measure):
    lanes = [Fraction(200, rate) for rate in (25, 50, 100)]  # Gb a second of a link, by those of a lane
    assert measure(sum(lanes), "lanes in all") == 8 + 4 + 2


@CLAIMS.each()
def test_sums(claim, makers, stated, measure):
    value, unit = {
        "head-v5p-bandwidth": (Fraction(makers["v5p"]["hbm"], 10**12), "TB a second"),
        "head-v5e-bandwidth": (Fraction(makers["v5e"]["hbm"], 10**12), "TB a second"),
        "head-nvlink-2-lane": (Fraction(25, 8), "GB a second"),
        "head-nvlink-4-lane": (Fraction(25, 2), "GB a second"),
        "head-ldr": (8 * 800, "Gb a second"),
        "head-hfu": (Fraction(400, 989), "of the peak"),
        "head-dgx-ports": (Fraction(8 * 200, 1000), "Tb a second"),
        "head-gaudi2-each": (Fraction(21 * 100, 7), "Gb a second"),
    }[claim]
    assert measure(value, unit) == stated
