"""Sheets, headers and columns of an unknown file, and which extract and source each sheet fits. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.deliveries.cells import Sheet, TextFile, is_workbook, read_bytes
from dagster_project.deliveries.file_limits import file_limits
from dagster_project.deliveries.file_names import printable
from dagster_project.deliveries.layout import ROWS_SEARCHED_FOR_A_HEADER, header_key
from dagster_project.deliveries.mapped_cells import plain
from dagster_project.deliveries.refusal import Refused
from dagster_project.deliveries.workbook import workbook_sheets
from dagster_project.errors import PlainError
from dagster_project.extracts import SourceSystem, Specification
from dagster_project.extracts.source_system import SourceColumn
from dagster_project.inspection.kinds import Column, column_of
from dagster_project.reference import Reference, name_key


class InspectionError(PlainError):
    """The file cannot be looked at; the message says why."""


@dataclass(frozen=True)
class Fit:
    """How well a sheet fits an extract of a source: required columns found and wanted, all columns placed."""

    source: SourceSystem
    extract: str
    placed: Mapping[str, SourceColumn]
    found: frozenset[str]
    missing: tuple[str, ...]
    required: int

    @property
    def is_whole(self) -> bool:
        return not self.missing

    @property
    def rank(self) -> tuple[float, int, int, bool]:
        """Best last: the share of required columns, then how many columns of the file it knows."""
        share = 1 - len(self.missing) / self.required if self.required else float(bool(self.placed))
        return share, len(self.found), -len(self.missing), self.source.is_canonical


@dataclass(frozen=True)
class LookedSheet:
    """A sheet: `header_row` counts from 1, 0 where none was found; `rows` are those below that hold anything."""

    name: str
    header_row: int
    rows: int
    columns: Sequence[Column]
    fits: Sequence[Fit]
    cells: Mapping[str, Sequence[str]] = field(repr=False)

    @property
    def best(self) -> Fit | None:
        """The fit a mapping would start from; none where not even half of what is required was found."""
        return next((fit for fit in self.fits if fit.rank[0] * 2 >= 1 and len(fit.found) > 1), None)

    @property
    def held(self) -> Sequence[Fit]:
        """The extracts the sheet holds: the best, and the others of its source that are here as a whole."""
        if self.best is None:
            return []
        source = self.best.source
        beside = [fit for fit in self.fits if fit.is_whole and fit.source is source and fit is not self.best]
        return [self.best, *(beside if not source.is_canonical else [])]


@dataclass(frozen=True)
class Looked:
    """What an unknown file holds."""

    file: str
    form: str
    sheets: Sequence[LookedSheet]


def look(
    path: Path, specifications: Mapping[str, Specification], reference: Reference, source: str | None = None
) -> Looked:
    """The visible sheets of a workbook, or the one table of a text file; `source` looks for that source only.

    Raises InspectionError where it cannot be read or the source is unknown.
    """
    sources = dict(reference.sources)
    if source is not None:
        if source not in sources:
            raise InspectionError(f"--source {source!r} has no mapping; known are {', '.join(sources)}")
        sources = {source: sources[source]}
    try:
        if not path.is_file():
            raise Refused(f"{path.name}: there is no such file")
        limits = file_limits(reference)
        data = read_bytes(path, limits.max_file_bytes)
        if is_workbook(data):
            sheets, form = workbook_sheets(data, printable(path.name), None, limits), "a workbook"
        else:
            text = TextFile(data, printable(path.name), limits.max_columns)
            separator = _likeliest(text.heads(ROWS_SEARCHED_FOR_A_HEADER))
            sheet = text.sheet(separator)
            words = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}[separator]
            sheets, form = [sheet], f"text separated by {words}"
    except Refused as refused:
        raise InspectionError(str(refused)) from refused
    return Looked(path.name, form, [_look(sheet, specifications, sources) for sheet in sheets])


def _likeliest(heads: Mapping[str, Sheet]) -> str:
    """The separator under which most rows have the same number of fields, more than one."""

    def likeness(sheet: Sheet) -> int:
        widths = Counter(len(row) for row in sheet.rows if len(row) > 1)
        return max((count * width for width, count in widths.items()), default=0)

    return max(heads, key=lambda separator: likeness(heads[separator]))


def _look(
    sheet: Sheet, specifications: Mapping[str, Specification], sources: Mapping[str, SourceSystem]
) -> LookedSheet:
    index = _header_row(sheet, _known_headers(specifications, sources.values()))
    if index is None:
        return LookedSheet(sheet.name, 0, 0, [], [], {})
    body = [row for row in sheet.rows[index + 1 :] if any(plain(cell) for cell in row)]
    headers = {
        " ".join(text.split()): place
        for place, text in reversed(list(enumerate(sheet.rows[index])))
        if plain(text)
    }
    headers = dict(reversed(headers.items()))
    cells = {h: [row[i] if i < len(row) else "" for row in body] for h, i in headers.items()}
    fits = [
        fit
        for source in sources.values()
        for name in source.extracts
        if (fit := _fit(source, specifications[name], list(headers))) and fit.found
    ]
    fits.sort(key=lambda fit: fit.rank, reverse=True)
    columns = [column_of(header, words) for header, words in cells.items()]
    return LookedSheet(sheet.name, index + 1, len(body), columns, fits, cells)


def _known_headers(specifications: Mapping[str, Specification], sources: Iterable[SourceSystem]) -> set[str]:
    known = {header_key(column.name) for s in specifications.values() for column in s.columns}
    for source in sources:
        for extract in source.extracts.values():
            for column in extract.columns.values():
                known |= {header_key(text) for headers in column.sources for text in headers}
    return known


def _header_row(sheet: Sheet, known: set[str]) -> int | None:
    """The row with most known headers; without any, the first of the widest rows that hold words only."""
    best, best_score = None, (0, 0)
    for index, row in enumerate(sheet.rows[:ROWS_SEARCHED_FOR_A_HEADER]):
        filled = [cell for cell in map(plain, row) if cell]
        if len(filled) < 2 or len({header_key(cell) for cell in filled}) < len(filled):
            continue
        recognised = sum(1 for cell in filled if header_key(cell) in known)
        words = 0 if any(cell.replace(".", "").isdigit() for cell in filled) else len(filled)
        score = (recognised if recognised > 1 else 0, words)
        if score > best_score:
            best, best_score = index, score
    return best


def _fit(source: SourceSystem, specification: Specification, headers: Sequence[str]) -> Fit | None:
    if source.kind != "table":
        return None
    by_key = {header_key(header): header for header in reversed(headers)}
    how = source.extracts[specification.extract]
    placed: dict[str, SourceColumn] = {}
    found: set[str] = set()
    missing: list[str] = []
    for column in specification.columns:
        given = how.columns.get(column.name) or SourceColumn(headers=(column.name,))
        spelled = [
            next((by_key[header_key(t)] for t in names if header_key(t) in by_key), None)
            for names in given.sources
        ]
        if spelled and all(spelled):
            placed[column.name] = given
            found |= {header for header in spelled if header}
        elif given.sources and column.required:
            missing.append(column.name)
    return Fit(
        source,
        specification.extract,
        placed,
        frozenset(found),
        tuple(missing),
        len(specification.required_names),
    )


def unknown_names(
    sheet: LookedSheet, fit: Fit, specification: Specification, reference: Reference, council: str
) -> dict[str, Counter[str]]:
    """Names of units and roles in the sheet that the council's reference data does not know, by column, with rows."""
    known = {
        "unit": {name.name_key for name in reference.unit_names_of.get(council, ())},
        "role": {name.name_key for name in reference.role_names_of.get(council, ())},
    }
    by_key = {header_key(header): header for header in sheet.cells}
    unknown = {}
    for column in specification.columns:
        given = fit.placed.get(column.name)
        if column.type not in known or given is None:
            continue
        header = next(by_key[header_key(t)] for t in given.sources[0] if header_key(t) in by_key)
        words = [plain(text) for text in sheet.cells[header]]
        if given.part:
            place = {"first": 0, "last": -1}[given.part.take]
            words = [plain(word.split(given.part.separator)[place]) for word in words]
        strange = Counter(word for word in words if word and name_key(word) not in known[column.type])
        if strange:
            unknown[column.name] = strange
    return unknown
