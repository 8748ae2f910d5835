"""Ledgers to draw: one like a real run, one with every unusual state, and one of any size."""

import copy
from typing import Any

from claim_suite.reports import schema
from claim_suite.reports.schema import Case, Claim, Comparison, Document, Evidence, Ledger, Measurement, Section, Stated

LAYERS = {"0": 0.0, "15": 0.5, "31": 1.0}
DOMAINS = ["ArXiv", "DM Mathematics", "Github", "Gutenberg", "PhilPapers", "PubMed", "StackExchange", "Wikipedia (en)"]
LLAMA = {"attention": 4_194_304_000, "embeddings": 327_680_000, "norms": 414_720, "router": 0,
         "feed_forward_active": 8_493_465_600, "feed_forward_idle": 0}  # fmt: skip
MIXTRAL = {"attention": 1_342_177_280, "embeddings": 262_144_000, "norms": 266_240, "router": 1_048_576,
           "feed_forward_active": 11_274_289_152, "feed_forward_idle": 33_822_867_456}  # fmt: skip
PRINTED = {
    "13.02B": ("13015000000", "13025000000", "13020000000"), "33": ("32.5", "33.5", "33"), "4": ("4", "4", "4"),
    "46B": ("45500000000", "46500000000", "46000000000"), "46%": ("0.455", "0.465", "0.46"),
    "1/8": ("0.125", "0.125", "0.125"), "12.5%": ("0.1245", "0.1255", "0.125"), "13824": ("13824", "13824", "13824"),
}  # fmt: skip
CONFIG = Evidence(
    model="llama-2-13b", device="meta", file="fixtures/models/data/llama-2-13b.json", sha256="1234567890abcdef" * 4
)
FIGURE = Evidence(
    source="Figure 7", model="mixtral-8x7b-v0.1", text="The Pile", file="figure7.json", sha256="fedcba0987654321" * 4,
    link="https://example.org/2401.04088", note="Read off the figure; reading error .001 a bar.",
)  # fmt: skip
FRESH = Evidence(
    source="fresh measurement", model="tiny-mixtral", revision="0123abc", precision="bfloat16", engine="transformers",
    device="cpu", text="The Pile's validation split", stand_in=True,
)  # fmt: skip
OTHER = Evidence(model="tiny-random", precision="float32", engine="transformers", device="cpu")


def number(value: Any, unit: str = "", of: str = "", low: Any = None, high: Any = None, **routes: Any) -> Measurement:
    named = {name.replace("_", " "): route for name, route in routes.items()}
    share = unit in ("share", "total variation") or unit.startswith(("share of ", "of "))
    return Measurement(value=value, unit=unit, of=of, routes=named, low=low, high=high, share=share)


def stated(text: str, low: str = "", high: str = "") -> Stated:
    """A printed number, or the same cut short where its ends are given."""
    lower, upper, nominal = PRINTED[text]
    return Stated(text=text, low=low or lower, high=high or upper, nominal=nominal, cut_short=bool(low))


def compared(verdict: str, *values: Any, operator: Any = "==") -> list[Comparison]:
    return [Comparison(operator=operator, value=value, holds=verdict == "holds") for value in values]


def case(verdict: Any = "holds", *measured: Measurement, **more: Any) -> Case:
    """A case of a claim; one with a printed number compares what it measured first with it."""
    against = compared(verdict, *(one.value for one in measured[:1])) if more.get("stated") else []
    declared = verdict if verdict in ("holds", "refuted", "undecided", "uncheckable") else "holds"
    usual = {"id": "", "test": "claims/post/test_1_counts.py::test_total", "tier": "cheap", "seconds": 0.004}
    told = {"declared": declared, "verdict": verdict, "measured": list(measured), "compared": against}
    return Case(**{**usual, **told, **more})


def loosely(text: str, value: Any, why: str, cut: tuple[str, str], unit: str = "parameters") -> list[Case]:
    measured = number(value, unit, closed_form=value)
    return [
        case("refuted", measured, stated=stated(text), id="literal", reason=why, evidence=[CONFIG]),
        case("holds", measured, stated=stated(text, *cut), id="loose", reading="loose", reason=why, evidence=[CONFIG]),
    ]


