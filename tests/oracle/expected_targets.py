"""options_to_target: what each way to the caseload target would cost, by its contract and docs/decisions.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from .arithmetic import ANY, add_months, divide, half_up, last_day, minus
from .expected_caseload import measures
from .expected_options import april, contract_moved, month_count, months_within, yearly_cost
from .expected_rows import ExpectedMart, ExpectedRow, total, within
from .expected_workforce import measure as establishment_measure
from .policies import policy_for
from .totals import plus
from .truth import Contract, MadeUpCouncil, OptionLine, Row, in_post

KINDS = ("social_workers", "support_officers", "project_team", "managed_team")
YEARS_WITHOUT_END = 5
SHIPPED: dict[tuple[str, str], Fraction | str] = {
    ("", "start_months_ahead"): Fraction(5),
    ("", "standard_hours_per_week"): Fraction(37),
    ("social_workers", "role"): "social_worker",
    ("support_officers", "role"): "support_officer",
    ("support_officers", "senior_role"): "senior_support_officer",
}
"""What reference data assumes of every council."""
SAVED = "hours_saved_per_social_worker_per_week"


@dataclass
class Line:
    """Posts and money of a year from one day to another; a price of None is not known."""

    posts: Fraction | None
    annual: Fraction | None
    per_head: Fraction | None
    starts_on: date
    ends_on: date | None


@dataclass
class Way:
    starts_on: date
    lines: list[Line] = field(default_factory=list)
    heads: int | None = None
    teams: int | None = None
    gained: Fraction | None = None
    cases: Fraction | None = None
    cost_per_case: Fraction | None = None
    """A full year's cost for each case; of a managed team its price."""
    is_known: bool = True
    lacks: bool = False


def assumed(council: MadeUpCouncil, kind: str, name: str) -> Fraction | str | None:
    """The council's before every council's; of each, that of the kind before that of every kind."""
    own: dict[tuple[str, str], Fraction | str] = {}
    for a in council.invested.assumptions:
        value = a.item or a.amount
        if value is not None:
            own[a.kind, a.assumption] = value
    for rows in (own, SHIPPED):
        for key in ((kind, name), ("", name)):
            if key in rows:
                return rows[key]
    return None


def _amount(council: MadeUpCouncil, kind: str, name: str) -> Fraction | None:
    found = assumed(council, kind, name)
    return found if isinstance(found, Fraction) else None


def _role(council: MadeUpCouncil, kind: str, name: str) -> str:
    return str(assumed(council, kind, name) or "")


