"""establishment and recruitment_pipeline, by marts.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from .arithmetic import ANY, half_up, last_day, minus, percent
from .expected_rows import ExpectedMart, ExpectedRow, common, total, units_with_unmapped
from .totals import by_unit, counted, plus, units_in_post, units_of
from .truth import ROLE_GROUPS, UNMAPPED, MadeUpCouncil, Row, in_post

TOTAL = "total"


@dataclass
class Establishment:
    """Exact FTE of one unit and role group; None where the extract was not delivered."""

    posts: Fraction | None
    created: Fraction | None
    vacant: Fraction | None
    in_post: Fraction | None
    agency: Fraction | None

    @property
    def uncovered(self) -> Fraction | None:
        return minus(self.vacant, self.agency)

    @property
    def is_nothing(self) -> bool:
        return not any((self.posts, self.created, self.vacant, self.in_post, self.agency))


COLUMNS = ("posts_fte", "newly_created_fte", "vacant_fte", "agency_fte")


def measure(council: MadeUpCouncil, month: date, unit: str, group: str) -> Establishment:
    """The establishment of the unit for the role group, or for all of them when it is `total`."""
    units = council.below(unit, month)

    def of_group(extract: str) -> list[dict[str, Any]] | None:
        rows = council.rows(month, extract)
        if rows is None:
            return None
        rows = [r for r in rows if r["team"] in units]
        return [r for r in rows if group == TOTAL or council.roles[r["role"]].role_group == group]

    posts, workers = of_group("posts"), of_group("workforce")
    present = None if workers is None else [w for w in workers if in_post(w, last_day(month))]
    found = Establishment(
        total(posts, "fte"),
        None if posts is None else total([p for p in posts if p["newly_created"]], "fte"),
        total(posts, "vacant_fte"),
        None if present is None else total([w for w in present if w["employment"] != "agency"], "fte"),
        None if present is None else total([w for w in present if w["employment"] == "agency"], "fte"),
    )
    return _with_totals(council, month, unit, group, found)


def totals_of(council: MadeUpCouncil, month: date, unit: str, group: str) -> list[Row]:
    """Rows of totals that stand for the unit: its own of a role group, else those below it."""
    silent = units_of(council.rows(month, "posts")) | units_in_post(council, month)
    rows = council.rows(month, "establishment_summary") or []
    groups = ROLE_GROUPS if group == TOTAL else (group,)
    found: list[Row] = []
    for one in groups:
        of_group = by_unit(council, [r for r in rows if council.roles[r["role"]].role_group == one])
        for told in counted(council, month, unit, of_group, silent).values():
            found += told
    return found


def held(row: Row) -> Fraction | None:
    """People in post as a total tells them: posts that are not vacant."""
    return minus(row["posts_fte"], row["vacant_fte"])


def _with_totals(
    council: MadeUpCouncil, month: date, unit: str, group: str, rows: Establishment
) -> Establishment:
    """A column told for one role group is told for all; one that is empty throughout is not."""
    every, own = totals_of(council, month, unit, TOTAL), totals_of(council, month, unit, group)

    def plus_totals(known: Fraction | None, cell: Callable[[Row], Fraction | None]) -> Fraction | None:
        told = [value for row in every if (value := cell(row)) is not None]
        if known is None and not told:
            return None
        return (known or Fraction(0)) + sum((v for row in own if (v := cell(row)) is not None), Fraction(0))

    return Establishment(
        plus_totals(rows.posts, lambda row: row["posts_fte"]),
        plus_totals(rows.created, lambda row: row["newly_created_fte"]),
        plus_totals(rows.vacant, lambda row: row["vacant_fte"]),
        plus_totals(rows.in_post, held),
        plus_totals(rows.agency, lambda row: row["agency_fte"]),
    )


def _grain(council: MadeUpCouncil, month: date, unit: str) -> Any:
    silent = units_of(council.rows(month, "posts")) | units_in_post(council, month)
    if council.below(unit, month) & silent:
        return "rows"
    return "summary" if totals_of(council, month, unit, TOTAL) else ANY


def establishment(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("establishment", ("month", "unit", "role_group"))
    for month in council.loaded_months():
        sent = ("posts", "workforce", "establishment_summary")
        known = any(council.rows(month, extract) is not None for extract in sent)
        for unit in units_with_unmapped(council, month):
            grain = _grain(council, month, unit.unit)
            for group in (*ROLE_GROUPS, TOTAL):
                found = measure(council, month, unit.unit, group)
                values = {
                    **common(unit, month, grain),
                    "posts_fte": half_up(found.posts, 2),
                    "in_post_fte": half_up(found.in_post, 2),
                    "newly_created_fte": half_up(found.created, 2),
                    "vacant_fte": half_up(found.vacant, 2),
                    "agency_fte": half_up(found.agency, 2),
                    "uncovered_fte": half_up(found.uncovered, 2),
                    "vacancy_rate": percent(found.vacant, plus(found.vacant, found.in_post)),
                    "agency_rate": percent(found.agency, plus(found.agency, found.in_post)),
                }
                optional = found.is_nothing and (group != TOTAL or unit.unit == UNMAPPED)
                if unit.unit == UNMAPPED and found.is_nothing and not known:
                    values = {}
                key = {"month": month, "unit": unit.unit, "role_group": group}
                mart.rows.append(ExpectedRow(key, values, optional))
    return mart


def recruitment_pipeline(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("recruitment_pipeline", ("month", "role_group"))
    for month in council.loaded_months():
        top = council.council_unit
        offers = council.rows(month, "offers")
        if offers is None:
            offers = council.rows(month, "offers_summary")
        sent = [
            e
            for e in ("offers", "posts", "workforce", "offers_summary", "establishment_summary")
            if council.rows(month, e) is not None
        ]
        gaps: list[Fraction | None] = []
        surpluses: list[Fraction | None] = []
        for group in (*ROLE_GROUPS, TOTAL):
            made = offers
            if offers is not None and group != TOTAL:
                made = [o for o in offers if council.roles[o["role"]].role_group == group]
            agency = None if made is None else total([o for o in made if o["employment"] == "agency"], "fte")
            pipeline = total(made, "fte")
            uncovered = measure(council, month, top, group).uncovered
            left = minus(uncovered, pipeline)
            if group == TOTAL:
                gap = None if None in gaps else sum((g for g in gaps if g is not None), Fraction(0))
                surplus = (
                    None if None in surpluses else sum((s for s in surpluses if s is not None), Fraction(0))
                )
            else:
                gap = None if left is None else max(Fraction(0), left)
                surplus = None if left is None else max(Fraction(0), -left)
                gaps.append(gap)
                surpluses.append(surplus)
            values = {
                "as_at": last_day(month),
                "agency_offers_fte": half_up(agency, 2),
                "permanent_offers_fte": half_up(minus(pipeline, agency), 2),
                "pipeline_fte": half_up(pipeline, 2),
                "uncovered_fte": half_up(uncovered, 2),
                "remaining_gap_fte": half_up(gap, 2),
                "surplus_fte": half_up(surplus, 2),
            }
            empty = not any((pipeline, uncovered, measure(council, month, top, group).posts))
            optional = empty and (group != TOTAL or not sent)
            mart.rows.append(ExpectedRow({"month": month, "role_group": group}, values, optional))
    return mart
