"""Ledgers to draw: one like a real run, one with every unusual state, and one of any size."""

import copy
from typing import Any

Record = dict[str, Any]

LAYERS = {"0": 0.0, "15": 0.5, "31": 1.0}
DOMAINS = ["ArXiv", "DM Mathematics", "Github", "Gutenberg", "PhilPapers", "PubMed", "StackExchange", "Wikipedia (en)"]
LLAMA = {"attention": 4_194_304_000, "embeddings": 327_680_000, "norms": 414_720, "router": 0,
         "feed_forward_active": 8_493_465_600, "feed_forward_idle": 0}  # fmt: skip
MIXTRAL = {"attention": 1_342_177_280, "embeddings": 262_144_000, "norms": 266_240, "router": 1_048_576,
           "feed_forward_active": 11_274_289_152, "feed_forward_idle": 33_822_867_456}  # fmt: skip
INTERVALS = {
    "13.02B": ("13015000000", "13025000000"), "46.70B": ("46695000000", "46705000000"), "33": ("32.5", "33.5"),
    "46B": ("45500000000", "46500000000"), "4": ("4", "4"), "46%": ("0.455", "0.465"), "1/8": ("0.125", "0.125"),
    "12.5%": ("0.1245", "0.1255"), "13824": ("13824", "13824"), "3.5": ("3.45", "3.55"),
}  # fmt: skip


def number(value: Any, unit: str = "", of: str = "", low: Any = None, high: Any = None, **routes: Any) -> Record:
    named = {name.replace("_", " "): route for name, route in routes.items()}
    return {"value": value, "unit": unit, "of": of, "routes": named, "low": low, "high": high}


def case(verdict: str = "holds", *measured: Record, declared: str | None = None, stated: str | None = None,
         low: str | None = None, high: str | None = None, **more: Any) -> Record:  # fmt: skip
    ends = (low, high) if low else INTERVALS.get(stated or "", (None, None))
    return {
        "id": "", "test": "claims/post/test_1_counts.py::test_total", "tier": "cheap", "reading": "literal",
        "source": "meta device", "declared": declared or (verdict if verdict != "unchecked" else "holds"),
        "verdict": verdict, "reason": "", "measured": list(measured), "seconds": 0.004,
        "stated": {"text": stated, "low": ends[0], "high": ends[1]} if stated else None,
    } | more  # fmt: skip


def loosely(stated: str, value: Any, why: str, cut: tuple[str, str], unit: str = "parameters") -> list[Record]:
    return [
        case("refuted", number(value, unit, closed_form=value), stated=stated, id="literal", reason=why),
        case("holds", number(value, unit, closed_form=value), stated=stated, id="loose", reading="loose", reason=why,
             low=cut[0], high=cut[1]),
    ]  # fmt: skip


def fresh(**more: Any) -> Record:
    return case("unchecked", tier="gpu", source="fresh measurement", id="fresh", seconds=0.0,
                reason="needs weights or a device: pytest -m gpu") | more  # fmt: skip


def claim(name: str, section: str, says: str, verdict: str, *cases: Record, **more: Any) -> Record:
    document = more.pop("document", "post")
    return {
        "id": f"{document}/{name}", "document": document, "section": section, "says": says,
        "stated": next((one["stated"]["text"] for one in cases if one["stated"]), None),
        "declared": verdict if verdict not in ("unchecked", "broken") else "holds", "verdict": verdict, "reason": "",
        "cases": list(cases),
    } | more  # fmt: skip


def figure(name: str = "Figure 7") -> Record:
    domains = {
        domain: {
            layer: [round(0.125 + tilt * 0.06 * ((place * 7 + at * 3) % 8 - 3.5) / 3.5, 3) for place in range(8)]
            for layer, tilt in LAYERS.items()
        }
        for at, domain in enumerate(DOMAINS)
    }
    return {"kind": "shares", "name": name, "even": 0.125, "layers": [0, 15, 31], "domains": domains,
            "intervals": None, "note": "Reading error .001 a bar"}  # fmt: skip


def measured_figure() -> Record:
    chart = figure("Fresh measurement")
    chart["intervals"] = {
        domain: {layer: [[share - 0.012, share + 0.012] for share in shares] for layer, shares in by.items()}
        for domain, by in chart["domains"].items()
    }
    return chart


