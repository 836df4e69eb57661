"""DfE's workforce census, one XML document, read as a council's totals of the month of its reference date.

Worker by worker the cells that count are checked here, for no row of a worker leaves this module.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from pydantic import BaseModel, ConfigDict

from dagster_project.deliveries.cells import read_bytes
from dagster_project.deliveries.discovery import Landed
from dagster_project.deliveries.file_limits import FileLimits
from dagster_project.deliveries.layout import BLANK_CHARACTERS, Fault, Table
from dagster_project.deliveries.refusal import Refused
from dagster_project.deliveries.source_kinds import Facts, month_days
from dagster_project.extracts import Specification
from dagster_project.extracts.source_system import SourceSystem

LARGEST_DOCUMENT = 64 * 2**20
MOST_ELEMENTS = 2_000_000
NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{0,15})?|\.[0-9]{1,15}")
DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
LEA = re.compile(r"[0-9]{3}")


class CensusRules(BaseModel):
    """What csww.yml declares beside the names of files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    collection: str
    worker: str
    leave_reasons: tuple[str, ...]
    reasons_that_are_no_leaving: tuple[str, ...]
    voluntary_reasons: tuple[str, ...]
    elements: tuple[str, ...]


def read_xml(
    landed: Landed, specification: Specification, source: SourceSystem, facts: Facts, limits: FileLimits
) -> Table:
    """The delivery of a source of kind `xml`, by its own rules."""
    rules = CensusRules(**source.rules)
    return read_census(landed.path, specification, month_days(landed.month), facts["dfe_code"], rules)


@dataclass
class _Totals:
    headcount: int = 0
    in_post_fte: Decimal = Decimal(0)
    leavers_fte: Decimal = Decimal(0)
    voluntary_leavers_fte: Decimal = Decimal(0)


@dataclass
class _Return:
    """What was met while reading: header and workers, and how often each kind of oddity."""

    header: dict[str, str] = field(default_factory=dict)
    workers: list[dict[str, str]] = field(default_factory=list)
    notices: dict[str, int] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def count(self, notice: str) -> None:
        self.notices[notice] = self.notices.get(notice, 0) + 1


def read_census(
    path: Path, specification: Specification, month: tuple[date, date], dfe_code: str, rules: CensusRules
) -> Table:
    """One row of the council's totals; a worker that cannot be read is a fault at its position in the return.

    Raises Refused for what is no such return, one of another council or month, or one that an attacker made.
    """
    returned = _read(path, rules)
    reference_date = _reference_date(returned.header, path.name, month, dfe_code, rules)
    totals, faults = _add_up(returned, reference_date, month, rules)
    cells = {
        "headcount": str(totals.headcount),
        "in_post_fte": format(totals.in_post_fte, "f"),
        "leavers_fte": format(totals.leavers_fte, "f"),
        "voluntary_leavers_fte": format(totals.voluntary_leavers_fte, "f"),
    }
    names = [column.name for column in specification.columns]
    notices = returned.notices | {
        "sickness_of_the_year_not_read": 1,
        "qualification_dates_not_in_the_return": 1,
    }
    return Table(
        columns=names,
        rows=[[cells.get(name, "") for name in names]],
        # The totals stand before the first worker, whose position is 1.
        row_numbers=[0],
        notices=notices,
        unknown_columns=len(returned.unknown),
        faults=faults,
        records=len(returned.workers),
    )


