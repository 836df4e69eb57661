"""What is true of a made-up council: its reference rows and, per delivery, the rows that must be accepted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from .arithmetic import last_day

Row = dict[str, Any]
"""A canonical row: text, date, bool, int, Fraction or None; `team`, `unit` and `role` hold slugs."""

UNMAPPED = "unmapped"
OUTSIDE = "outside"
ROLE_GROUPS = (
    "social_worker", "advanced_practitioner", "manager", "support_officer", "senior_support_officer", "other",
)  # fmt: skip


@dataclass(frozen=True)
class Unit:
    unit: str
    name: str
    level: str
    parent: str | None
    service_area: str
    frontline: bool
    valid_from: date
    valid_to: date | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Role:
    role: str
    role_group: str
    is_social_worker: bool
    carries_cases: bool
    dfe_org_role: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Band:
    """One line of threshold_policy.csv; of `shipped` lines the identifier and source are not known here."""

    policy_id: str
    metric: str
    rounding: str
    lower: Fraction | None
    upper: Fraction | None
    band: str | None
    severity: str
    target: Fraction | None = None
    unit: str = ""
    level: str = ""
    service_area: str = ""
    role_group: str = ""
    experience: str = ""
    valid_from: date = date(2000, 1, 1)
    valid_to: date | None = None
    label: str = ""
    source: str = "Made-up committee"
    shipped: bool = False


@dataclass(frozen=True)
class UnitCost:
    role: str
    grade: str
    is_default: bool
    annual_cost: Fraction
    valid_from: date
    valid_to: date | None = None
    set_up: Fraction | None = None


@dataclass(frozen=True)
class Budget:
    unit: str
    financial_year: str
    cost_kind: str
    amount: Fraction
    contract: str = ""


@dataclass(frozen=True)
class OptionLine:
    option: str
    line: str
    role: str
    posts: Fraction | None
    unit_cost: Fraction | None
    non_staffing: Fraction | None
    per_head: Fraction | None
    heads: int | None
    starts_on: date
    ends_on: date | None
    adds: Fraction | None


@dataclass(frozen=True)
class Decision:
    decided_on: date
    decision: str
    ends_on: date | None


@dataclass(frozen=True)
class Contract:
    contract: str
    unit: str
    starts_on: date
    ends_on: date
    price: Fraction
    travel: Fraction | None
    alternative: date | None
    decisions: tuple[Decision, ...] = ()
    months: int | None = 6

    def decided_by(self, day: date) -> Decision | None:
        """The last decision taken by the day."""
        taken = [d for d in self.decisions if d.decided_on <= day]
        return max(taken, key=lambda d: d.decided_on) if taken else None

    def ends_by(self, day: date) -> date:
        """The last day as it was decided by the day."""
        decided = self.decided_by(day)
        return decided.ends_on if decided and decided.ends_on else self.ends_on


@dataclass(frozen=True)
class Indicator:
    """A success criterion of an investment that began on `starts_on`."""

    investment: str
    starts_on: date
    indicator: str
    unit: str
    item: str
    better: str
    target: Fraction | None


@dataclass(frozen=True)
class InvestmentLine:
    investment: str
    line: str
    amount: Fraction | None
    posts: Fraction | None
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True)
class Criterion:
    """What a paper asks of one line; an empty criterion asks nothing, an empty indicator has no measure."""

    line: InvestmentLine
    criterion: str
    indicator: str
    unit: str
    item: str
    better: str
    target: Fraction | None


@dataclass(frozen=True)
class FundingTerm:
    investment: str
    cost_of: str
    item: str
    claim: str


@dataclass(frozen=True)
class Assumption:
    """What a way to the target is priced with; an empty kind is every kind."""

    kind: str
    assumption: str
    amount: Fraction | None
    item: str


@dataclass(frozen=True)
class Answer:
    survey: str
    question: str
    taken_on: date
    value: Fraction


@dataclass(frozen=True)
class Benchmark:
    """What DfE published of one authority and year; None where it printed a symbol."""

    code: str
    year: int
    rates: dict[str, Fraction | None]
    counts: dict[str, Fraction | None]
    missing: str


@dataclass(frozen=True)
class Figure:
    """A figure that a paper prints, and the measure that answers it."""

    figure_id: str
    measure: str
    unit: str
    month: date | None
    item: str
    from_on: date | None
    to_on: date | None
    decimals: int
    divisor: int
    rounding: str
    printed: Fraction
    evidence: str


@dataclass
class Invested:
    """What a council bought or may buy, and what was asked about it."""

    options: list[OptionLine] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    indicators: list[Indicator] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    lines: list[InvestmentLine] = field(default_factory=list)
    criteria: list[Criterion] = field(default_factory=list)
    terms: list[FundingTerm] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)

    def starts(self) -> dict[str, date]:
        """The first day of each investment: that of its first line."""
        names = sorted({line.investment for line in self.lines})
        return {name: min(x.starts_on for x in self.lines if x.investment == name) for name in names}


@dataclass
class Delivery:
    """One extract of one month as landed: what a reader must count and, unless refused, keep."""

    month: date
    extract: str
    file_name: str
    rows: list[Row]
    rows_read: int
    rows_rejected: int
    rows_unmapped: int
    rows_repeated: int
    refused: str | None
    sha256: str | None
    rules_broken: list[str] = field(default_factory=list)

    @property
    def rows_accepted(self) -> int:
        return 0 if self.refused else len(self.rows)


@dataclass
class MadeUpCouncil:
    seed: int
    slug: str
    name: str
    council_unit: str
    months: list[date]
    units: dict[str, Unit]
    roles: dict[str, Role]
    bands: list[Band]
    costs: list[UnitCost]
    budgets: list[Budget]
    reference: dict[str, list[dict[str, str]]]
    standard_hours: Fraction | None = None
    invested: Invested = field(default_factory=Invested)
    benchmarks: list[Benchmark] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    _below: dict[tuple[str, date], set[str]] = field(default_factory=dict, repr=False)

    def delivery(self, month: date, extract: str) -> Delivery | None:
        """The delivery in force: the last one that was not refused."""
        good = [d for d in self.deliveries if (d.month, d.extract) == (month, extract) and not d.refused]
        return good[-1] if good else None

    def rows(self, month: date, extract: str) -> list[Row] | None:
        """The rows in force; None when the extract was not delivered for the month."""
        found = self.delivery(month, extract)
        return None if found is None else found.rows

    def was_refused(self, month: date, extract: str) -> bool:
        """Something arrived for the month and was refused, whether or not an earlier delivery is in force."""
        return any(d.refused for d in self.deliveries if (d.month, d.extract) == (month, extract))

    def loaded_months(self) -> list[date]:
        """Months with at least one delivery in force, in order."""
        return sorted({d.month for d in self.deliveries if not d.refused})

    def units_in_force(self, month: date) -> list[Unit]:
        """Units valid on the month's last day; `unmapped` is not one of them."""
        return [u for u in self.units.values() if holds(u.valid_from, u.valid_to, last_day(month))]

    def below(self, unit: str, month: date) -> set[str]:
        """The unit and every unit in force below it; `unmapped` is below the council."""
        if (unit, month) in self._below:
            return self._below[unit, month]
        found = {unit}
        in_force = self.units_in_force(month)
        while True:
            more = {u.unit for u in in_force if u.parent in found} - found
            if not more:
                break
            found |= more
        self._below[unit, month] = found | {UNMAPPED} if unit == self.council_unit else found
        return self._below[unit, month]

    def annual_cost(self, role: str, on: date) -> Fraction | None:
        """The default grade's cost in force on the day; None where the role has none."""
        found = self.default_cost(role, on)
        return found.annual_cost if found else None

    def default_cost(self, role: str, on: date) -> UnitCost | None:
        """The default grade's row in force on the day."""
        found = [
            c for c in self.costs if c.role == role and c.is_default and holds(c.valid_from, c.valid_to, on)
        ]
        return found[0] if found else None


def holds(valid_from: date, valid_to: date | None, on: date) -> bool:
    """True from `valid_from` until the day before `valid_to`."""
    return valid_from <= on and (valid_to is None or on < valid_to)


def is_open(case: Row, on: date) -> bool:
    """Open at the end of the day: not closed, or closed later."""
    return case["closed_on"] is None or case["closed_on"] > on


def in_post(post: Row, on: date) -> bool:
    """Started, and not ended before the day."""
    return post["started_on"] <= on and (post["ended_on"] is None or post["ended_on"] >= on)
