"""Links in a node, networks of nodes, and InfiniBand."""

from fractions import Fraction
from typing import Any

import pytest

from claim_suite.fixtures.claim.table import Listed, table

pytestmark = pytest.mark.cheap

VERSION = "b18d312"
PCIE = {"PCIe 4": (16, 128, 130), "PCIe 5": (32, 128, 130), "PCIe 6": (64, 242, 256), "PCIe 7": (128, 242, 256)}
NVLINK = {"NVlink 2": (6, 8), "NVlink 3": (12, 4), "NVlink 4": (18, 2)}  # links, and lanes of each, of 25 GB a second
LANE_GBITS = {"NVlink 2": 25, "NVlink 3": 50, "NVlink 4": 100}  # NVIDIA's signalling rate of one lane
XGMI = {"MI250x": (7, 50), "MI300x": (7, 64)}
LANES = {"EDR": 25, "HDR": 50, "NDR": 100, "XDR": 200, "GDR": 400, "LDR": 800}  # Gb a second

CLAIMS = Listed(
    """
    | claim              | stated | says                                                                              |
    |--------------------|--------|-----------------------------------------------------------------------------------|
    | both-ways-share    | 40%    | 235 of the advertised 600 are 40%.                                                |
    | one-way-share      | 80%    | Of 300 one way they are 80%.                                                      |
    | nvlink-link        | 25     | A link carries 25 GB a second one way.                                            |
    | nvlink-link-both   | 50     | It carries 50 both ways.                                                          |
    | nvlink-pcie        | 7      | NVLink 4 is 7 times faster than PCIe 5.                                           |
    | same-lanes         |        | NVLink 2, 3 and 4 have links of the same 4 lanes.                                 |
    | dgx-links          | =72    | Four switches of 18 links have 72.                                                |
    | dgx-bandwidth      | 3.6    | They have 3.6 TB a second.                                                        |
    | dgx-a100-links     | =72    | Six switches of 12 have 72 as well.                                               |
    | superpod-gpus      | =256   | 32 servers have 256 GPUs.                                                         |
    | superpod-bandwidth | 57.6   | At 1.8 TB a second each they have 57.6.                                           |
    | gaudi2-nics        | 2.1    | 21 links of 100 Gb a second are 2.1 Tb.                                           |
    | gaudi2-out         | 2.4    | Three of each of 8 cards leave the node with 2.4 Tb.                              |
    | gaudi2-each        | 300    | With them a card reaches the other 7 at 300 GB a second.                          |
    | bits               | 8      | A GB a second is 8 Gb a second.                                                   |
    | dgx-ports          | 1.6    | 8 ports of 200 Gb a second are 1.6 Gb a second.                                   |
    | pod-each           | 0.8    | 25.6 TB a second over 32 servers are 0.8 each.                                    |
    | pod-each-bits      | 6.4    | That is 6.4 Tb a second.                                                          |
    """,
    version=VERSION,
    also_prints={
        "both-ways-share": ("235", "600"),
        "pod-each": ("25.6", "32"),
        "gaudi2-nics": ("21",),
        "dgx-ports": ("200",),
        "superpod-bandwidth": ("1.8",),
        "dgx-bandwidth": ("0.9",),
    },
    note={
        "same-lanes": "By NVIDIA: 8 lanes of 25 Gb, 4 of 50 and 2 of 100.",
        "dgx-ports": "Gb a second.",
        "gaudi2-each": "From the 21 of the same sentence.",
    },
    loosely={"both-ways-share": "to the nearest ten", "one-way-share": "to the nearest ten"},
    refuted={
        "same-lanes": "each generation has half of the lanes at twice the rate: a link stays at 25 GB a second",
        "gaudi2-each": "21 links of 100 Gb are 262.5 GB: 300 are those of all 24, three of which leave the node",
        "dgx-ports": "8 times 200 Gb are 1.6 Tb",
    },
    words={
        "same-lanes": "NVlink 2, 3 and 4 use the same hardware of 4 lanes of 6.250 GBps each per link",
        "gaudi2-each": "8x 21 NICs of 100GbE RoCE v2 RDMA for a total of 2.1Tbps intra-node connectivity and each card "
        "connected with the other 7 cards at 300GBps",
        "dgx-ports": "8x NVIDIA ConnectX-7 (CX7) Ethernet/InfiniBand ports each of 200Gbps, for a total of 1.6 Gbps",
    },
    reply={
        "same-lanes": "That a link has 25 GB a second, from which all sums follow: it does, by half of the lanes at "
        "twice the rate in each "
        "generation, and not by the same ones.",
        "gaudi2-each": "That 300 are of all 24 links, as in the table: but the sentence has 21, and a later text 300 "
        "Gb.",
        "dgx-ports": "That it is a slip of a letter: so it is, and as printed it is a thousand times too little.",
    },
)