def fresh(**more: Any) -> Case:
    waiting = {"tier": "gpu", "source": "fresh measurement", "id": "fresh", "seconds": 0.0}
    return case("unchecked", **{**waiting, "reason": "needs weights or a device: pytest -m gpu", **more})


def claim(name: str, section: str, says: str, *cases: Case, document: str = "post", **more: Any) -> Claim:
    printed = next((one.stated.text for one in cases if one.stated), None)
    place = {"id": f"{document}/{name}", "document": document, "section": section, "says": says}
    made = Claim(**{**place, "stated": printed, "cases": list(cases), **more})
    made.conclude()
    return made


def figure(name: str = "Figure 7", half: float = 0) -> dict[str, Any]:
    """Shares by domain and layer, with intervals of a half width where there is one."""
    domains = {
        domain: {
            layer: [round(0.125 + tilt * 0.06 * ((place * 7 + at * 3) % 8 - 3.5) / 3.5, 3) for place in range(8)]
            for layer, tilt in LAYERS.items()
        }
        for at, domain in enumerate(DOMAINS)
    }
    intervals = {
        domain: {layer: [[share - half, share + half] for share in shares] for layer, shares in by.items()}
        for domain, by in domains.items()
    }
    return {"kind": "shares", "name": name, "even": 0.125, "layers": [0, 15, 31], "domains": domains,
            "intervals": intervals if half else None, "note": "Reading error .001 a bar"}  # fmt: skip


def depth_charts() -> list[dict[str, Any]]:
    near = [[layer, at := 0.044 + 0.0016 * layer, at - 0.008, at + 0.008] for layer in range(0, 32, 4)]
    read = [[0, 0.047, None, None], [15, 0.09, None, None], [31, 0.103, None, None]]
    return [
        {"kind": "depth", "name": "Figure 7", "points": read},
        {"kind": "depth", "name": "fresh measurement", "points": near},
    ]


def documents() -> list[Document]:
    parameters = [{"kind": "parameters", "name": "Llama-2-13B", "parts": LLAMA},
                  {"kind": "parameters", "name": "Mixtral 8x7B", "parts": MIXTRAL}]  # fmt: skip
    return [
        Document(
            id="post", position=1, title="Why mixture-of-experts models get attention", language="ko",
            link="https://example.org/post?a=1&b=2", sections=[
                Section(id="1", title="Where the parameters are", charts=parameters),
                Section(id="2", title="Against larger dense models"),
                Section(id="3", title="Which expert takes which domain", charts=[figure(), *depth_charts()]),
            ],
        ),
        Document(id="paper", position=2, title="Mixtral of Experts", sections=[
            Section(id="equations", title="Equations the post leans on")]),
    ]  # fmt: skip


def counts() -> list[Claim]:
    total, wide = 13_015_864_320, number(4, "model widths", closed_form=4)
    return [
        claim("llama-total", "1", "Llama-2-13B has 13.02 billion parameters.",
              case("holds", number(total, "parameters", closed_form=total), stated=stated("13.02B"), evidence=[CONFIG]),
              model="llama-2-13b"),
        claim("ffn-has-more-parameters", "1", "The feed-forward network has more parameters than attention.",
              case("holds", number(8_493_465_600, "parameters", "MLP", closed_form=8_493_465_600),
                   number(4_194_304_000, "parameters", "attention", closed_form=4_194_304_000), evidence=[CONFIG])),
        claim("experts-33-times-attention", "1", "The experts have 33 times the parameters of attention.",
              *loosely("33", 33.6, "cut short, not rounded", ("33", "34"), "times attention")),
        claim("llama-d-ff", "1", "The feed-forward width of Llama-2-13B is 13,824.",
              case("holds", number(13_824, "", closed_form=13_824), stated=stated("13824"))),
        claim("ffn-width-is-a-quarter", "1", "The feed-forward width is a quarter of the model width.",
              case("refuted", wide, number(2, "model widths", "norms"),
                   reason="the equation printed beside the sentence says the opposite")),
        claim("structure-explains-quality", "1", "This structure is why the quality is better.",
              case("uncheckable", reason="two models differ in data, training and size at once", seconds=0.0)),
    ]  # fmt: skip


