"""Makes a council from a seed: its reference rows, its landed files, and the truth of both."""

from __future__ import annotations

import hashlib
from datetime import date
from fractions import Fraction
from pathlib import Path
from random import Random

from .activity_rows import activity
from .arithmetic import last_day
from .deliver import Sheet, compose, land, record
from .messy_files import xlsx_bytes
from .monthly_rows import World
from .reference_rows import first_months, invent_council, write_reference
from .spoilers import FAULTS
from .totals_rows import arrivals, sends_totals
from .truth import Delivery, MadeUpCouncil, Row, in_post, is_open

ROWS_ONLY = ("header without rows",)
Plan = dict[tuple[date, str], str]


def make_council(seed: int, home: Path) -> MadeUpCouncil:
    """The seed's council, written to `home/reference` and `home/landing`; the same seed, the same bytes."""
    months = first_months(seed)
    council = invent_council(seed, months)
    write_reference(council, home)
    lived = _live(council)
    plan = _plan_faults(council)
    pack = months[-2] if seed % 5 == 3 else None
    for month, extract, rows in _to_send(council, lived):
        if month == pack:
            continue
        council.deliveries.append(
            _send(council, home, month, extract, rows, plan.get((month, extract)), wave=1)
        )
    if pack:
        sent = [(extract, rows) for month, extract, rows in _to_send(council, lived) if month == pack]
        council.deliveries += _send_pack(council, home, pack, sent)
    return council


def make_second_wave(council: MadeUpCouncil, home: Path) -> None:
    """Files that arrive after a first load: corrections, one refused, a repair, the month left out.

    The council's truth is what holds after both loads.
    """
    rng = Random(f"{council.seed}:second wave")
    lived = _live(council)
    sendable = {(month, extract): rows for month, extract, rows in _to_send(council, lived)}
    single = [d for d in council.deliveries if not d.file_name.startswith("Month pack")]
    good = [d for d in single if not d.refused and len(d.rows) > 20]
    for old in rng.sample(good, min(3, len(good))):
        kept = [row for row in sendable[old.month, old.extract] if rng.random() < 0.9]
        council.deliveries.append(_send(council, home, old.month, old.extract, kept, None, wave=2))
    changed = {(d.month, d.extract) for d in council.deliveries[len(single) :]}
    others = [d for d in good if (d.month, d.extract) not in changed]
    if others:
        spoiled = rng.choice(others)
        rows = sendable[spoiled.month, spoiled.extract]
        fault = "rejected rows above the limit"
        council.deliveries.append(_send(council, home, spoiled.month, spoiled.extract, rows, fault, wave=2))
    for old in [d for d in single if d.refused][:1]:
        rows = sendable[old.month, old.extract]
        council.deliveries.append(_send(council, home, old.month, old.extract, rows, None, wave=2))
    gap = _gap(council)
    if gap:
        for extract in ("caseload", "workforce", "posts", "agency_spend"):
            council.deliveries.append(_send(council, home, gap, extract, lived[gap][extract], None, wave=2))


def _live(council: MadeUpCouncil) -> dict[date, dict[str, list[Row]]]:
    world = World(council, Random(f"{council.seed}:world"))
    return {month: world.step(month) for month in council.months}


def _summary_months(council: MadeUpCouncil) -> list[date]:
    """Months that arrive as totals only; where 12 months of rows are possible, they still follow."""
    count = len(council.months)
    if count >= 14 or count == 11:
        return council.months[:2]
    return council.months[1:2] if count in (7, 8, 10) else []


