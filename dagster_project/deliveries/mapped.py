"""A landed file read by its source system's mapping: the table of the canonical form comes out. Checks nothing.

What a mapping does not know, a code or a word, stays as it is, so that checking rejects the row with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dagster_project.deliveries.discovery import Landed
from dagster_project.deliveries.file_limits import FileLimits, file_limits
from dagster_project.deliveries.file_names import shown
from dagster_project.deliveries.layout import Table, read_table, turned_identifiers
from dagster_project.deliveries.mapped_cells import Cells, plain, reader_of
from dagster_project.deliveries.refusal import Refused
from dagster_project.deliveries.safeguarding import read_joined
from dagster_project.deliveries.source_kinds import Facts
from dagster_project.deliveries.workforce_census import read_xml
from dagster_project.extracts import Column, Specification
from dagster_project.extracts.source_system import (
    Headers,
    RowRule,
    SourceColumn,
    SourceExtract,
    SourceSystem,
)
from dagster_project.reference import Reference

STANDARD_HOURS = "standard_hours_per_week"

Reader = Callable[[Landed, Specification, SourceSystem, Facts, FileLimits], Table]


@dataclass
class MappedTable(Table):
    """A table of the canonical form that still knows what its sender wrote."""

    sender_headers: dict[str, str] = field(default_factory=dict)
    sent: dict[str, Sequence[str]] = field(default_factory=dict)
    kept: list[int] = field(default_factory=list)

    def header_of(self, column: str) -> str:
        return self.sender_headers.get(column, column)

    def as_sent(self, index: int, column: str) -> str:
        if column not in self.sent:
            return super().as_sent(index, column)
        return self.sent[column][self.kept[index]]


def read_delivery(landed: Landed, specification: Specification, reference: Reference) -> Table:
    """The delivery's table in canonical columns, read by the mapping of its source.

    Raises Refused as `read_table` does.
    """
    source = reference.sources[landed.source]
    facts = _facts_of(landed.council, reference)
    return READERS[source.kind](landed, specification, source, facts, file_limits(reference))


def _facts_of(council: str, reference: Reference) -> Facts:
    """The council's row of councils.csv; a working week left empty is the one assumed for every council."""
    facts = next(row for row in reference.rows("councils") if row["council"] == council)
    assumed = {
        row["council"]: row["amount"]
        for row in reference.rows("option_assumptions")
        if row["assumption"] == STANDARD_HOURS and not row["option_kind"]
    }
    hours = facts.get(STANDARD_HOURS) or assumed.get(council) or assumed.get("", "")
    return {**facts, STANDARD_HOURS: hours}


def as_headed(specification: Specification, table: Table) -> Specification:
    """The specification whose columns name the sender's headers in what they expect, for reasons of rejection."""
    if not isinstance(table, MappedTable):
        return specification
    columns = [
        column.model_copy(update={"headed": table.header_of(column.name)})
        if table.header_of(column.name) != column.name
        else column
        for column in specification.columns
    ]
    return specification.model_copy(update={"columns": tuple(columns)})