def _read(path: Path, rules: CensusRules) -> _Return:
    # Nothing may stand before a declaration; an empty line that a program put there says nothing.
    data = read_bytes(path, LARGEST_DOCUMENT).lstrip(b" \t\r\n")
    returned = _Return()
    try:
        _walk(data, returned, rules, path.name)
    except DefusedXmlException as error:
        raise Refused(
            f"{path.name}: the document declares its own types or entities; nothing of it was read"
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise Refused(f"{path.name}: not XML, or cut short") from error
    if not returned.workers:
        raise Refused(f"{path.name}: no {rules.worker} in it")
    return returned


def _walk(data: bytes, returned: _Return, rules: CensusRules, place: str) -> None:
    depth, count, known = 0, 0, set(rules.elements)
    open_elements: list[Element] = []
    for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
        if event == "start":
            depth, count = depth + 1, count + 1
            if count > MOST_ELEMENTS or depth > 10:
                raise Refused(f"{place}: more elements, or deeper ones, than a return has")
            if depth == 1 and _name(element) != "Message":
                raise Refused(f"{place}: not a return to DfE: the element on top is not Message")
            open_elements.append(element)
            continue
        depth -= 1
        open_elements.pop()
        if depth == 1 and _name(element) == "Header":
            returned.header = {_name(leaf): _text(leaf) for leaf in element.iter() if not len(leaf)}
        elif _name(element) == rules.worker:
            returned.workers.append(_worker(element, returned, known))
        if depth == 1:
            element.clear()
            open_elements[0].remove(element)


def _worker(element: Element, returned: _Return, known: set[str]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for leaf in element.iter():
        name = _name(leaf)
        if len(leaf) or leaf is element:
            continue
        if name not in known:
            returned.unknown.add(name)
        elif name in cells and cells[name] != _text(leaf):
            cells[name] = f"{cells[name]} {_text(leaf)}"
        else:
            cells[name] = _text(leaf)
    return cells


def _name(element: Element) -> str:
    """Without a namespace; some suppliers write one."""
    return str(element.tag).rpartition("}")[2]


def _text(element: Element) -> str:
    return (element.text or "").strip(BLANK_CHARACTERS)


def _reference_date(
    header: Mapping[str, str], place: str, month: tuple[date, date], dfe_code: str, rules: CensusRules
) -> date:
    collection = header.get("Collection", "")
    if collection.upper() != rules.collection:
        raise Refused(f"{place}: not the collection {rules.collection}")
    lea = header.get("LEA", "")
    if lea != dfe_code:
        said = f"authority {lea}" if LEA.fullmatch(lea) else "no authority"
        raise Refused(f"{place}: the return names {said}, the council is {dfe_code or 'without a dfe_code'}")
    day = _day(header.get("ReferenceDate", ""))
    if day is None:
        raise Refused(f"{place}: the return has no ReferenceDate as YYYY-MM-DD")
    if not month[0] <= day <= month[1]:
        raise Refused(f"{place}: the return is as at {day}, the folder is of {month[0]:%Y-%m}")
    return day


def _add_up(
    returned: _Return, reference_date: date, month: tuple[date, date], rules: CensusRules
) -> tuple[_Totals, list[Fault]]:
    totals, faults = _Totals(), []
    seen: set[str] = set()
    for position, worker in enumerate(returned.workers, start=1):
        found = list(_faults(position, worker, rules))
        if found:
            faults += found
            continue
        if worker["AgencyWorker"] == "1":
            returned.count("agency_workers_not_counted")
            continue
        number = worker.get("SWENo", "").upper()
        if number and number in seen:
            returned.count("registration_numbers_seen_before")
        seen.add(number)
        _count_in(totals, worker, reference_date, month, rules, returned)
    return totals, faults


def _count_in(
    totals: _Totals,
    worker: Mapping[str, str],
    reference_date: date,
    month: tuple[date, date],
    rules: CensusRules,
    returned: _Return,
) -> None:
    fte = Decimal(worker["FTE"])
    starts, ends = _day(worker.get("RoleStartDate", "")), _day(worker.get("RoleEndDate", ""))
    if starts is not None and starts > reference_date:
        returned.count("workers_who_start_later")
    elif ends is None or ends > reference_date:
        totals.headcount += 1
        totals.in_post_fte += fte
    elif not month[0] <= ends <= month[1]:
        returned.count("leavers_of_other_months")
    elif worker["ReasonLeave"] in rules.reasons_that_are_no_leaving:
        returned.count("moves_within_the_authority")
    else:
        totals.leavers_fte += fte
        totals.voluntary_leavers_fte += fte if worker["ReasonLeave"] in rules.voluntary_reasons else 0
        if not fte:
            returned.count("leavers_without_fte")


def _faults(position: int, worker: Mapping[str, str], rules: CensusRules) -> Iterator[Fault]:
    """Every cell that counts and cannot be read. Of agency workers only the flag counts."""
    agency = worker.get("AgencyWorker", "")
    if agency not in ("0", "1"):
        yield _fault(position, "AgencyWorker", "code", agency, "one of 0, 1")
    if agency == "1":
        return
    fte = worker.get("FTE", "")
    if not NUMBER.fullmatch(fte):
        yield _fault(position, "FTE", "number", fte, "a number with . as its decimal sign, from 0 to 1")
    elif Decimal(fte) > 1:
        yield _fault(position, "FTE", "range", fte, "a number from 0 to 1")
    days = {}
    for name in ("RoleStartDate", "RoleEndDate"):
        text = worker.get(name, "")
        days[name] = _day(text)
        if text and days[name] is None:
            yield _fault(position, name, "date", text, "a date as YYYY-MM-DD")
    starts, ends = days["RoleStartDate"], days["RoleEndDate"]
    if starts and ends and ends < starts:
        yield _fault(
            position,
            "RoleEndDate",
            "ends_before_it_starts",
            worker["RoleEndDate"],
            "not before RoleStartDate",
        )
    reason = worker.get("ReasonLeave", "")
    if (ends or reason) and reason not in rules.leave_reasons:
        yield _fault(position, "ReasonLeave", "code", reason, "one of " + ", ".join(rules.leave_reasons))


def _fault(position: int, header: str, rule: str, cell: str, expected: str) -> Fault:
    return Fault(
        position, header, rule if cell else "required", cell, expected if cell else f"a value: {expected}"
    )


def _day(text: str) -> date | None:
    match = DAY.fullmatch(text)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
