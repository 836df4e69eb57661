"""establishment and recruitment_pipeline, by marts.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from .arithmetic import ANY, half_up, last_day, minus, percent
from .expected_rows import ExpectedMart, ExpectedRow, common, total, units_with_unmapped
from .truth import ROLE_GROUPS, UNMAPPED, MadeUpCouncil, in_post

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


def measure(council: MadeUpCouncil, month: date, units: set[str], group: str) -> Establishment:
    """The establishment of the units for the role group, or for all of them when it is `total`."""

    def of_group(extract: str) -> list[dict[str, Any]] | None:
        rows = council.rows(month, extract)
        if rows is None:
            return None
        rows = [r for r in rows if r["team"] in units]
        return [r for r in rows if group == TOTAL or council.roles[r["role"]].role_group == group]

    posts, workers = of_group("posts"), of_group("workforce")
    present = None if workers is None else [w for w in workers if in_post(w, last_day(month))]
    return Establishment(
        total(posts, "fte"),
        None if posts is None else total([p for p in posts if p["newly_created"]], "fte"),
        total(posts, "vacant_fte"),
        None if present is None else total([w for w in present if w["employment"] != "agency"], "fte"),
        None if present is None else total([w for w in present if w["employment"] == "agency"], "fte"),
    )


def establishment(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("establishment", ("month", "unit", "role_group"))
    for month in council.loaded_months():
        known = council.rows(month, "posts") is not None or council.rows(month, "workforce") is not None
        for unit in units_with_unmapped(council, month):
            for group in (*ROLE_GROUPS, TOTAL):
                found = measure(council, month, council.below(unit.unit, month), group)
                with_agency = None
                if found.agency is not None and found.in_post is not None:
                    with_agency = found.agency + found.in_post
                with_vacant = None
                if found.vacant is not None and found.in_post is not None:
                    with_vacant = found.vacant + found.in_post
                values = {
                    **common(unit, month, "rows" if known else ANY),
                    "posts_fte": half_up(found.posts, 2),
                    "in_post_fte": half_up(found.in_post, 2),
                    "newly_created_fte": half_up(found.created, 2),
                    "vacant_fte": half_up(found.vacant, 2),
                    "agency_fte": half_up(found.agency, 2),
                    "uncovered_fte": half_up(found.uncovered, 2),
                    "vacancy_rate": percent(found.vacant, with_vacant),
                    "agency_rate": percent(found.agency, with_agency),
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
        everywhere = council.below(council.council_unit, month)
        offers = council.rows(month, "offers")
        sent = [e for e in ("offers", "posts", "workforce") if council.rows(month, e) is not None]
        gaps: list[Fraction | None] = []
        surpluses: list[Fraction | None] = []
        for group in (*ROLE_GROUPS, TOTAL):
            made = offers
            if offers is not None and group != TOTAL:
                made = [o for o in offers if council.roles[o["role"]].role_group == group]
            agency = None if made is None else total([o for o in made if o["employment"] == "agency"], "fte")
            pipeline = total(made, "fte")
            uncovered = measure(council, month, everywhere, group).uncovered
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
            empty = not any((pipeline, uncovered, measure(council, month, everywhere, group).posts))
            optional = empty and (group != TOTAL or not sent)
            mart.rows.append(ExpectedRow({"month": month, "role_group": group}, values, optional))
    return mart
