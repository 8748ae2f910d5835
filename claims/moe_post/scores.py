"""Benchmark scores as printed, and what they say of the models: intervals from the number of problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import sqrt
from statistics import NormalDist, mean

from claim_suite.fixtures.claim.numbers import Estimate
from claim_suite.reports import schema

LEVEL = 0.95


@dataclass(frozen=True)
class Scores:
    """Scores in per cent by model and benchmark, exactly as printed, and the number of problems behind each score.

    `groups` names the benchmarks of one ability. Differences between scores are in percentage points. Their intervals
    are normal at 95 %, and take the problems for drawn at random and two scores for independent: scores on the same
    problems mostly rise and fall together, so that the interval is wider than it need be. KeyError for an unknown name.
    """

    percent: Mapping[str, Mapping[str, Fraction]]
    problems: Mapping[str, Mapping[str, int]]
    groups: Mapping[str, list[str]] = field(default_factory=dict)
    evidence: list[schema.Evidence] = field(default_factory=list)

    def printed_leads(self, model: str, over: str) -> dict[str, Fraction]:
        """By how much the printed score of a model is higher than another's, on every benchmark that both have."""
        ahead, behind = self.percent[model], self.percent[over]
        return {name: ahead[name] - behind[name] for name in ahead if name in behind}

    def lead(self, model: str, over: str, on: Iterable[str]) -> Estimate:
        """Mean lead of a model over another on some benchmarks."""
        return _least([self._lead(model, over, list(on))])

    def margin(self, group: str, model: str, over: str) -> Estimate:
        """Mean lead on a group's benchmarks, less the widest lead on any benchmark that is in no group."""
        grouped = {name for names in self.groups.values() for name in names}
        lead, variance = self._lead(model, over, self.groups[group])
        others = [self._lead(model, over, [name]) for name in self.percent[model] if name not in grouped]
        return _least([(lead - other, variance + noise) for other, noise in others])

    def _lead(self, model: str, over: str, benchmarks: list[str]) -> tuple[Fraction, float]:
        """Mean lead, and its variance: p (100 - p) / n of each score."""
        leads = self.printed_leads(model, over)
        scores = [(self.percent[one][name], self.problems[one][name]) for one in (model, over) for name in benchmarks]
        variance = sum(float(score * (100 - score)) / problems for score, problems in scores)
        return mean(leads[name] for name in benchmarks), variance / len(benchmarks) ** 2


def _least(differences: list[tuple[Fraction, float]]) -> Estimate:
    """Return the least of several differences, each a value and its variance.

    Its low end is the lowest of theirs: the true least is one of them, so one of them alone has to miss. The high end
    is the lowest high end where the level holds for all of them together (Bonferroni).
    """
    low, high = (NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / among) for among in (1, len(differences)))
    return Estimate(
        float(min(value for value, _ in differences)),
        min(float(value) - low * sqrt(variance) for value, variance in differences),
        min(float(value) + high * sqrt(variance) for value, variance in differences),
    )
