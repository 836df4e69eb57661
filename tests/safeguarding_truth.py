"""Cases of a made-up council day by day, told twice: as a month's canonical extracts, and as one SSD export.

The canonical rows are found by walking through the days, with nothing of the product's SQL. Asserts nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from deliveries_fixture import Row, csv_text

TEAMS = {"71": "North", "72": "South", "73": "Duty"}
WORKERS = ("W1", "W2", "W3", "W4", "W5")
FIRST, LAST = date(2023, 10, 2), date(2024, 5, 31)
REASONS = {"RC1": "closed", "RC7": "closed", "RC8": "closed", "RC9": "stepped_down"}
DAY = timedelta(days=1)


@dataclass
class Case:
    """What happened to one child's referral; a move puts it in a team, with a worker or without."""

    referral: str
    child: str
    opened: date
    referral_team: str
    moves: list[tuple[date, str, str]] = field(default_factory=list)
    closed: date | None = None
    reason: str = ""
    plans: list[tuple[str, date, date | None]] = field(default_factory=list)
    assessments: list[tuple[str, date, date | None]] = field(default_factory=list)


def make_cases(count: int = 60, seed: int = 4) -> list[Case]:
    """Cases that move, change hands, lose their worker, close late and never; no two events of a case on one day."""
    chance = random.Random(seed)
    return [_case(number, chance) for number in range(count)]


def _case(number: int, chance: random.Random) -> Case:
    day = FIRST + timedelta(days=chance.randrange(200))
    case = Case(f"R{number:03}", f"CH{number // 2:03}", day, chance.choice(list(TEAMS)))
    team = case.referral_team
    for _ in range(chance.randrange(6)):
        day += timedelta(days=chance.randrange(1, 35))
        team = chance.choice([team, *TEAMS])
        case.moves.append((day, team, chance.choice(["", *WORKERS])))
    while case.moves and not case.moves[0][2]:
        case.moves.pop(0)
    # Without a worker nobody is involved, so nobody could say that the team changed.
    for place, (on, _new_team, worker) in enumerate(case.moves):
        if not worker:
            case.moves[place] = (on, case.moves[place - 1][1], worker)
    if chance.random() < 0.5:
        case.closed = day + timedelta(days=chance.randrange(1, 60))
        case.reason = chance.choice(list(REASONS))
    started = case.opened + timedelta(days=chance.randrange(0, 20))
    ended = started + timedelta(days=chance.randrange(10, 80))
    case.assessments.append((f"A{number:03}", started, chance.choice([ended, ended, None])))
    if chance.random() < 0.5:
        begun = ended + timedelta(days=3)
        over = begun + timedelta(days=chance.randrange(20, 90))
        case.plans.append((f"CP{number:03}", begun, chance.choice([over, None])))
    return case


def _state(case: Case, day: date) -> tuple[str, str]:
    """Team and worker in the evening of a day."""
    state = (case.referral_team, "")
    for on, team, worker in case.moves:
        if on <= day:
            state = (team, worker)
    return state


def caseload_rows(cases: Sequence[Case], first: date, last: date) -> list[Row]:
    """Canonical rows of the cases open on a day of the month, as known on its last day."""
    rows = []
    for case in cases:
        if case.opened > last or (case.closed and case.closed < first):
            continue
        rows += [
            row for row in _rows_of(case, last) if not row["closed_on"] or row["closed_on"] >= str(first)
        ]
    return rows


def _rows_of(case: Case, last: date) -> list[Row]:
    closed = case.closed if case.closed and case.closed <= last else None
    days = [case.opened]
    while days[-1] < (closed - DAY if closed else last):
        days.append(days[-1] + DAY)
    spells: list[list[date]] = []
    for day in days:
        if spells and _state(case, day)[0] == _state(case, spells[-1][-1])[0]:
            spells[-1].append(day)
        else:
            spells.append([day])
    return [_row(case, spells, place, closed, last) for place in range(len(spells))]


def _row(case: Case, spells: list[list[date]], place: int, closed: date | None, last: date) -> Row:
    spell = spells[place]
    moved_to = spells[place + 1] if place + 1 < len(spells) else None
    ended = moved_to[0] if moved_to else closed
    team, worker = _state(case, spell[-1])
    # What still runs on the day a row ends counts for it; by month end it has to run on.
    at = ended or last
    running = [p for p in case.plans if p[1] <= at and (p[2] is None or p[2] > at or (ended and p[2] == at))]
    assessing = [
        a for a in case.assessments if a[1] <= at and (a[2] is None or a[2] > at or (ended and a[2] == at))
    ]
    plans = [p for p in case.plans if p[1] <= at and (p[2] is None or p[2] >= spell[0])]
    plan = plans[-1] if plans else None
    return {
        "case_id": case.referral + (f"#{place + 1}" if place else ""),
        "child_id": case.child,
        "family_id": "",
        "case_type": "child_protection" if running else "assessment" if assessing else "child_in_need",
        "team": TEAMS[team],
        "worker_id": worker,
        "opened_on": str(spell[0]),
        "allocated_on": str(next(d for d in spell if _state(case, d)[1] == worker)) if worker else "",
        "closed_on": str(ended) if ended else "",
        "closure_outcome": "transferred" if moved_to else REASONS[case.reason] if closed else "",
        "transferred_to": TEAMS[_state(case, moved_to[0])[0]] if moved_to else "",
        "plan_started_on": str(plan[1]) if plan else "",
        "plan_ended_on": str(plan[2]) if plan and plan[2] and plan[2] <= at else "",
    }


