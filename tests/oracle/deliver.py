"""Lands one delivery: canonical rows in, a messy file and its `Delivery` out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from .arithmetic import days_after, last_day
from .extract_forms import FORMS, OMITTABLE, REQUIRED, TOTALS
from .messy_cells import Cell, Speller, spell_header
from .messy_files import (
    Layout,
    Table,
    csv_bytes,
    csv_text,
    encode,
    invent_layout,
    xlsx_bytes,
)
from .spoilers import TEXT_FAULTS, spoil
from .truth import UNMAPPED, Delivery, MadeUpCouncil, Row

_KEYS = {
    "caseload": "case_id",
    "workforce": "worker_id",
    "posts": "post_id",
    "offers": "offer_id",
    "agency_spend": "line_id",
    "contacts": "contact_id",
    "assessments": "assessment_id",
    "visits": "visit_id",
    "strategy_meetings": "meeting_id",
}
_COUNTED_FAULTS = ("rejected rows above the limit", "every row rejected")


@dataclass
class Sheet:
    """A table ready to be written, and what a reader must count in it."""

    extract: str
    table: Table
    layout: Layout
    rows: list[Row]
    rules: list[str]
    unmapped: int
    repeated: int


def compose(
    council: MadeUpCouncil,
    month: date,
    extract: str,
    rows: list[Row],
    rng: Random,
    fault: str | None = None,
    xlsx_only: bool = False,
) -> Sheet:
    """A sheet of `rows` to accept (some with a team nobody knows), rows to reject and repeats."""
    layout = _layout(council, extract, rows, rng, fault, xlsx_only)
    rows, rejected_count = _rejections(extract, rows, rng, fault)
    rows = _unmap(extract, rows, rng, rejected_count, fault)
    speller = Speller(council, rng, layout.medium)
    omitted = [c for c in OMITTABLE[extract] if rng.random() < 0.2]
    columns = [c for c in FORMS[extract] if c not in omitted]
    rows = [{**row, **dict.fromkeys(omitted)} for row in rows]
    unmapped = sum(UNMAPPED in (row.get("team"), row.get("unit")) for row in rows)
    rng.shuffle(columns)
    spelled = [{c: speller.spell(FORMS[extract][c], row[c]) for c in columns} for row in rows]
    rules = []
    bad = []
    for index in range(rejected_count):
        model = _model(extract, rng.choice(rows), index)
        cells = {c: speller.spell(FORMS[extract][c], model[c]) for c in columns}
        rule, cells = spoil(cells, extract, month, last_day(month), layout.medium, rng)
        rules.append(rule)
        bad.append(cells)
    if fault == "every row rejected":
        spelled, rows = [], []
    repeats = 0
    if rows and extract != "caseload_summary" and fault is None and rng.random() < 0.4:
        repeats = rng.randint(1, 2)
    lines = spelled + bad + [rng.choice(spelled) for _ in range(repeats)]
    rng.shuffle(lines)
    table = Table([spell_header(c, rng) for c in columns], [[line[c] for c in columns] for line in lines])
    if fault not in TEXT_FAULTS:
        _add_columns(table, columns, rng, layout)
    return Sheet(extract, table, layout, rows, rules, unmapped, repeats)


def _layout(
    council: MadeUpCouncil, extract: str, rows: list[Row], rng: Random, fault: str | None, xlsx_only: bool
) -> Layout:
    share = 1.0 if xlsx_only or fault in ("truncated workbook", "two sheets with the columns") else 0.3
    layout = invent_layout(rng, council.name, len(rows), 0.0 if fault in TEXT_FAULTS else share)
    if fault in TEXT_FAULTS:
        layout.tail = []
    if fault == "two sheets with the columns":
        layout.visible_copy = True
    if xlsx_only:
        layout.cover_sheet = layout.hidden_copy = False
    if fault == "header without rows":
        layout.tail = []
    return layout


def _rejections(extract: str, rows: list[Row], rng: Random, fault: str | None) -> tuple[list[Row], int]:
    """The sound rows to land and how many broken ones go with them."""
    if fault == "header without rows" or not rows:
        return [], 0
    if fault == "every row rejected":
        return rows, rng.randint(1, 2)
    if fault == "rejected rows above the limit":
        return rows, max(3, len(rows) // 8)
    if fault or extract == "caseload_summary":
        return rows, 0
    if extract == "agency_spend" and len(rows) >= 57 and rng.random() < 0.3:
        # One in twenty exactly: at the limit, not above it.
        kept = len(rows) // 19 * 19
        return rows[:kept], kept // 19
    return rows, rng.choice([0, 0, 1, 2]) if rng.random() < 0.9 else min(2 + len(rows) // 60, 5)


def _unmap(extract: str, rows: list[Row], rng: Random, rejected: int, fault: str | None) -> list[Row]:
    """Copies of the rows, some under `unmapped`, staying clear of the limit together with the rejected."""
    copies = [dict(row) for row in rows]
    room = max(2, len(rows) // 25) - rejected
    if fault or room <= 0 or extract == "caseload_summary" or rng.random() < 0.5:
        return copies
    column = "unit" if extract in TOTALS else "team"
    candidates = [row for row in copies if row.get(column) is not None]
    # Two totals of one key under names nobody knows could meet in one name.
    most = 1 if extract in TOTALS else min(room, 5)
    chosen = rng.sample(candidates, min(len(candidates), rng.randint(1, most)))
    for row in chosen:
        row[column] = UNMAPPED
    return copies


def _model(extract: str, row: Row, index: int) -> Row:
    """A sound row with a key of its own, to be broken."""
    fresh = dict(row)
    if extract in _KEYS:
        fresh[_KEYS[extract]] = f"NEVER-{index}"
    return fresh


def _add_columns(table: Table, columns: list[str], rng: Random, layout: Layout) -> None:
    """Columns no extract knows, never first; sometimes a column twice with the same values."""
    notes = ["", "", "seen; ok", "call back, then “close”", 'says "soon"', "x | y"]
    if layout.line_end != "\r":
        notes.append("two\nlines")
    extras: list[tuple[str, list[str]]] = [
        ("Comments", notes),
        ("Full Name", ["A. Person", "Zoë O’Made-Up", "Nobody At-All"]),
        ("Extract version", ["3"]),
    ]
    for header, values in extras:
        if rng.random() < 0.25:
            place = rng.randint(1, len(table.headers))
            table.headers.insert(place, header)
            columns.insert(place, "")
            for row in table.rows:
                row.insert(place, rng.choice(values))
    if rng.random() < 0.03:
        index = rng.choice([i for i, c in enumerate(columns) if c])
        table.headers.append(table.headers[index].strip().upper())
        for row in table.rows:
            row.append(row[index])


def land(
    council: MadeUpCouncil, folder: Path, month: date, sheet: Sheet, rng: Random, fault: str | None = None
) -> Delivery:
    """The sheet lies in the folder in place of an earlier one, with the fault; the truth is returned."""
    extract = sheet.extract
    folder.mkdir(parents=True, exist_ok=True)
    for ending in ("csv", "xlsx"):
        (folder / f"{extract}.{ending}").unlink(missing_ok=True)
    if fault:
        _apply_table_fault(sheet, fault, rng)
    data = _bytes(sheet, fault)
    other = {"csv": "xlsx", "xlsx": "csv"}
    ending = sheet.layout.medium if fault or rng.random() < 0.94 else other[sheet.layout.medium]
    path = folder / f"{extract}.{ending}"
    sha256: str | None = hashlib.sha256(data).hexdigest()
    if fault == "a link in the file's place":
        elsewhere = folder.parents[2] / "elsewhere" / f"{council.slug}-{month:%Y-%m}-{extract}.{ending}"
        elsewhere.parent.mkdir(exist_ok=True)
        elsewhere.write_bytes(data)
        path.symlink_to(elsewhere)
        sha256 = None
    else:
        path.write_bytes(data)
    if fault == "both endings in the folder":
        (folder / f"{extract}.{other[ending]}").write_bytes(data)
        sha256 = None
    return record(month, sheet, path.name, sha256, fault)


def record(month: date, sheet: Sheet, file_name: str, sha256: str | None, fault: str | None) -> Delivery:
    """The truth of a landed sheet; a refused one whose rows cannot be counted has -1 rows read."""
    counted = fault is None or fault in _COUNTED_FAULTS
    return Delivery(
        month=month,
        extract=sheet.extract,
        file_name=file_name,
        rows=[] if fault else sheet.rows,
        rows_read=len(sheet.table.rows) if counted else -1,
        rows_rejected=len(sheet.rules),
        rows_unmapped=sheet.unmapped,
        rows_repeated=sheet.repeated,
        refused=fault,
        sha256=sha256,
        rules_broken=sheet.rules,
    )


def _apply_table_fault(sheet: Sheet, fault: str, rng: Random) -> None:
    table = sheet.table
    compared = ["".join(h.lower().split()).replace("_", "") for h in table.headers]
    required = [compared.index(c.replace("_", "")) for c in REQUIRED[sheet.extract]]
    if fault == "required column missing":
        index = rng.choice(required)
        twins = [i for i, name in enumerate(compared) if name == compared[index]]
        for twin in reversed(twins):
            del table.headers[twin]
            for row in table.rows:
                del row[twin]
    elif fault == "one key with different values":
        twin_row: list[Cell] = list(rng.choice(table.rows))
        date_columns = [
            i
            for i, c in enumerate(compared)
            if c in ("openedon", "weekending", "expectedstarton")
            or (c, sheet.extract) in (("startedon", "assessments"), ("seenon", "visits"))
        ]
        if date_columns:
            twin_row[date_columns[0]] = days_after(date(2021, 1, 1), rng.randint(1, 300)).isoformat()
        else:
            twin_row[compared.index("fte")] = "0.95"
            if "vacantfte" in compared:
                twin_row[compared.index("vacantfte")] = "0"
        table.rows.append(twin_row)
    elif fault == "one header twice with different values":
        index = required[-1]
        table.headers.append(table.headers[index])
        for number, row in enumerate(table.rows):
            row.append(row[index] if number else f"{row[index]}1")


def _bytes(sheet: Sheet, fault: str | None) -> bytes:
    if sheet.layout.medium == "xlsx":
        data = xlsx_bytes([(sheet.extract, sheet.table, sheet.layout)])
        return data[: len(data) // 2] if fault == "truncated workbook" else data
    if fault in TEXT_FAULTS:
        text = TEXT_FAULTS[fault](csv_text(sheet.table, sheet.layout), sheet.layout.separator)
        return encode(text, sheet.layout.encoding)
    return csv_bytes(sheet.table, sheet.layout)