def scores() -> list[Claim]:
    ratios = number(3.5, "model widths", "Mixtral"), number(2.7, "model widths", "Llama")
    return [
        claim("total-about-46B", "2", "Mixtral has roughly 46 billion parameters in total.",
              *loosely("46B", 46_702_792_704, "cut short, not rounded", ("46000000000", "47000000000"))),
        claim("mixtral-ratio-below-kaplan", "2", "Mixtral's ratio, too, is below 4.",
              case("holds", *ratios, stated=stated("4"), compared=compared("holds", 3.5, 2.7, operator="<"))),
        claim("code-llama-better-on-mbpp", "2", "Code Llama is better at code: MBPP.",
              case("refuted", number(55.0, "points", "Code Llama"), number(60.7, "points", "Mixtral"),
                   source="Table 2", reason="on this benchmark Mixtral is ahead")),
        claim("all-experts-hurt", "2", "Using all experts may lower quality.", fresh()),
    ]  # fmt: skip


def steps(correlation: float, up: int, total: int) -> list[Measurement]:
    return [
        number(correlation, "rank correlation with depth"), number(up, f"of {total} steps up"),
        number(-0.0321, "total variation", "smallest step, from one layer to the next", -0.0351, -0.0301),
    ]  # fmt: skip


def routing() -> list[Claim]:
    return [
        claim("wikipedia-expert-8", "3", "At layer 31, Wikipedia goes to the eighth expert.",
              case("holds", number(0.172, "share of slots", "expert 7"), number(0.156, "share of slots", "expert 2"),
                   source="Figure 7", id="Figure 7", evidence=[FIGURE]), fresh()),
        claim("deeper-is-more-specific", "3", "The deeper, the more domain-specific the routing.",
              case("holds", *steps(1.0, 2, 2), source="Figure 7", id="Figure 7", evidence=[FIGURE]),
              case("refuted", *steps(0.27, 18, 31), source="MMLU record", id="MMLU record",
                   reason="it peaks in the first half"), fresh()),
        claim("even-share", "3", "The dashed line is an even split.",
              case("holds", number(0.125, "share of slots"), stated=stated("1/8"))),
        claim("no-topic-pattern", "3", "There is no obvious pattern of experts by topic.",
              case("undecided", number(0.047, "share", "layer 0", 0.041, 0.052),
                   number(0.09, "share", "layer 15", 0.08, 0.1), source="Figure 7", evidence=[FIGURE],
                   reason="samples of equal domains differ by as much")),
    ]  # fmt: skip


def laws() -> list[Claim]:
    names = ["k distinct experts", "weights sum to 1", "unchanged by a constant", "follows a permutation"]
    names += ["scaling sharpens", "k = 1 is a hard choice", "k = all is a softmax", "masked tokens never count"]
    repeated = [number(value, "of tokens", f"domain {at}") for at, value in enumerate([0.236, 0.284, 0.197])]
    above = compared("holds", 0.236, 0.284, 0.197, operator=">")
    return [
        in_paper("gate-laws", "Eight laws that the gate obeys.",
                 *(case("holds", part=name, id=name, drawn=12) for name in names)),
        in_paper("repetition-baseline", "Two tokens share an expert by chance with 46%.",
                 case("holds", number(13 / 28, "of pairs", all_pairs=13 / 28), stated=stated("46%"))),
        in_paper("repetition-above-chance", "Repetition is above chance.",
                 case("holds", *repeated, stated=stated("12.5%"), source="Table 5", compared=above)),
    ]  # fmt: skip


def in_paper(name: str, says: str, *cases: Case) -> Claim:
    return claim(name, "equations", says, *cases, document="paper")


