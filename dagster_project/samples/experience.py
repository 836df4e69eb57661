"""When workers qualified and who is in the Assessed and Supported Year, made to the plan's printed share."""

from __future__ import annotations

from datetime import date, timedelta

from dagster_project.samples.chance import Chance
from dagster_project.samples.months import monday_on_or_after, month_end
from dagster_project.samples.plan import Cohorts, CouncilPlan
from dagster_project.samples.workers import Spell, Worker, Workforce

PRACTITIONER = "social_worker"
NEWLY_QUALIFIED_LATER_STARTERS = 0.6
# Well clear of eighteen months on both sides: papers disagree on which side the boundary day falls.
LONGEST_NEW, SHORTEST_EXPERIENCED = timedelta(days=450), timedelta(days=640)
SHORTEST_TWO_YEARS = timedelta(days=820)


def qualify(plan: CouncilPlan, workforce: Workforce, social_work_roles: set[str], chance: Chance) -> None:
    """Every worker in a social work role has a qualification date and a registration number.

    On the plan's date those in post without agency are as new to the work as the plan says.
    """
    if isinstance(plan.experience, Cohorts):
        _qualify_cohorts(plan, plan.experience, workforce, social_work_roles, chance)
        return
    counted_on = month_end(plan.experience.month)
    firsts = _first_spells(workforce, social_work_roles)
    counted = {
        spell.worker
        for spell in workforce.in_post(counted_on)
        if spell.worker in firsts and spell.employment != "agency"
    }
    wanted = (len(counted) * plan.experience.percent_under_18_months + 50) // 100
    could_be_new = [
        (spell.started_on < plan.first_month, chance.share(), spell)
        for worker, spell in firsts.items()
        if worker in counted and spell.role == PRACTITIONER
    ]
    could_be_new.sort(key=lambda item: item[:2])
    new = {spell.worker for _, _, spell in could_be_new[:wanted]}

    for number, (worker, spell) in enumerate(firsts.items(), start=1):
        worker.registration_no = f"SW{number:010}"
        starts_later = spell.started_on > counted_on and spell.employment != "agency"
        if worker in new or (
            starts_later and spell.role == PRACTITIONER and chance.happens(NEWLY_QUALIFIED_LATER_STARTERS)
        ):
            _newly_qualified(spell, plan.first_month, counted_on, chance)
        else:
            latest = min(spell.started_on, counted_on - SHORTEST_EXPERIENCED)
            worker.qualified_on = latest - timedelta(days=_days_of_practice(spell, chance))


def _qualify_cohorts(
    plan: CouncilPlan, cohorts: Cohorts, workforce: Workforce, social_work_roles: set[str], chance: Chance
) -> None:
    """The latest starters are in their assessed year, those before them came from university within two years."""
    counted_on = month_end(cohorts.month)
    firsts = _first_spells(workforce, social_work_roles)
    practitioners = [
        spell
        for spell in workforce.in_post(counted_on)
        if spell.role == PRACTITIONER and spell.employment != "agency"
    ]
    latest = sorted(practitioners, key=lambda spell: spell.started_on, reverse=True)
    asye = {spell.worker for spell in latest[: cohorts.asye]}
    recent = {spell.worker for spell in latest[cohorts.asye : cohorts.under_two_years]}
    for number, (worker, spell) in enumerate(firsts.items(), start=1):
        worker.registration_no = f"SW{number:010}"
        if worker in recent:
            # Their own assessed year ended in these months, or a little before.
            began = plan.first_month - timedelta(days=chance.between(25, 300))
            spell.started_on = monday_on_or_after(began)
        if worker in asye or worker in recent:
            worker.qualified_on = spell.started_on - timedelta(days=chance.between(20, 80))
            worker.asye_until = spell.started_on + timedelta(days=365)
        else:
            latest_day = min(spell.started_on, counted_on - SHORTEST_TWO_YEARS)
            worker.qualified_on = latest_day - timedelta(days=_days_of_practice(spell, chance))


def _first_spells(workforce: Workforce, social_work_roles: set[str]) -> dict[Worker, Spell]:
    """Each social worker's first spell, in the order they started."""
    firsts: dict[Worker, Spell] = {}
    for spell in sorted(workforce.spells, key=lambda spell: spell.started_on):
        if spell.role in social_work_roles:
            firsts.setdefault(spell.worker, spell)
    return firsts


def _newly_qualified(spell: Spell, first_month: date, counted_on: date, chance: Chance) -> None:
    if spell.started_on < first_month:
        earliest = counted_on - LONGEST_NEW + timedelta(days=30)
        spell.started_on = monday_on_or_after(
            earliest + timedelta(days=chance.below((first_month - earliest).days - 14))
        )
    spell.worker.qualified_on = max(
        spell.started_on - timedelta(days=chance.between(20, 90)), counted_on - LONGEST_NEW
    )
    spell.worker.asye_until = spell.started_on + timedelta(days=365)


def _days_of_practice(spell: Spell, chance: Chance) -> int:
    if spell.employment == "agency":
        return chance.between(900, 6000)
    return chance.between(30, 4200) if spell.role == PRACTITIONER else chance.between(2200, 8000)