def depth_charts() -> list[Record]:
    fresh_points = [
        [layer, 0.044 + 0.0016 * layer, 0.036 + 0.0016 * layer, 0.052 + 0.0016 * layer] for layer in range(0, 32, 4)
    ]
    record = [[layer, 0.05 + 0.05 * (layer / 9) * 2.7 ** (1 - layer / 9), None, None] for layer in range(32)]
    return [
        {
            "kind": "depth",
            "name": "Figure 7",
            "points": [[0, 0.047, None, None], [15, 0.09, None, None], [31, 0.103, None, None]],
            "band": [0.02, 0.065],
        },
        {"kind": "depth", "name": "MMLU record", "points": record, "band": None},
        {"kind": "depth", "name": "fresh measurement", "points": fresh_points, "band": None},
    ]


def documents() -> list[Record]:
    return [
        {"id": "post", "title": "Why mixture-of-experts models get attention", "language": "ko", "sections": [
            {"id": "1", "title": "Where the parameters are", "charts": [
                {"kind": "parameters", "name": "Llama-2-13B", "parts": LLAMA},
                {"kind": "parameters", "name": "Mixtral 8x7B", "parts": MIXTRAL}]},
            {"id": "2", "title": "Against larger dense models"},
            {"id": "3", "title": "Which expert takes which domain", "charts": [figure(), *depth_charts()]},
        ]},
        {"id": "paper", "title": "Mixtral of Experts", "language": "en", "sections": [
            {"id": "equations", "title": "Equations the post leans on"}]},
    ]  # fmt: skip


def counts() -> list[Record]:
    total = 13_015_864_320
    return [
        claim("llama-total", "1", "Llama-2-13B has 13.02 billion parameters.", "holds",
              case("holds", number(total, "parameters", closed_form=total), stated="13.02B")),
        claim("ffn-has-more-parameters", "1", "The feed-forward network has more parameters than attention.", "holds",
              case("holds", number(8_493_465_600, "parameters", "MLP", closed_form=8_493_465_600),
                   number(4_194_304_000, "parameters", "attention", closed_form=4_194_304_000))),
        claim("experts-33-times-attention", "1", "The experts have 33 times the parameters of attention.", "loosely",
              *loosely("33", 33.6, "cut short, not rounded", ("33", "34"), "times attention")),
        claim("llama-d-ff", "1", "The feed-forward width of Llama-2-13B is 13,824.", "holds",
              case("holds", number(13_824, "", closed_form=13_824), stated="13824")),
        claim("ffn-width-is-a-quarter", "1", "The feed-forward width is a quarter of the model width.", "refuted",
              case("refuted", number(4, "model widths", closed_form=4), number(2, "model widths", "norms"),
                   reason="the equation printed beside the sentence says the opposite")),
        claim("structure-explains-quality", "1", "This structure is why the quality is better.", "uncheckable",
              case("uncheckable", reason="two models differ in data, training and size at once", seconds=0.0)),
    ]  # fmt: skip


def scores() -> list[Record]:
    return [
        claim("total-about-46B", "2", "Mixtral has roughly 46 billion parameters in total.", "loosely",
              *loosely("46B", 46_702_792_704, "cut short, not rounded", ("46000000000", "47000000000"))),
        claim("mixtral-ratio-below-kaplan", "2", "Mixtral's ratio, too, is below 4.", "holds",
              case("holds", number(3.5, "model widths", "Mixtral"), number(2.7, "model widths", "Llama"), stated="4")),
        claim("code-llama-better-on-mbpp", "2", "Code Llama is better at code: MBPP.", "refuted",
              case("refuted", number(55.0, "points", "Code Llama"), number(60.7, "points", "Mixtral"),
                   source="Table 2", reason="on this benchmark Mixtral is ahead")),
        claim("all-experts-hurt", "2", "Using all experts may lower quality.", "unchecked", fresh()),
    ]  # fmt: skip


def steps(correlation: float, up: int, total: int) -> list[Record]:
    return [
        number(correlation, "rank correlation with depth"), number(up, f"of {total} steps up"),
        number(-0.0321, "total variation", "smallest step, from one layer to the next", -0.0351, -0.0301),
    ]  # fmt: skip


def routing() -> list[Record]:
    return [
        claim("wikipedia-expert-8", "3", "At layer 31, Wikipedia goes to the eighth expert.", "holds",
              case("holds", number(0.172, "share of slots", "expert 7"), number(0.156, "share of slots", "expert 2"),
                   source="Figure 7", id="Figure 7"), fresh()),
        claim("deeper-is-more-specific", "3", "The deeper, the more domain-specific the routing.", "disputed",
              case("holds", *steps(1.0, 2, 2), source="Figure 7", id="Figure 7"),
              case("refuted", *steps(0.27, 18, 31), source="MMLU record", id="MMLU record",
                   reason="it peaks in the first half"), fresh()),
        claim("even-share", "3", "The dashed line is an even split.", "holds",
              case("holds", number(0.125, "share of slots"), stated="1/8")),
        claim("no-topic-pattern", "3", "There is no obvious pattern of experts by topic.", "undecided",
              case("undecided", number(0.047, "share", "layer 0", 0.041, 0.052),
                   number(0.09, "share", "layer 15", 0.08, 0.1), source="Figure 7",
                   reason="samples of equal domains differ by as much")),
    ]  # fmt: skip