def _gap(council: MadeUpCouncil) -> date | None:
    """The month for which nothing arrives in the first wave."""
    if sends_totals(council.seed):
        return None
    return council.months[len(council.months) // 2] if council.seed % 5 in (0, 2) else None


def _to_send(
    council: MadeUpCouncil, lived: dict[date, dict[str, list[Row]]]
) -> list[tuple[date, str, list[Row]]]:
    """What arrives, in order: month, extract and canonical rows."""
    if sends_totals(council.seed):
        with_totals = arrivals(council, lived)
        return with_totals + [a for month in council.months for a in activity(council, month, lived[month])]
    rng = Random(f"{council.seed}:what arrives")
    sent: list[tuple[date, str, list[Row]]] = []
    summaries = _summary_months(council)
    decoy = council.months[-1]
    for month in council.months:
        rows = lived[month]
        absent = [e for e in ("offers", "agency_spend", "posts") if rng.random() < 0.06]
        if month == _gap(council):
            continue
        if month in summaries:
            every_level = (council.seed + month.month) % 2 == 0
            sent.append((month, "caseload_summary", summary_rows(council, month, rows, every_level)))
        else:
            sent += [(month, "caseload", rows["caseload"]), (month, "workforce", rows["workforce"])]
        if month == decoy:
            sent.append((month, "caseload_summary", _decoy(council, month, rows)))
        sent += [(month, e, rows[e]) for e in ("posts", "offers", "agency_spend") if e not in absent]
        sent += activity(council, month, rows)
    return sent


def summary_rows(
    council: MadeUpCouncil, month: date, rows: dict[str, list[Row]], every_level: bool
) -> list[Row]:
    """Monthly totals for every unit, or only for units that have none below them."""
    last = last_day(month)
    totals = []
    for unit in council.units_in_force(month):
        below = council.below(unit.unit, month)
        if not every_level and below - {unit.unit}:
            continue
        workers = [
            h
            for h in rows["workforce"]
            if h["team"] in below
            and in_post(h, last)
            and council.roles[h["role"]].role_group == "social_worker"
        ]
        totals.append(
            {
                "unit": unit.unit,
                "open_cases": sum(1 for c in rows["caseload"] if c["team"] in below and is_open(c, last)),
                "fte_social_workers": sum((h["fte"] for h in workers), Fraction(0)),
            }
        )
    return totals


def _decoy(council: MadeUpCouncil, month: date, rows: dict[str, list[Row]]) -> list[Row]:
    """Wrong totals for teams that also sent rows: rows win."""
    teams = {c["team"] for c in rows["caseload"]} & {h["team"] for h in rows["workforce"]}
    listed = sorted(t for t in teams if council.units[t].level == "team")
    return [{"unit": t, "open_cases": 777, "fte_social_workers": Fraction(3)} for t in listed]


def _plan_faults(council: MadeUpCouncil) -> Plan:
    """Which deliveries are refused and why; twelve months of caseload rows stay whole where possible."""
    rng = Random(f"{council.seed}:faults")
    months = council.months
    spare = months[: len(months) - 12] if len(months) >= 12 else months[:-1]
    faults = list(FAULTS)
    rng.shuffle(faults)
    plan: Plan = {}
    for number, fault in enumerate(faults[: 2 + council.seed % 3]):
        anything = ["caseload", "workforce", "posts", "offers", "agency_spend"]
        extract = anything[council.seed % 2] if number == 0 else rng.choice(anything)
        if fault == "header without rows":
            extract = rng.choice(["caseload", "workforce", "posts"])
        if fault == "one key with different values" and extract == "offers":
            extract = "posts"
        choices = spare if extract in ("caseload", "workforce") else months[:-1]
        if not choices:
            extract, choices = "posts", months[:-1]
        plan[rng.choice(choices), extract] = fault
    return plan


def _send(
    council: MadeUpCouncil,
    home: Path,
    month: date,
    extract: str,
    rows: list[Row],
    fault: str | None,
    wave: int,
) -> Delivery:
    rng = Random(f"{council.seed}:{wave}:{month}:{extract}")
    if not rows and fault not in ROWS_ONLY:
        fault = None
    sheet = compose(council, month, extract, rows, rng, fault)
    return land(council, _folder(council, home, month), month, sheet, rng, fault)


def _send_pack(
    council: MadeUpCouncil, home: Path, month: date, sent: list[tuple[str, list[Row]]]
) -> list[Delivery]:
    """One workbook with a sheet per extract."""
    folder = _folder(council, home, month)
    folder.mkdir(parents=True, exist_ok=True)
    sheets: list[Sheet] = []
    for extract, rows in sent:
        rng = Random(f"{council.seed}:pack:{extract}")
        sheets.append(compose(council, month, extract, rows, rng, None, xlsx_only=True))
    name = f"Month pack {month:%Y-%m}.xlsx"
    data = xlsx_bytes([(s.extract, s.table, s.layout) for s in sheets])
    (folder / name).write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest() if len(sheets) == 1 else None
    return [record(month, sheet, name, sha256, None) for sheet in sheets]


def _folder(council: MadeUpCouncil, home: Path, month: date) -> Path:
    return home / "landing" / council.slug / f"{month:%Y-%m}"