@table(
    """
    |                 | GBps  |
    |-----------------|-------|
    | NVIDIA NVlink 5 | 900.0 |
    | NVIDIA NVlink 4 | 450.0 |
    | AMD XGMI MI300X | 448.0 |
    | NVIDIA NVlink 3 | 300.0 |
    | AMD XGMI MI250X | 350.0 |
    | Intel Gaudi2    | 300.0 |
    | PCIe 5          | 63.0  |
    | PCIe 4          | 31.0  |
    """,
    version=VERSION,
    id="intra-node",
    name="Links in a node",
    note="From the makers' links: NVLink's both directions by two, AMD's 7 links, PCIe's rate by its code.",
    loosely={"PCIe 4": "cut short"},
    disputed={"Intel Gaudi2": "of all 24 links of a card; 21 of them stay in the node"},
)
def test_intra_node(cell, makers, stated, reading, measure):
    """{row} carries {stated} GB a second one way in a node."""
    rate, code, coded = PCIE.get(cell.row, PCIE["PCIe 4"])
    found = {
        "NVIDIA NVlink 5": Fraction(makers["b200"]["nvlink"], 2 * 10**9),
        "NVIDIA NVlink 4": Fraction(makers["h100"]["nvlink"], 2 * 10**9),
        "AMD XGMI MI300X": 7 * 64,
        "NVIDIA NVlink 3": Fraction(makers["a100"]["nvlink"], 2 * 10**9),
        "AMD XGMI MI250X": 7 * 50,
        "Intel Gaudi2": Fraction(21 * 100, 8),
    }
    if reading == "other":
        found["Intel Gaudi2"] = Fraction(24 * 100, 8)
    value: Any = found.get(cell.row, Fraction(rate * code * 16, 8 * coded))
    assert measure(value if reading == "literal" else int(value), "GB a second") == stated


@table(
    """
    |        | Lane  | Unidirection | Duplex |
    |--------|-------|--------------|--------|
    | PCIe 4 | ~2.0  | 31           | 62     |
    | PCIe 5 | ~4.0  | 63           | 126    |
    | PCIe 6 | ~7.5  | 121          | 242    |
    | PCIe 7 | ~15.0 | 242          | 484    |
    """,
    version=VERSION,
    id="pcie",
    name="PCIe",
    note="GB a second of one lane and of 16, from the rate of the generation by its code.",
    loosely={
        "PCIe 4 / Unidirection": "cut short",
        "PCIe 4 / Duplex": "twice what was cut short",
        "PCIe 7 / Lane": "cut short",
    },
)
def test_pcie(cell, stated, reading, measure):
    """{row} carries {stated} GB a second by the column {column}."""
    rate, code, coded = PCIE[cell.row]
    lane = Fraction(rate * code, 8 * coded)
    found = {"Lane": lane, "Unidirection": 16 * lane, "Duplex": 32 * lane}[cell.column]
    weaker = {"Lane": int(lane), "Unidirection": int(16 * lane), "Duplex": 2 * int(16 * lane)}[cell.column]
    assert measure(found if reading == "literal" else weaker, "GB a second") == stated