def assessment_rows(cases: Sequence[Case], first: date, last: date) -> list[Row]:
    """Canonical rows of the assessments completed in the month."""
    rows = []
    for case in cases:
        for identifier, started, completed in case.assessments:
            if completed and first <= completed <= last:
                in_time = [r for r in _rows_of(case, last) if r["opened_on"] <= str(completed)]
                rows.append(
                    {
                        "assessment_id": identifier,
                        "case_id": in_time[-1]["case_id"],
                        "team": "",
                        "started_on": str(started),
                        "completed_on": str(completed),
                    }
                )
    return rows


def export(cases: Sequence[Case], seed: int = 9) -> dict[str, list[Row]]:
    """The same as tables of an SSD export taken on the last day: overlaps, doubles, other roles, times of day."""
    chance = random.Random(seed)
    tables: dict[str, list[Row]] = {
        name: [] for name in ("involvements", "cin_episodes", "cp_plans", "cin_assessments")
    }
    for case in cases:
        closed = case.closed if case.closed and case.closed <= LAST else None
        tables["cin_episodes"].append(
            {
                "cine_referral_id": case.referral,
                "cine_person_id": case.child,
                "cine_referral_date": _stamp(case.opened, chance),
                "cine_close_date": _stamp(closed, chance),
                "cine_close_reason": case.reason if closed else "",
                "cine_referral_team": case.referral_team,
                "cine_referral_worker_id": "1",
            }
        )
        tables["involvements"] += _involvements(case, chance)
        tables["cp_plans"] += [
            {
                "cppl_cp_plan_id": identifier,
                "cppl_referral_id": case.referral,
                "cppl_person_id": case.child,
                "cppl_cp_plan_start_date": _stamp(start, chance),
                "cppl_cp_plan_end_date": _stamp(end, chance),
            }
            for identifier, start, end in case.plans
        ]
        tables["cin_assessments"] += [
            {
                "cina_assessment_id": identifier,
                "cina_person_id": case.child,
                "cina_referral_id": case.referral,
                "cina_assessment_start_date": _stamp(start, chance),
                "cina_assessment_auth_date": _stamp(end, chance),
                "cina_assessment_team": "",
            }
            for identifier, start, end in case.assessments
        ]
    for rows in tables.values():
        chance.shuffle(rows)
    tables["professionals"] = [
        {
            "prof_professional_id": str(900 + place),
            "prof_staff_id": worker,
            "prof_professional_name": f"Name {place}",
            "prof_professional_caseload": "99",
            "prof_agency_worker_flag": "",
            "prof_full_time_equivalency": "0.1",
        }
        for place, worker in enumerate(WORKERS)
    ]
    tables["department"] = [{"dept_team_id": team, "dept_team_name": name} for team, name in TEAMS.items()]
    return tables


def _involvements(case: Case, chance: random.Random) -> list[Row]:
    rows = []
    for place, (on, team, worker) in enumerate(case.moves):
        ended = case.moves[place + 1][0] if place + 1 < len(case.moves) else None
        if worker:
            hands_over_late = (
                ended and place + 1 < len(case.moves) and case.moves[place + 1][2] and chance.random() < 0.4
            )
            row = {
                "invo_involvements_id": f"{case.referral}-{place}",
                "invo_professional_id": str(900 + WORKERS.index(worker)),
                "invo_professional_role_id": "ALLOCATED CASE WORKER",
                "invo_professional_team": team,
                "invo_involvement_start_date": _stamp(on, chance),
                "invo_involvement_end_date": _stamp(on + DAY if hands_over_late else ended, chance),
                "invo_person_id": case.child,
                "invo_referral_id": case.referral,
            }
            if hands_over_late:
                # The former worker's record is closed a day after the successor's has begun, within it.
                row["invo_involvement_end_date"] = _stamp(_late(case, place), chance)
            rows.append(row)
            if chance.random() < 0.2:
                rows.append({**row, "invo_involvements_id": f"{case.referral}-{place}-again"})
        if chance.random() < 0.3:
            rows.append(
                {
                    "invo_involvements_id": f"{case.referral}-{place}-other",
                    "invo_professional_id": "900",
                    "invo_professional_role_id": "Independent Reviewing Officer",
                    "invo_professional_team": "73",
                    "invo_involvement_start_date": _stamp(on, chance),
                    "invo_involvement_end_date": "",
                    "invo_person_id": case.child,
                    "invo_referral_id": case.referral,
                }
            )
    return rows


def _late(case: Case, place: int) -> date:
    """A day within the successor's time: not after its end, for then the former worker would hold the case again."""
    following = case.moves[place + 1][0]
    end = case.moves[place + 2][0] if place + 2 < len(case.moves) else following + 5 * DAY
    return min(following + 3 * DAY, end)


def _stamp(day: date | None, chance: random.Random) -> str:
    if day is None:
        return chance.choice(["", "NULL"])
    return chance.choice([f"{day} 00:00:00.000", f"{day}", f"{day} 09:41:00", f"{day:%d/%m/%Y}"])


def write_export(folder: Path, tables: dict[str, list[Row]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        (folder / f"ssd_{name}.csv").write_text(csv_text(rows), encoding="utf-8")