def laws() -> list[Record]:
    names = ["k distinct experts", "weights sum to 1", "unchanged by a constant", "follows a permutation"]
    names += ["scaling sharpens", "k = 1 is a hard choice", "k = all is a softmax", "masked tokens never count"]
    parts = [case("holds", part=name, id=name, source="") for name in names]
    repeated = [number(value, "repeated", f"domain {place}") for place, value in enumerate([0.236, 0.284, 0.197])]
    return [
        in_paper("gate-laws", "Eight laws that the gate obeys.", *parts),
        in_paper("repetition-baseline", "Two tokens share an expert by chance with 46%.",
                 case("holds", number(13 / 28, "of pairs", all_pairs=13 / 28), stated="46%")),
        in_paper("repetition-above-chance", "Repetition is above chance.",
                 case("holds", *repeated, stated="12.5%", source="Table 5")),
    ]  # fmt: skip


def in_paper(name: str, says: str, *cases: Record) -> Record:
    return claim(name, "equations", says, "holds", *cases, document="paper")


def ledger(claims: list[Record] | None = None, **run: Any) -> Any:
    claims = [*counts(), *scores(), *routing(), *laws()] if claims is None else claims
    cases = [one for each in claims for one in each["cases"]]
    deselected = sum(one["tier"] == "gpu" and one["verdict"] == "unchecked" for one in cases)
    environment = {
        "python": "3.11.9",
        "torch": "2.13.0",
        "transformers": "5.23.0",
        "platform": "Linux",
        "device": "cpu",
    }
    return {
        "schema": "claims-ledger/1",
        "run": {"started": "2026-11-24T06:00:00Z", "seconds": 5.1, "arguments": ["-m", "cheap"], "state": "complete",
                "exit_code": 0, "environment": environment} | run,
        "accounting": {"collected": len(cases) - deselected, "reported": len(cases) - deselected,
                       "deselected": deselected, "unaccounted": []},
        "documents": documents(),
        "claims": claims,
    }  # fmt: skip


def bad_day() -> Any:
    """A surprise, a broken instrument, a case that vanished, and an interruption, in one run."""
    claims = [*counts(), *scores(), *routing(), *laws()]
    by_name = {each["id"]: each for each in claims}
    wrong = by_name["post/llama-total"]
    wrong["cases"][0] |= {
        "verdict": "refuted",
        "measured": [number(12_852_024_320, "parameters", closed_form=12_852_024_320)],
    }
    wrong["verdict"] = "refuted"
    stale = by_name["post/total-about-46B"]
    stale["cases"][0] |= {"verdict": "holds"}
    stale["verdict"] = "holds"
    failed = by_name["paper/repetition-baseline"]
    failed["cases"][0] |= {
        "verdict": "broken",
        "measured": [],
        "reason": "RuntimeError: expected Float but found BFloat16\n  in route(logits, k)",
    }
    failed["verdict"] = "broken"
    lost = by_name["post/llama-d-ff"]
    lost["cases"][0] |= {"verdict": "unchecked", "measured": [], "reason": "not reached: the run ended before it"}
    lost["verdict"] = "unchecked"
    made = ledger(claims, state="interrupted", exit_code=2)
    made["accounting"] |= {"unaccounted": ["post/llama-d-ff"], "reported": made["accounting"]["reported"] - 1}
    made["documents"][0]["sections"][2]["charts"].append(measured_figure())
    return made


def large(total: int) -> Any:
    """A ledger of any number of claims, a hundred a section."""
    base = ledger()["claims"]
    claims = []
    for place in range(total):
        one = copy.deepcopy(base[place % len(base)])
        name = one["id"].partition("/")[2]
        one |= {"id": f"large/{name}-{place}", "document": "large", "section": str(place // 100 + 1)}
        claims.append(one)
    made = ledger(claims)
    sections = [{"id": str(place + 1), "title": f"Section {place + 1}"} for place in range((total + 99) // 100)]
    made["documents"] = [{"id": "large", "title": "Many claims", "language": "en", "sections": sections}]
    return made