def ledger(claims: list[Claim] | None = None, **run: Any) -> Ledger:
    claims = [*counts(), *scores(), *routing(), *laws()] if claims is None else claims
    cases = [one for each in claims for one in each.cases]
    waiting = sum(one.tier == "gpu" and one.verdict == "unchecked" for one in cases)
    environment = {"python": "3.11.9", "torch": "2.13.0", "platform": "Linux", "device": "cpu"}
    return Ledger(
        run=schema.Run(**{
            "started": "2026-11-24T06:00:00Z", "seconds": 5.1, "arguments": ["-m", "cheap"], "state": "complete",
            "exit_code": 0, "environment": environment, **run,
        }),
        accounting=schema.Accounting(collected=len(cases) - waiting, reported=len(cases) - waiting, deselected=waiting),
        documents=documents(),
        claims=claims,
    )  # fmt: skip


def bad_day() -> Ledger:
    """A surprise, a broken instrument, a case that vanished, a stand-in, another model, an untested library."""
    made = ledger(state="interrupted", exit_code=2)
    by_name = {each.id: each.cases for each in made.claims}
    (wrong,) = by_name["post/llama-total"]
    wrong.verdict, wrong.measured = "refuted", [number(12_852_024_320, "parameters", closed_form=12_852_024_320)]
    wrong.compared = compared("refuted", 12_852_024_320)
    stale = by_name["post/total-about-46B"][0]
    stale.verdict, stale.compared = "holds", compared("holds", 46_702_792_704, operator=">")
    (failed,) = by_name["paper/repetition-baseline"]
    failed.verdict, failed.measured, failed.compared = "broken", [], []
    failed.reason = "RuntimeError: expected Float but found BFloat16\n  in route(logits, k)"
    (lost,) = by_name["post/llama-d-ff"]
    lost.verdict, lost.measured, lost.reason = "unchecked", [], "not reached: the run ended before it"
    measured = by_name["post/wikipedia-expert-8"][1]
    measured.verdict, measured.reason, measured.evidence = "holds", "", [FRESH]
    measured.measured = [number(0.181, "of slots", "expert 7", 0.171, 0.191)]
    (elsewhere,) = by_name["post/all-experts-hurt"]
    elsewhere.measured, elsewhere.evidence = [number(0.31, "nats", "rise", 0.29, 0.33)], [OTHER]
    elsewhere.reason = "made on tiny-random, which is not the claim's model"
    for each in made.claims:
        each.conclude()
    made.accounting.unaccounted = ["post/llama-d-ff"]
    made.accounting.reported -= 1
    made.documents[0].sections[2].charts.append(figure("Fresh measurement", 0.012))
    made.run.environment["untested"] = "transformers 5.30.0 (tested: 5.6.0 to 5.24.0)"
    made.warnings = [{"claim": "post/llama-total", "text": "FutureWarning: use `cache` instead"}] * 2
    return made