def read_mapped(
    landed: Landed, specification: Specification, source: SourceSystem, facts: Facts, limits: FileLimits
) -> Table:
    """A file of one table, its columns found by the source's headers and made canonical.

    Row numbers stay the file's. Raises Refused where a fact of the council is wanted and not there.
    """
    how = source.extracts.get(specification.extract, SourceExtract())
    if source.takes_as_specified(specification.extract):
        return read_table(landed.path, specification, landed.sheet, limits)
    plans = {column.name: how.columns.get(column.name) for column in specification.columns}
    form = _source_form(specification, how, plans)
    table = read_table(landed.path, form, landed.sheet or how.sheet, limits)
    for rule in how.leave_out:
        # Without it rows that do not belong would be read as if they did.
        if rule.headers[0] not in table.found:
            raise Refused(f"{shown(landed.file_name)}: required column missing: {rule.headers[0]}")
    cells = Cells(
        source,
        {name: [row[i] for row in table.rows] for i, name in enumerate(table.columns)},
        len(table.rows),
        table.is_text,
        facts,
        shown(landed.file_name),
    )
    made: dict[str, Sequence[str]] = {}
    sent: dict[str, Sequence[str]] = {}
    headers: dict[str, str] = {}
    for column in specification.columns:
        given = plans[column.name] or SourceColumn(headers=(column.name,))
        made[column.name] = reader_of(given, column)(cells)
        if given.sources:
            sent[column.name] = cells.column(given.sources[0])
            headers[column.name] = " / ".join(names[0] for names in given.sources)
    kept, notices = _belonging(cells, how, made, [column.name for column in specification.columns])
    rows = list(zip(*(made[column.name] for column in specification.columns), strict=True))
    mapped = MappedTable(
        columns=[column.name for column in specification.columns],
        rows=[rows[i] for i in kept],
        row_numbers=[table.row_numbers[i] for i in kept],
        overlong=table.overlong & {table.row_numbers[i] for i in kept},
        notices=_together(table.notices, notices),
        unknown_columns=table.unknown_columns,
        serials_from=table.serials_from,
        is_text=table.is_text,
        sender_headers=headers,
        sent=sent,
        kept=kept,
    )
    for column in as_headed(specification, mapped).columns:
        source_column = plans[column.name]
        is_plain = source_column is None or bool(source_column.headers)
        if column.type == "identifier" and is_plain:
            cells_kept = (sent[column.name][i] for i in kept)
            mapped.faults += turned_identifiers(column, cells_kept, mapped.row_numbers)
    return mapped


def _together(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {
        name: one.get(name, 0) + other.get(name, 0) for name in [*one, *(n for n in other if n not in one)]
    }


def _source_form(
    specification: Specification, how: SourceExtract, plans: Mapping[str, SourceColumn | None]
) -> Specification:
    """The file's own columns as a form the layout can find: named by the first header the mapping gives.

    Required are those that a required column is read from. Two columns that share a header are one.
    """
    columns: dict[str, dict[str, Any]] = {}
    for column in specification.columns:
        given = plans[column.name]
        sources = given.sources if given else ((column.name,),)
        for headers in sources:
            _add(columns, headers, required=column.required)
    for rule in how.leave_out:
        _add(columns, rule.headers, required=False)
    return Specification.model_construct(
        **{
            **dict(specification),
            "columns": tuple(Column.model_construct(**_defaults(), **kept) for kept in columns.values()),
        }
    )


def _defaults() -> dict[str, Any]:
    return {
        name: field.default
        for name, field in Column.model_fields.items()
        if not field.is_required() and name not in ("required", "headers")
    } | {"type": "text", "meaning": ""}


def _add(columns: dict[str, dict[str, Any]], headers: Headers, *, required: bool) -> None:
    kept = columns.setdefault(headers[0], {"name": headers[0], "headers": (), "required": False})
    kept["headers"] = tuple(dict.fromkeys((*kept["headers"], *headers[1:])))
    kept["required"] = kept["required"] or required


def _belonging(
    cells: Cells, how: SourceExtract, made: Mapping[str, Sequence[str]], columns: Sequence[str]
) -> tuple[list[int], dict[str, int]]:
    """Places of the rows that belong to the extract, and how many others there were, by notice."""
    kept = list(range(cells.length))
    notices: dict[str, int] = {}
    for rule in how.leave_out:
        words = [plain(text).lower() for text in cells.column(rule.headers)]
        stays = [i for i in kept if not _is_left_out(words[i], rule)]
        if len(stays) < len(kept):
            notices[rule.notice] = notices.get(rule.notice, 0) + len(kept) - len(stays)
        kept = stays
    if how.once:
        seen: set[tuple[str, ...]] = set()
        stays = []
        for i in kept:
            row = tuple(made[name][i] for name in columns)
            if row not in seen:
                seen.add(row)
                stays.append(i)
        if len(stays) < len(kept):
            notices["said_before"] = len(kept) - len(stays)
        kept = stays
    return kept, notices


def _is_left_out(word: str, rule: RowRule) -> bool:
    if not word:
        return rule.empty
    if rule.other_than:
        return word not in {value.strip().lower() for value in rule.other_than}
    return word in {value.strip().lower() for value in rule.values}


READERS: dict[str, Reader] = {"table": read_mapped, "joined": read_joined, "xml": read_xml}
"""How each kind of source is read; a mapping of another kind is refused with the reference data."""