@table(
    """
    |          | Lane (GBps) | Links | Unidirection | Duplex |
    |----------|-------------|-------|--------------|--------|
    | NVlink 2 | 6.250       | 6     | 150          | 300    |
    | NVlink 3 | 6.250       | 12    | 300          | 600    |
    | NVlink 4 | 6.250       | 18    | 450          | 900    |
    """,
    version=VERSION,
    id="nvlink",
    name="NVLink",
    note="GB a second, from links of 25 each way and NVIDIA's lanes of each.",
    refuted={
        "NVlink 2 / Lane (GBps)": "8 lanes of 25 Gb: 3.125 GB a second",
        "NVlink 4 / Lane (GBps)": "2 lanes of 100 Gb: 12.5 GB a second",
    },
    reply=dict.fromkeys(
        ("NVlink 2 / Lane (GBps)", "NVlink 4 / Lane (GBps)"), "The product, 25 GB a link, is right: the lanes are not."
    ),
)
def test_nvlink(cell, stated, measure):
    """{row} has {stated} by the column {column}."""
    links, lanes = NVLINK[cell.row]
    found = {"Lane (GBps)": Fraction(25, lanes), "Links": links, "Unidirection": 25 * links, "Duplex": 50 * links}
    also = Fraction(LANE_GBITS[cell.row], 8) if cell.column.startswith("Lane") else None
    assert measure(found[cell.column], cell.column, also=also) == stated


@table(
    """
    |        | Unidirection | Duplex |
    |--------|--------------|--------|
    | MI250x | 350          | 700    |
    | MI300x | 448          | 896    |
    """,
    version=VERSION,
    id="xgmi",
    name="xGMI",
    also_prints={"MI250x": ("50", "7"), "MI300x": ("64", "7")},
    note="GB a second, from the links of its row.",
)
def test_xgmi(cell, stated, measure):
    """{row} carries {stated} GB a second, {column}."""
    links, each = XGMI[cell.row]
    assert measure(links * each * (2 if cell.column == "Duplex" else 1), "GB a second") == stated


@table(
    """
    |                    | Total GBps | NICs | Gbps |
    |--------------------|------------|------|------|
    | NVLink Switch gen3 | 450        | 8    | 450  |
    | Quantum-2 IB       | 400        | 8    | 400  |
    | AWS EFA v2         | 400        | 32   | 100  |
    | NVLink Switch gen2 | 300        | 8    | 300  |
    | Gaudi2             | 300        | 24   | 100  |
    | XDR1600            | 200        | 8    | 200  |
    | NVLink Switch gen1 | 150        | 8    | 150  |
    | GPUDirect-TCPX     | 100        | 4    | 200  |
    | Slingshot          | 100        | 4    | 200  |
    | CN100              | 100        | 8    | 100  |
    | AWS EFA v1         | 50         | 4    | 100  |
    | NDR400             | 50         | 4    | 100  |
    | CN5000             | 400        | 8    | 400  |
    | GDR3200            | 400        | 8    | 400  |
    """,
    version=VERSION,
    id="inter-node",
    name="Networks of nodes",
    note="The total from its links by their Gb a second; NVLink's from GB a second of each of 8 GPUs.",
    uncheckable={
        "NICs": "how a common node is built is not published in one place",
        "Gbps": "how a common node is built is not published in one place",
    },
    disputed=dict.fromkeys(
        ("NVLink Switch gen3 / Total GBps", "NVLink Switch gen2 / Total GBps", "NVLink Switch gen1 / Total GBps"),
        "by the row's own columns, 8 links of so many Gb, it is right; a GPU's NVLink has so many GB, which makes the "
        "total of a node eight times as much",
    ),
)
def test_inter_node(cell, stated, reading, measure):
    """{row}: {column} is {stated}."""
    links, each = {
        "NVLink Switch gen3": (8, 8 * 450),
        "NVLink Switch gen2": (8, 8 * 300),
        "NVLink Switch gen1": (8, 8 * 150),
        "Quantum-2 IB": (8, 400),
        "AWS EFA v2": (32, 100),
        "Gaudi2": (24, 100),
        "XDR1600": (8, 200),
        "GPUDirect-TCPX": (4, 200),
        "Slingshot": (4, 200),
        "CN100": (8, 100),
        "AWS EFA v1": (4, 100),
        "NDR400": (4, 100),
        "CN5000": (8, 400),
        "GDR3200": (8, 400),
    }[cell.row]
    bits = 8 if reading == "other" else 1  # a byte of the row's own Gbps, which the literal reading takes in GB
    assert measure(Fraction(links * each, 8 * bits), "GB a second") == stated