def large(total: int, document: str = "large") -> Ledger:
    """A ledger of any number of claims, a hundred a section."""
    base = ledger().claims
    claims = [copy.deepcopy(base[at % len(base)]) for at in range(total)]
    for at, one in enumerate(claims):
        one.id, one.document = f"{document}/{one.id.partition('/')[2]}-{at}", document
        one.section = str(at // 100 + 1)
    made = ledger(claims)
    sections = [Section(id=str(at + 1), title=f"Section {at + 1}") for at in range((total + 99) // 100)]
    made.documents = [Document(id=document, title="Many claims", sections=sections)]
    return made


COUNTED = {("MLP", "large"): 114.71, ("MLP", "small"): 19.12, ("embed and unembed", "large"): 1.16,
           ("embed and unembed", "small"): 1.17, ("total", "large"): 116.83}  # fmt: skip


def in_cell(
    name: str, value: int, printed: str, verdict: Any = "holds", unit: str = "parameters", **place: str
) -> Claim:
    """A claim in a cell of a table, of a document and its section."""
    text, scale = (printed[:-1], 10**9) if printed.endswith("B") else (printed, 1)
    half = 0.5 / 10 ** len(text.partition(".")[2])
    low, nominal, high = (f"{(float(text) + way * half) * scale:.0f}" for way in (-1, 0, 1))
    bounds = Stated(text=printed, low=low, high=high, nominal=nominal)
    why = "holds without the input embedding" if verdict == "loosely" else "the sum of the parts is another"
    reason, outcome = ("", "holds") if verdict == "holds" else (why, "refuted")
    measured = number(value, unit, formula=value)
    cases = [case(outcome, measured, stated=bounds, reason=reason, id="literal")]
    if verdict == "loosely":
        cases.append(case("holds", number(value * 97 // 100, unit), id="loose", reading="loose", reason=why))
    says = f"{place['column']} of {place['row']} is {printed}."
    return claim(name, place.pop("section"), says, *cases, stated=printed, reason=reason, **place)


def printed_table() -> list[Claim]:
    """A table of five cells, one of them empty; a later version corrects one, of which the author wrote."""
    place = {"document": "card", "section": "1", "table": "Table 1"}
    link = "https://example.org/card.pdf#page=4"
    cells = [
        in_cell(f"table-{at}", round(value * 10**9), f"{value}B", row=part, column=model, link=link, **place)
        for at, ((part, model), value) in enumerate(COUNTED.items())
    ]
    place |= {"row": "total", "column": "small"}
    answer = {"reply": "we will correct it", "reply_link": "https://example.org/reply"}
    wrong = in_cell("total-old", 20_910_000_000, "21.90B", "refuted", **answer, **place)
    return [*cells, wrong, in_cell("total-new", 20_910_000_000, "20.91B", version="2", corrects=wrong.id, **place)]


def size_of(place: int) -> tuple[int, int]:
    """Total and active parameters of a model that is made up."""
    total = 10**9 * (7 + place * 11 % 400)
    return total, total // (1 + place % 16)


def cards(total: int) -> list[Claim]:
    """Cards of models, four numbers each, six to a family."""
    found = []
    for at in range(total):
        (size, active), layers, context, wrong = size_of(at), 20 + at, 4096 << at % 6, at % 9 == 4
        place = {"document": "model_cards", "section": "cards", "table": f"Family {at // 6 + 1}"}
        place |= {"row": f"Model-{at}B-A{at % 16}B-Instruct", "link": f"https://example.org/model-{at}"}
        for column, value, text, unit, verdict in (
            ("total", size, f"{size // 10**9}B", "parameters", "holds"),
            ("active", active, f"{active / 10**9:.1f}B", "parameters", "loosely" if at % 3 == 1 else "holds"),
            ("layers", layers, f"{layers + wrong}", "layers", "refuted" if wrong else "holds"),
            ("context", context, f"{context}", "tokens", "holds"),
        ):
            found.append(in_cell(f"model-{at}-{column}", value, text, verdict, unit, column=column, **place))
    return found


def wide(models: int = 6, documents: int = 3, claims: int = 4) -> Ledger:
    """A ledger of many documents: a printed table, cards of models by family with their chart, and posts."""
    made = ledger([*printed_table(), *cards(models)])
    points: list[dict[str, Any]] = []
    for at in range(models):
        total, active = size_of(at)
        sizes = {"measured": {"total": total, "active": active}, "published": {"total": total, "active": active * 0.9}}
        points.append({"model": f"Model-{at}", "family": f"Family {at // 6 + 1}", **sizes})
    points[3]["published"] = None
    chart = [{"kind": "active_against_total", "points": points}]
    made.documents = [
        Document(id="card", title="Model card of an open model", link="https://example.org/card.pdf",
                 read="the revision of 2025-08-05", sections=[Section(id="1", title="Architecture")]),
        Document(id="model_cards", title="Model cards", sections=[Section(id="cards", title="Cards", charts=chart)]),
    ]  # fmt: skip
    for at in range(documents):
        post = large(claims, f"post{at}")
        post.documents[0].title = f"Post {at + 1} on arithmetic"
        made.claims += post.claims
        made.documents += post.documents
    return made