def options_to_target(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("options_to_target", ("month", "unit", "option_kind", "financial_year"))
    for month in council.loaded_months():
        for unit in _units(council, month):
            for kind in KINDS:
                mart.rows += _rows(council, month, unit, kind)
    return mart


def _target(council: MadeUpCouncil, month: date, unit: str) -> Fraction | None:
    policy = policy_for(council, "average_caseload", last_day(month), council.units[unit])
    return policy[0].target if policy else None


def _units(council: MadeUpCouncil, month: date) -> list[str]:
    """Units that have a target and lie below no other that has one; the council where none has."""
    aimed = [u.unit for u in council.units_in_force(month) if _target(council, month, u.unit)]
    highest = [u for u in aimed if not any(u in council.below(o, month) for o in aimed if o != u)]
    return highest or [council.council_unit]


def _rows(council: MadeUpCouncil, month: date, unit: str, kind: str) -> list[ExpectedRow]:
    target, found = _target(council, month, unit), measures(council, month)[unit]
    gap = None
    if target and found.open_cases is not None and found.fte is not None:
        gap = max(Fraction(0), found.open_cases / target - found.fte)
    way = _way(council, month, unit, kind, gap, target)
    annual = _sum([line.annual for line in way.lines])
    posts = _sum([line.posts for line in way.lines])
    heads = way.heads
    if heads is None and posts is not None:
        heads = -(-posts.numerator // posts.denominator)
    ends = [line.ends_on for line in way.lines]
    ends_on = max(day for day in ends if day) if way.lines and None not in ends else None
    if way.cases is None and kind != "managed_team" and way.gained is not None and target:
        way.cases = way.gained * target
        way.cost_per_case = divide(annual, way.cases)
    first = april(way.starts_on)
    last = first + YEARS_WITHOUT_END - 1 if ends_on is None else april(ends_on)
    if (annual is None and kind != "project_team") or not way.is_known:
        last = first
    rows = []
    for year in range(first, last + 1):
        spans = [months_within(line.starts_on, line.ends_on, year) for line in way.lines]
        recurring = None
        if annual is not None:
            parts = zip(way.lines, spans, strict=True)
            recurring = sum(((x.annual or Fraction(0)) * count / 12 for x, count in parts), Fraction(0))
        one_off: Fraction | None = Fraction(0)
        if year == first:
            one_off = _kits(heads, _per_head(way.lines))
        money = None if recurring is None or one_off is None else recurring + one_off
        reaches = None if way.gained is None or gap is None else way.gained >= gap
        rows.append(
            ExpectedRow(
                {
                    "month": month,
                    "unit": unit,
                    "option_kind": kind,
                    "financial_year": f"{year}-{(year + 1) % 100:02d}",
                },
                {
                    "unit_name": council.units[unit].name,
                    "as_at": last_day(month),
                    "starts_on": way.starts_on,
                    "ends_on": ends_on,
                    "months": max(spans, default=None) if way.is_known else None,
                    "posts_fte": half_up(posts, 2),
                    "set_up_heads": heads,
                    "annual_cost_gbp": half_up(annual, 2),
                    "recurring_gbp": half_up(recurring, 2),
                    "one_off_gbp": half_up(one_off, 2) if way.is_known else None,
                    "total_gbp": half_up(money, 2),
                    "target_caseload": half_up(target, 2),
                    "gap_fte": half_up(gap, 2),
                    "teams": way.teams,
                    "gained_fte": half_up(way.gained, 2),
                    "remaining_gap_fte": None
                    if gap is None or way.gained is None
                    else half_up(max(Fraction(0), gap - way.gained), 2),
                    "reaches_target": reaches,
                    "cost_per_fte_gbp": half_up(divide(annual, way.gained), 2),
                    "cases_moved": half_up(way.cases, 1),
                    "cost_per_case_moved_gbp": half_up(way.cost_per_case, 2),
                    "missing_inputs": ANY if way.lacks else None,
                },
            )
        )
    return rows


def _sum(values: list[Fraction | None]) -> Fraction | None:
    known = [value for value in values if value is not None]
    return sum(known, Fraction(0)) if values and len(known) == len(values) else None


def _per_head(lines: list[Line]) -> Fraction | None:
    """The mean by posts of what a head's kit costs, in whole pennies."""
    priced = [(line.posts or Fraction(0), line.per_head) for line in lines if line.per_head is not None]
    mean = divide(
        sum((p * each for p, each in priced), Fraction(0)), sum((p for p, _ in priced), Fraction(0))
    )
    if mean is not None:
        return Fraction(half_up(mean, 2) or 0)
    return max((each for _, each in priced), default=None)


def _kits(heads: int | None, each: Fraction | None) -> Fraction | None:
    """Nobody needs none, whatever one costs."""
    if heads == 0:
        return Fraction(0)
    return None if heads is None or each is None else heads * each


def _way(
    council: MadeUpCouncil, month: date, unit: str, kind: str, gap: Fraction | None, target: Fraction | None
) -> Way:
    ahead = _amount(council, kind, "start_months_ahead")
    way = Way(add_months(month, int(ahead or 0)))
    make = {
        "social_workers": _social_workers,
        "support_officers": _support_officers,
        "project_team": _project_team,
        "managed_team": _managed_team,
    }
    make[kind](council, month, unit, gap, way)
    way.lacks = way.lacks or gap is None or not target
    return way


def _staff(council: MadeUpCouncil, kind: str, role: str, posts: Fraction | None, way: Way) -> None:
    """Posts of a role at its price on the first day; nobody costs nothing."""
    cost = council.default_cost(role, way.starts_on)
    annual = posts if not posts else posts * cost.annual_cost if cost else None
    kit = _amount(council, kind, "set_up_per_head_gbp")
    per_head = kit if kit is not None else cost.set_up if cost else None
    way.lines.append(Line(posts, annual, per_head, way.starts_on, None))
    way.lacks = way.lacks or annual is None or (bool(posts) and per_head is None)


def _social_workers(council: MadeUpCouncil, month: date, unit: str, gap: Fraction | None, way: Way) -> None:
    way.gained = gap
    _staff(council, "social_workers", _role(council, "social_workers", "role"), gap, way)


def _support_officers(council: MadeUpCouncil, month: date, unit: str, gap: Fraction | None, way: Way) -> None:
    """As many as the ratio wants more of, and their seniors; they give time to teams that have none yet."""
    kind, last = "support_officers", last_day(month)
    workers = measures(council, month)[unit].fte
    rows = council.rows(month, "workforce")
    below = council.below(unit, month)
    posts = None if rows is None else [w for w in rows if in_post(w, last)]
    ratio = next(
        (
            b.target
            for b in council.bands
            if b.metric == "workers_per_support_officer" and b.target is not None
        ),
        None,
    )
    told = establishment_measure(council, month, unit, "support_officer")
    officers = plus(told.in_post, told.agency)
    wanted = None
    if ratio is not None and workers is not None and officers is not None:
        wanted = max(Fraction(0), workers / ratio - officers)
    seniors = _amount(council, kind, "senior_fte") or Fraction(0)
    _staff(council, kind, _role(council, kind, "role"), wanted, way)
    if seniors and wanted != 0:
        _staff(council, kind, _role(council, kind, "senior_role"), seniors, way)
    answers = [a for a in council.invested.answers if a.question == SAVED and a.taken_on <= last]
    hours = max(answers, key=lambda a: a.taken_on).value if answers else None
    hours = hours if hours is not None else _amount(council, kind, "hours_released_per_worker")
    week = council.standard_hours or _amount(council, kind, "standard_hours_per_week")
    with_officers = {
        p["team"] for p in posts or [] if council.roles[p["role"]].role_group == "support_officer"
    }
    helped = _of_group(council, posts, below & with_officers, "social_worker")
    way.gained = Fraction(0) if wanted == 0 else None
    if way.gained is None and hours is not None:
        way.gained = divide(_times(minus(workers, helped), hours), week)
    way.lacks = way.lacks or wanted is None or hours is None


def _times(left: Fraction | None, right: Fraction) -> Fraction | None:
    return None if left is None else left * right


def _of_group(
    council: MadeUpCouncil, posts: list[Row] | None, units: set[str], group: str
) -> Fraction | None:
    own = within(posts, units)
    return total(
        None if own is None else [p for p in own if council.roles[p["role"]].role_group == group], "fte"
    )


def _teams(gap: Fraction | None, each: Fraction | None) -> int:
    """Whole teams that fill the gap; one where that cannot be told."""
    if gap == 0:
        return 0
    return -int(-gap // each) if gap is not None and each else 1


def _project_team(council: MadeUpCouncil, month: date, unit: str, gap: Fraction | None, way: Way) -> None:
    """The template as it was priced, so many times, moved to begin on the first day."""
    lines = [
        x for x in council.invested.options if x.option == _role(council, "project_team", "template_option")
    ]
    if not lines:
        way.is_known, way.lacks = False, True
        return
    each = sum((x.adds or Fraction(0) for x in lines), Fraction(0))
    way.teams = _teams(gap, each)
    way.gained = each * way.teams
    began = min(x.starts_on for x in lines)
    for line in lines:
        later = month_count(began, line.starts_on) - 1
        starts = add_months(way.starts_on, later)
        ends = None
        if line.ends_on is not None:
            ends = last_day(add_months(starts, month_count(line.starts_on, line.ends_on) - 1))
        cost = yearly_cost(council, line)
        annual = None if cost is None else cost * way.teams
        way.lines.append(
            Line((line.posts or 0) * Fraction(way.teams), annual, _kit(council, line), starts, ends)
        )
        way.lacks = way.lacks or cost is None
    given = [x.heads for x in lines if x.heads is not None]
    way.heads = max(given) * way.teams if given else None


def _kit(council: MadeUpCouncil, line: OptionLine) -> Fraction:
    """The line's, else the role's on the template's day, else what is assumed, else nothing."""
    if line.per_head is not None:
        return line.per_head
    cost = council.default_cost(line.role, line.starts_on)
    if cost is not None and cost.set_up is not None:
        return cost.set_up
    return _amount(council, "project_team", "set_up_per_head_gbp") or Fraction(0)


def _managed_team(council: MadeUpCouncil, month: date, unit: str, gap: Fraction | None, way: Way) -> None:
    """The contract that began last, bought so many times, moving cases as fast as it has so far."""
    begun = [c for c in council.invested.contracts if c.starts_on <= last_day(month) and c.months]
    if not begun:
        way.is_known, way.lacks = False, True
        return
    contract = min(begun, key=lambda c: (-c.starts_on.toordinal(), c.contract))
    months = contract.months or 0
    way.teams = _teams(gap, _team_fte(council, contract, month))
    each = _team_fte(council, contract, month)
    way.gained = None if each is None else each * way.teams
    price = contract.price + (contract.travel or 0)
    ends = last_day(add_months(way.starts_on, months - 1))
    way.lines.append(Line(Fraction(0), 12 * price * way.teams / months, Fraction(0), way.starts_on, ends))
    moved, until = contract_moved(council, contract, month)
    if moved is not None and until is not None:
        so_far = month_count(contract.starts_on, until)
        each_team = Fraction(moved) * months / so_far
        way.cases = each_team * way.teams
        way.cost_per_case = divide(price, each_team)
    way.lacks = moved is None


def _team_fte(council: MadeUpCouncil, contract: Contract, month: date) -> Fraction | None:
    """Its social workers at the last month's end at which it had some."""
    for then in reversed(council.loaded_months()):
        if then <= month and contract.starts_on <= last_day(then):
            found = measures(council, then).get(contract.unit)
            if found is not None and found.fte:
                return found.fte
    return None