@table(
    """
    | Links | EDR | HDR | NDR  | XDR  | GDR  | LDR  |
    |-------|-----|-----|------|------|------|------|
    | 1     | 25  | 50  | 100  | 200  | 400  | 800  |
    | 4     | 100 | 200 | 400  | 800  | 1600 | 3200 |
    | 8     | 200 | 400 | 800  | 1600 | 3200 | 4800 |
    | 12    | 300 | 600 | 1200 | 2400 | 4800 | 9600 |
    """,
    version=VERSION,
    id="infiniband",
    name="InfiniBand",
    note="Gb a second of so many lanes.",
    refuted={"8 / LDR": "8 times 800 are 6400"},
    reply={"8 / LDR": "None: the author has corrected it, and says so."},
)
def test_infiniband(cell, stated, measure):
    """{row} links of {column} carry {stated} Gb a second."""
    doubled = LANES["EDR"] * 2 ** list(LANES).index(cell.column)  # each generation has twice the rate
    assert measure(int(cell.row) * LANES[cell.column], "Gb a second", also=sum(int(cell.row) * [doubled])) == stated


@CLAIMS.claim
def test_same_lanes(measure):
    by_rate = {Fraction(8 * 25, rate) for rate in LANE_GBITS.values()}
    assert measure(len({lanes for _, lanes in NVLINK.values()}), "numbers of lanes", also=len(by_rate)) == 1


@CLAIMS.each()
def test_sums(claim, stated, measure):
    value, unit = {
        "both-ways-share": (Fraction(235, 600), "of it"),
        "one-way-share": (Fraction(235, 300), "of it"),
        "nvlink-link": (Fraction(8 * 25, 8), "GB a second"),
        "nvlink-link-both": (2 * Fraction(8 * 25, 8), "GB a second"),
        "nvlink-pcie": (18 * 25 / Fraction(32 * 128 * 16, 8 * 130), "times as fast"),
        "dgx-links": (4 * 18, "links"),
        "dgx-bandwidth": (4 * Fraction(9, 10), "TB a second"),
        "dgx-a100-links": (6 * 12, "links"),
        "superpod-gpus": (32 * 8, "GPUs"),
        "superpod-bandwidth": (32 * Fraction(18, 10), "TB a second"),
        "gaudi2-nics": (Fraction(21 * 100, 1000), "Tb a second"),
        "gaudi2-out": (Fraction(3 * 8 * 100, 1000), "Tb a second"),
        "gaudi2-each": (Fraction(21 * 100, 8), "GB a second"),
        "bits": (8, "Gb a second"),
        "dgx-ports": (8 * 200, "Gb a second"),
        "pod-each": (Fraction("25.6") / 32, "TB a second"),
        "pod-each-bits": (Fraction("25.6") / 32 * 8, "Tb a second"),
    }[claim]
    also = {"gaudi2-each": Fraction("2.1") * 1000 / 8, "dgx-ports": sum(8 * [200])}.get(claim)
    assert measure(value, unit, also=also) == stated
