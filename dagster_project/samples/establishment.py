"""HR rows of one month: workforce, posts and offers, drawn from the sample's workforce."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

from dagster_project.samples.chance import Chance
from dagster_project.samples.fitting import Row
from dagster_project.samples.months import month_end
from dagster_project.samples.naming import MonthNames
from dagster_project.samples.plan import CouncilPlan
from dagster_project.samples.workers import Spell, Workforce

SHORT_SICKNESS = 0.24
WORKING_DAYS_LOST_WHEN_AWAY = 20


def workforce_rows(
    workforce: Workforce, month: date, names: MonthNames, social_work_roles: set[str], chance: Chance
) -> list[Row]:
    """One row per worker and post of the month; a leaving date still to come is not known yet."""
    last_day = month_end(month)
    rows: list[Row] = []
    for spell in workforce.spells:
        if not spell.overlaps(month):
            continue
        worker = spell.worker
        has_left = spell.ended_on is not None and spell.ended_on <= last_day
        is_agency = spell.employment == "agency"
        is_qualified = spell.role in social_work_roles
        asye = worker.asye_until is not None and last_day < worker.asye_until
        rows.append(
            {
                "worker_id": worker.worker_id,
                "post_id": spell.post.post_id or None,
                "team": names.unit(spell.unit),
                "role": names.role(spell.role),
                "employment": spell.employment,
                "fte": fte_of(spell.fte),
                "started_on": spell.started_on,
                "ended_on": spell.ended_on if has_left else None,
                "leaving_reason": spell.leaving_reason if has_left else None,
                "qualified_on": worker.qualified_on if is_qualified else None,
                "registration_no": worker.registration_no if is_qualified else None,
                "asye": asye if is_qualified else None,
                "sickness_days": None if is_agency else _sickness(spell, last_day, chance),
                "absent_at_month_end": None if has_left else worker.absence(last_day),
            }
        )
    return rows


def post_rows(plan: CouncilPlan, workforce: Workforce, month: date, names: MonthNames) -> list[Row]:
    """The establishment at month end; an agency worker covers a post but leaves it vacant."""
    last_day = month_end(month)
    held: Counter[str] = Counter()
    for spell in workforce.in_post(last_day):
        if spell.employment != "agency":
            held[spell.post.post_id] += spell.fte
    return [
        {
            "post_id": post.post_id,
            "team": names.unit(post.unit),
            "role": names.role(post.role),
            "fte": fte_of(post.fte),
            "newly_created": post.created_on is not None,
            "created_on": post.created_on,
            "funded_until": plan.funded_until(post.role, last_day),
            "vacant_fte": fte_of(post.fte - held[post.post_id]),
        }
        for post in workforce.posts
        if post.exists(last_day)
    ]


def offer_rows(workforce: Workforce, month: date, names: MonthNames) -> list[Row]:
    """Accepted by month end, starting after it: the spells of later months, seen early."""
    last_day = month_end(month)
    return [
        {
            "offer_id": spell.worker.worker_id.replace("-W", "-OFFER"),
            "team": names.unit(spell.unit),
            "role": names.role(spell.role),
            "employment": spell.employment,
            "fte": fte_of(spell.fte),
            "accepted_on": spell.accepted_on,
            "expected_start_on": spell.started_on,
        }
        for spell in workforce.spells
        if spell.accepted_on and spell.accepted_on <= last_day < spell.started_on
    ]


def fte_of(hundredths: int) -> Decimal:
    return Decimal(hundredths) / 100


def _sickness(spell: Spell, last_day: date, chance: Chance) -> Decimal:
    if spell.worker.absence(last_day) == "sickness" and spell.in_post(last_day):
        return Decimal(WORKING_DAYS_LOST_WHEN_AWAY)
    if not chance.happens(SHORT_SICKNESS):
        return Decimal(0)
    return Decimal(chance.between(1, 10)) / 2
