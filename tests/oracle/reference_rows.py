"""Invents a council's reference data and writes it to `reference/*.csv`. No deliveries here."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from random import Random

from .arithmetic import add_months, financial_year
from .invested_rows import invent
from .planned_rows import STANDARD_HOURS, plan
from .printed_rows import COUNTS, RATES, benchmarks, figures
from .totals_rows import sends_totals
from .truth import Band, Budget, MadeUpCouncil, Role, Unit, UnitCost

LONG_AGO = date(2010, 4, 1)
_FIRST = [
    "amber",
    "brack",
    "calder",
    "dunmere",
    "elder",
    "fenwick",
    "glaston",
    "harrow",
    "inch",
    "jarrow",
    "kelder",
    "linden",
]
_LAST = ["shire", "ford", "mere", "wick", "stead", "borough", "dale"]

COLUMNS = {
    "councils": "council name ons_code former_ons_codes dfe_code region_code standard_hours_per_week",
    "org_units": "council unit name level parent_unit service_area frontline valid_from valid_to",
    "unit_aliases": "council alias unit",
    "roles": "role role_group is_social_worker carries_cases dfe_org_role",
    "role_aliases": "council alias role",
    "threshold_policy": "policy_id council unit level service_area role_group experience metric rounding "
    "lower upper band label severity target valid_from valid_to source",
    "unit_costs": "council role grade is_default annual_cost_gbp set_up_cost_gbp includes_on_costs "
    "valid_from valid_to source",
    "budgets": "council unit financial_year cost_kind contract_id budget_gbp source",
    "alert_recipients": "council unit severity channel role",
    "capacity_options": "council option line role posts_fte unit_cost_gbp non_staffing_gbp set_up_per_head_gbp "
    "set_up_heads starts_on ends_on adds_social_worker_fte source",
    "managed_contracts": "council contract_id unit supplier starts_on ends_on months price_gbp travel_gbp "
    "ends_on_alternative source",
    "contract_decisions": "council contract_id decided_on decision ends_on source",
    "investments": "council investment line amount_gbp posts_fte starts_on ends_on source",
    "investment_criteria": "council investment line criterion indicator unit item better target source",
    "investment_funding_terms": "council investment cost_of cost_item claim source",
    "option_assumptions": "council option_kind assumption amount item source",
    "investment_indicators": "council investment indicator unit item better target source",
    "surveys": "council survey question taken_on value unit source",
    "dfe_benchmarks": f"ons_code name geographic_level year {' '.join(RATES)} {' '.join(COUNTS)} region_code missing",
    "report_figures": "figure_id report place measure council period printed unit evidence inputs rule note",
    "report_figure_measures": "figure_id measure council unit month item from_on to_on unit_of printed_decimals "
    "printed_divisor rounding",
}

ROLES = (
    Role("social_worker", "social_worker", True, True, "5"),
    Role("made_up_practitioner", "social_worker", True, True, "5", ("Practitioner (made up)",)),
    Role("made_up_senior", "advanced_practitioner", True, True, "4", ("Snr Practitioner – made up",)),
    Role("made_up_manager", "manager", True, False, "3", ("T. Manager, made up",)),
    Role("made_up_helper", "support_officer", False, False, "", ("Helper grade C/D",)),
    Role("made_up_senior_helper", "senior_support_officer", False, False, "", ()),
    Role("made_up_family_worker", "other", False, True, "", ("Family worker’s post",)),
    Role("made_up_clerk", "other", False, False, "", ()),
)

SHIPPED_BANDS = tuple(
    Band(metric, metric, rounding, lower, upper, band, severity, None, level=level, shipped=True)
    for metric, level, rounding, lines in (
        (
            "cases_without_social_workers",
            "team",
            "none",
            ((Fraction(0), Fraction(1), "none", "none"), (Fraction(1), None, "uncovered", "breach")),
        ),
        (
            "unallocated_cases",
            "",
            "none",
            ((Fraction(0), Fraction(1), None, "none"), (Fraction(1), None, None, "info")),
        ),
        (
            "agency_cost_variance_percent",
            "council",
            "one_decimal",
            (
                (None, Fraction(1, 10), None, "none"),
                (Fraction(1, 10), Fraction(51, 10), None, "warning"),
                (Fraction(51, 10), None, None, "breach"),
            ),
        ),
    )
    for lower, upper, band, severity in lines
)
"""The policies of reference.md that hold for every council; None is a band name the page does not give."""


def council_slug(seed: int) -> str:
    """The slug of the council made from the seed; different for different seeds."""
    pairs = len(_FIRST) * len(_LAST)
    slug = _FIRST[seed % len(_FIRST)] + _LAST[seed // len(_FIRST) % len(_LAST)]
    return slug if seed < pairs else f"{slug}_{seed}"


def ons_code(seed: int) -> str:
    """A code that no authority has."""
    return f"E1999{seed:04d}"


def invent_council(seed: int, months: list[date]) -> MadeUpCouncil:
    """A council with units, roles, policies, costs and budgets, and no deliveries yet."""
    rng = Random(f"{seed}:reference")
    slug = council_slug(seed)
    name = slug.split("_")[0].title() + " County Council"
    top = "whole_council" if seed % 3 == 0 else slug
    units = {u.unit: u for u in _units(seed, rng, top, name, months)}
    council = MadeUpCouncil(
        seed=seed,
        slug=slug,
        name=name,
        council_unit=top,
        months=months,
        units=units,
        roles={r.role: r for r in ROLES},
        bands=_bands(seed, rng, slug, units, months),
        costs=_costs(seed, rng, months),
        budgets=_budgets(seed, rng, top, units, months),
        reference={},
        invested=plan(seed, invent(seed, units, top, months), units, top),
        standard_hours=STANDARD_HOURS[seed % len(STANDARD_HOURS)],
    )
    council.budgets += [
        Budget(contract.unit, year, "managed_team", contract.price - 1000, contract.contract)
        for contract in council.invested.contracts[:3]
        for year in sorted({financial_year(contract.starts_on), financial_year(contract.ends_on)})
    ]
    council.benchmarks = benchmarks(seed, ons_code(seed), months)
    council.figures = figures(seed, units, top, months, council.invested.answers)
    council.reference = _reference(council)
    return council


def _units(seed: int, rng: Random, top: str, name: str, months: list[date]) -> list[Unit]:
    middle = months[len(months) // 2]
    opening = middle.replace(day=1 + rng.randint(3, 20))
    closing = months[2 * len(months) // 3] if seed % 2 == 0 else None
    units = [
        Unit(top, name, "council", None, "other", False, LONG_AGO),
        Unit("fieldwork", "Fieldwork Division", "division", top, "other", True, LONG_AGO),
        Unit("provision", "Provision & Permanence", "division", top, "other", False, LONG_AGO),
        Unit("assessment", "Assessment Service", "service", "fieldwork", "assessment", True, LONG_AGO),
        Unit(
            "protection",
            "Child Protection Service",
            "service",
            "fieldwork",
            "child_protection",
            True,
            LONG_AGO,
        ),
        Unit(
            "disability",
            "Children’s Disability Service",
            "service",
            "fieldwork",
            "disability",
            True,
            LONG_AGO,
        ),
        Unit(
            "looked_after", "Looked After Children", "service", "provision", "looked_after", False, LONG_AGO
        ),
        Unit("improvement", "Improvement Service", "service", "provision", "other", False, LONG_AGO),
        Unit(
            "front_door",
            "Front Door (MASH)",
            "team",
            top,
            "assessment",
            True,
            LONG_AGO,
            None,
            ("mash", "F/D"),
        ),
        Unit(
            "cdt",
            "Children’s Disability Team",
            "team",
            "disability",
            "disability",
            True,
            LONG_AGO,
            None,
            ("CDT 1",),
        ),
        Unit("rapid", "Rapid Response Team", "team", "protection", "child_protection", True, LONG_AGO),
        Unit(
            "new_team",
            "New Horizons",
            "team",
            "protection",
            "child_protection",
            True,
            opening,
            None,
            ("NHT",),
        ),
        Unit(
            "old_team",
            "Old Mill Team",
            "team",
            "assessment",
            "assessment",
            True,
            LONG_AGO,
            closing,
            ("O.M.T.",),
        ),
    ]
    for service, area, word in (
        ("assessment", "assessment", "Assessment"),
        ("protection", "child_protection", "Protection"),
        ("looked_after", "looked_after", "Looked After"),
    ):
        for place in rng.sample(["North", "South", "East", "West", "Valley"], rng.randint(1, 3)):
            aliases = (f"{word[:4]}. {place}", f"0{rng.randint(10, 99)} {word} {place}")
            slug = f"{service}_{place.lower()}"
            frontline = service != "looked_after"
            title = f"{word} Team {place}"
            units.append(Unit(slug, title, "team", service, area, frontline, LONG_AGO, None, aliases))
    return units


def _banded(edges: list[Fraction], names: list[tuple[str, str]], **common: object) -> list[Band]:
    """One `Band` per name, half-open between the edges; the last is unbounded."""
    uppers: list[Fraction | None] = [*edges[1:], None]
    return [
        Band(band=band, label=f"{band} band", severity=severity, lower=lower, upper=upper, **common)  # type: ignore[arg-type]
        for lower, upper, (band, severity) in zip(edges, uppers, names, strict=True)
    ]


def _bands(seed: int, rng: Random, slug: str, units: dict[str, Unit], months: list[date]) -> list[Band]:
    names = [("low", "none"), ("fair", "none"), ("high", "warning"), ("too_high", "breach")]
    roundings = ["none", "integer", "one_decimal"]
    change = months[rng.randint(1, len(months) - 2)]

    def average(policy: str, rounding: str, base: int, **common: object) -> list[Band]:
        part = {"none": Fraction(1, 4), "integer": Fraction(0), "one_decimal": Fraction(3, 10)}[rounding]
        edges = [Fraction(0), base - 3 + part, base + 1 + part, base + 5 + part]
        target = base + rng.choice([Fraction(0), Fraction(1, 2)])
        return _banded(
            edges,
            names,
            policy_id=policy,
            metric="average_caseload",
            rounding=rounding,
            target=target,
            **common,
        )

    first, second = roundings[seed % 3], roundings[(seed + 1) % 3]
    low = rng.randint(6, 8)
    bands: list[Band] = []
    if seed % 3 == 1:
        for area in ("assessment", "child_protection"):
            for policy, rounding, since, until in (
                ("a", first, LONG_AGO, change),
                ("b", second, change, None),
            ):
                bands += average(
                    f"{slug}_{area}_{policy}",
                    rounding,
                    low,
                    service_area=area,
                    valid_from=since,
                    valid_to=until,
                )
    else:
        bands += average(f"{slug}_average_a", first, low, valid_from=LONG_AGO, valid_to=change)
        bands += average(f"{slug}_average_b", second, low + rng.choice([-2, 1, 2]), valid_from=change)
    own = rng.choice(
        sorted(u for u in units if units[u].level == "team" and u not in ("new_team", "old_team"))
    )
    bands += average(f"{slug}_own_team", roundings[(seed + 2) % 3], low - 2, unit=own, valid_from=LONG_AGO)

    cap = rng.randint(4, 7)
    whom = {"role_group": "social_worker"} if seed % 3 == 2 else {"experience": "asye"}
    bands += _banded(
        [Fraction(0), Fraction(cap + 1)],
        [("within", "none"), ("over_cap", "breach")],
        policy_id=f"{slug}_worker_cap",
        metric="worker_caseload",
        rounding="none",
        level="worker",
        target=Fraction(cap),
        valid_from=LONG_AGO,
        **whom,
    )
    if seed % 2 == 0:
        bands += _banded(
            [Fraction(0), Fraction(1), Fraction(3)],
            [("nobody", "none"), ("held", "info"), ("many", "warning")],
            policy_id=f"{slug}_manager_held",
            metric="manager_held_cases",
            rounding="none",
            level="team",
            valid_from=LONG_AGO,
        )
    # Rates of other marts: no chance is drawn, so that all else stays as it was.
    for metric, level, rounding, edges in (
        ("vacancy_rate", "team", "integer", (0, 5, 15)),
        ("agency_rate", "", "one_decimal", (0, 10, 30)),
        ("closed_rate", "team", "none", (0, 40, 80)),
    ):
        bands += _banded(
            [Fraction(edge) for edge in edges],
            [("low", "none"), ("some", "info"), ("much", "warning" if seed % 2 else "breach")],
            policy_id=f"{slug}_{metric}",
            metric=metric,
            rounding=rounding,
            level=level,
            valid_from=change if seed % 3 == 0 else LONG_AGO,
        )
    return bands


def _costs(seed: int, rng: Random, months: list[date]) -> list[UnitCost]:
    rise = months[len(months) // 2]
    costs = []
    for role, base in (
        ("social_worker", 46000), ("made_up_practitioner", 47000), ("made_up_senior", 52000),
        ("made_up_manager", 58000), ("made_up_helper", 27000), ("made_up_family_worker", 31000),
    ):  # fmt: skip
        start = months[1] if seed % 7 == 0 and role == "social_worker" else LONG_AGO
        now = Fraction(base * 100 + rng.randint(1, 99999), 100)
        later = now + Fraction(rng.randint(100, 99999), 100)
        costs += [UnitCost(role, "B1", True, now, start, rise), UnitCost(role, "B1", True, later, rise)]
        costs.append(UnitCost(role, "B2", False, now + 5000, LONG_AGO))
    kit = Random(f"{seed}:kit")
    if seed % 2:
        senior = Fraction(kit.randint(30_000_00, 34_000_00), 100)
        costs.append(UnitCost("made_up_senior_helper", "B1", True, senior, LONG_AGO))
    return [
        replace(cost, set_up=kit.choice([None, Fraction(1100), Fraction(kit.randint(1, 150_000), 100)]))
        for cost in costs
    ]


def _budgets(seed: int, rng: Random, top: str, units: dict[str, Unit], months: list[date]) -> list[Budget]:
    years = sorted({financial_year(m) for m in months})
    if seed % 4 == 0:
        years = years[-1:]
    budgets = []
    for year in years:
        if seed % 3 == 1:
            budgets.append(Budget(top, year, "agency", Fraction(rng.randint(500_000_00, 1_100_000_00), 100)))
        budgets.append(Budget("fieldwork", year, "staffing", Fraction(4_000_000)))
        budgets.append(Budget("assessment", year, "agency", Fraction(rng.randint(100_000, 500_000))))
        for unit in sorted(u.unit for u in units.values() if u.parent in ("assessment", "protection")):
            if unit not in ("new_team", "old_team") and rng.random() < 0.7:
                budgets.append(
                    Budget(unit, year, "agency", Fraction(rng.randint(10_000_00, 150_000_00), 100))
                )
    return budgets


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Fraction):
        cents = value * 100
        assert cents.denominator == 1
        whole, part = divmod(cents.numerator, 100)
        return f"{whole}.{part:02d}" if part else str(whole)
    return value.isoformat() if isinstance(value, date) else str(value)


def _reference(council: MadeUpCouncil) -> dict[str, list[dict[str, str]]]:
    slug, seed = council.slug, council.seed
    lines: dict[str, list[list[object]]] = {
        "councils": [[slug, council.name, ons_code(seed), "", str(7000 + seed), "E12000009", council.standard_hours]],
        "org_units": [
            [slug, u.unit, u.name, u.level, u.parent, u.service_area, u.frontline, u.valid_from, u.valid_to]
            for u in council.units.values()
        ],
        "unit_aliases": [[slug, alias, u.unit] for u in council.units.values() for alias in u.aliases],
        "roles": [[r.role, r.role_group, r.is_social_worker, r.carries_cases, r.dfe_org_role] for r in ROLES],
        "role_aliases": [[slug, alias, r.role] for r in ROLES for alias in r.aliases],
        "threshold_policy": [
            [b.policy_id, slug, b.unit, b.level, b.service_area, b.role_group, b.experience, b.metric,
             b.rounding, b.lower, b.upper, b.band, b.label, b.severity, b.target, b.valid_from, b.valid_to,
             b.source]
            for b in council.bands
        ],
        "unit_costs": [
            [slug, c.role, c.grade, c.is_default, c.annual_cost, c.set_up, True, c.valid_from, c.valid_to,
             "Made-up scales"]
            for c in council.costs
        ],
        "budgets": [
            [slug, b.unit, b.financial_year, b.cost_kind, b.contract, b.amount, "Made-up budget book"]
            for b in council.budgets
        ],
        "capacity_options": [
            [slug, o.option, o.line, o.role, o.posts, o.unit_cost, o.non_staffing, o.per_head, o.heads, o.starts_on,
             o.ends_on, o.adds, "Made-up paper"]
            for o in council.invested.options
        ],
        "managed_contracts": [
            [slug, c.contract, c.unit, "Made-up Teams", c.starts_on, c.ends_on, c.months, c.price, c.travel,
             c.alternative, "Made-up deed"]
            for c in council.invested.contracts
        ],
        "contract_decisions": [
            [slug, c.contract, d.decided_on, d.decision, d.ends_on, "Made-up minutes"]
            for c in council.invested.contracts
            for d in c.decisions
        ],
        "investments": [
            [slug, x.investment, x.line, x.amount, x.posts, x.starts_on, x.ends_on, "Made-up Cabinet"]
            for x in council.invested.lines
        ],
        "investment_criteria": [
            [slug, c.line.investment, c.line.line, c.criterion, c.indicator, c.unit, c.item, c.better, c.target,
             "Made-up Cabinet"]
            for c in council.invested.criteria
        ],
        "investment_funding_terms": [
            [slug, t.investment, t.cost_of, t.item, t.claim, "Made-up Cabinet"] for t in council.invested.terms
        ],
        "option_assumptions": [
            [slug, a.kind, a.assumption, a.amount, a.item, "Made-up assumption"]
            for a in council.invested.assumptions
        ],
        "investment_indicators": [
            [slug, i.investment, i.indicator, i.unit, i.item, i.better, i.target, "Made-up Cabinet"]
            for i in council.invested.indicators
        ],
        "surveys": [
            [slug, a.survey, a.question, a.taken_on, a.value, "hours", "Made-up survey"]
            for a in council.invested.answers
        ],
        "dfe_benchmarks": [
            [b.code, council.name, "Local authority", b.year, *(b.rates[name] for name in RATES),
             *(b.counts[name] for name in COUNTS), "E12000009", b.missing]
            for b in council.benchmarks
        ],
        "report_figures": [
            [f.figure_id, "Made-up paper", "para 1", f.measure, slug, "", f.printed, "", f.evidence, "", "", ""]
            for f in council.figures
        ],
        "report_figure_measures": [
            [f.figure_id, f.measure, slug, f.unit, f.month, f.item, f.from_on, f.to_on, 1, f.decimals, f.divisor,
             f.rounding]
            for f in council.figures
        ],
        "alert_recipients": [
            [slug, council.council_unit, "warning", f"json://127.0.0.1:9/{slug}", "director"]
        ],
    }  # fmt: skip
    return {
        file: [dict(zip(COLUMNS[file].split(), map(_text, line), strict=True)) for line in rows]
        for file, rows in lines.items()
    }


def write_reference(council: MadeUpCouncil, home: Path) -> None:
    """The council's rows are in `home/reference/*.csv`; rows already there stay and are not repeated."""
    folder = home / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for file, rows in council.reference.items():
        path = folder / f"{file}.csv"
        there: list[dict[str, str]] = []
        columns = COLUMNS[file].split()
        if path.exists():
            with path.open(encoding="utf-8", newline="") as stream:
                reader = csv.DictReader(stream)
                columns, there = list(reader.fieldnames or columns), list(reader)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(there + [row for row in rows if row not in there])


def first_months(seed: int) -> list[date]:
    """5 to 15 calendar months in a row that cross an April; 14 to 17 of a council that sends totals."""
    count = 14 + seed % 4 if sends_totals(seed) else 5 + seed * 7 % 11
    start = date(2022 + seed % 3, (12, 1, 2, 3)[seed % 4], 1)
    return [add_months(start, index) for index in range(count)]
