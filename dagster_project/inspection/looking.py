"""Sheets, headers and columns of an unknown file, and which extract and source each sheet fits. Writes nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.deliveries.cells import (
    Sheet,
    TextFile,
    is_workbook,
    read_bytes,
    refuse_other_kinds,
)
from dagster_project.deliveries.file_limits import file_limits
from dagster_project.deliveries.file_names import printable
from dagster_project.deliveries.layout import ROWS_SEARCHED_FOR_A_HEADER, header_key
from dagster_project.deliveries.mapped_cells import plain
from dagster_project.deliveries.refusal import Refused
from dagster_project.deliveries.safeguarding import SafeguardingRules
from dagster_project.deliveries.workbook import workbook_sheets
from dagster_project.errors import PlainError
from dagster_project.extracts import SourceSystem, Specification
from dagster_project.extracts.source_system import SourceColumn
from dagster_project.inspection.headers import by_key, header_of, likely_headers, likely_words
from dagster_project.inspection.kinds import Column, column_of
from dagster_project.reference import Reference, name_key

HEAD_OF_A_RETURN = 20_000
COLLECTION = re.compile(rb"<(?:\w+:)?Collection>\s*(\w+)\s*</")


class InspectionError(PlainError):
    """The file cannot be looked at; the message says why."""


@dataclass(frozen=True)
class Fit:
    """How well a sheet fits an extract of a source: required columns found and wanted, all columns placed.

    `likely` are headers that other systems write for columns no mapping places: for a person to judge.
    """

    source: SourceSystem
    extract: str
    placed: Mapping[str, SourceColumn]
    found: frozenset[str]
    missing: tuple[str, ...]
    required: int
    columns: int
    likely: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        return not self.missing

    @property
    def share(self) -> float:
        """How much of what is wanted may be here."""
        if not self.required:
            return len(self.placed) / self.columns
        return 1 - len(set(self.missing) - set(self.likely)) / self.required

    @property
    def is_half(self) -> bool:
        """Half of what is required may be here: enough for a mapping to start from."""
        return self.share * 2 >= 1

    @property
    def rank(self) -> tuple[bool, bool, int, float, int, bool]:
        """Best last: all required columns, half of them, how many columns of the file it knows, then the share.

        The share alone would favour an extract that wants little: a ledger with a role is no list of offers.
        """
        known = len(self.found) + len(self.likely)
        is_certain = bool(self.required) and self.is_whole
        return is_certain, self.is_half, known, self.share, -len(self.missing), self.source.is_canonical


@dataclass(frozen=True)
class LookedSheet:
    """A sheet: `header_row` counts from 1, 0 where none was found; `rows` are those below that hold anything.

    `parts` are the sources of joined tables of which it is one, each with the table's name.
    """

    name: str
    header_row: int
    rows: int
    columns: Sequence[Column]
    fits: Sequence[Fit]
    parts: Sequence[tuple[SourceSystem, str]]
    cells: Mapping[str, Sequence[str]] = field(repr=False)

    @property
    def best(self) -> Fit | None:
        """The fit a mapping would start from; none where not even half of what is required was found."""
        few = 1
        return next(
            (fit for fit in self.fits if fit.is_half and len(fit.found) + len(fit.likely) > few), None
        )

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
    returns: SourceSystem | None = None

    @property
    def extracts(self) -> list[str]:
        """The extracts that a mapping of the file can start from."""
        return list(dict.fromkeys(fit.extract for sheet in self.sheets for fit in sheet.held))

    @property
    def ready(self) -> SourceSystem | None:
        """The source that reads the file as it is, without a mapping of its own: of joined tables, or of XML."""
        return self.returns or next((source for sheet in self.sheets for source, _ in sheet.parts), None)


def look(
    path: Path,
    specifications: Mapping[str, Specification],
    reference: Reference,
    source: str | None = None,
    extract: str | None = None,
) -> Looked:
    """The visible sheets of a workbook, or the one table of a text file; `source` and `extract` look for these only.

    Raises InspectionError where it cannot be read, or the source or extract is unknown.
    """
    if extract is not None and extract not in specifications:
        raise InspectionError(f"--extract {extract!r} is none; known are {', '.join(specifications)}")
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
        if returns := _return_of(data, sources.values()):
            return Looked(
                printable(path.name),
                f"XML, a return of the collection {returns.rules['collection']}",
                [],
                returns,
            )
        if is_workbook(data):
            sheets, form = workbook_sheets(data, printable(path.name), None, limits), "a workbook"
        else:
            refuse_other_kinds(data, printable(path.name))
            text = TextFile(data, printable(path.name), limits.max_columns)
            separator = _likeliest(text.heads(ROWS_SEARCHED_FOR_A_HEADER))
            sheet = text.sheet(separator)
            words = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}[separator]
            sheets, form = [sheet], f"text separated by {words}"
    except Refused as refused:
        raise InspectionError(str(refused)) from refused
    looked = [_look(sheet, specifications, sources, extract) for sheet in sheets]
    return Looked(printable(path.name), form, looked)


def _return_of(data: bytes, sources: Iterable[SourceSystem]) -> SourceSystem | None:
    """The XML source whose collection the document names in its header; nothing else of it is looked at."""
    head = data[:HEAD_OF_A_RETURN].replace(b"\0", b"")
    named = COLLECTION.search(head) if b"<" in head[:100] else None
    said = named[1].decode("ascii", "replace").upper() if named else ""
    return next((s for s in sources if s.kind == "xml" and said and s.rules["collection"] == said), None)


def _likeliest(heads: Mapping[str, Sheet]) -> str:
    """The separator under which most rows have the same number of fields, more than one."""

    def likeness(sheet: Sheet) -> int:
        widths = Counter(len(row) for row in sheet.rows if len(row) > 1)
        return max((count * width for width, count in widths.items()), default=0)

    return max(heads, key=lambda separator: likeness(heads[separator]))


def _look(
    sheet: Sheet,
    specifications: Mapping[str, Specification],
    sources: Mapping[str, SourceSystem],
    extract: str | None,
) -> LookedSheet:
    found = header_of(sheet, _known_headers(specifications, sources.values()))
    if found is None:
        return LookedSheet(sheet.name, 0, 0, [], [], [], {})
    index, header = found
    body = [row for row in sheet.rows[index + 1 :] if any(plain(cell) for cell in row)]
    headers = {
        " ".join(text.split()): place for place, text in reversed(list(enumerate(header))) if plain(text)
    }
    headers = dict(reversed(headers.items()))
    cells = {h: [row[i] if i < len(row) else "" for row in body] for h, i in headers.items()}
    fits = [
        fit
        for source in sources.values()
        for name in source.extracts
        if extract in (None, name)
        and (fit := _fit(source, specifications[name], list(headers)))
        and (fit.found or fit.likely)
    ]
    fits.sort(key=lambda fit: fit.rank, reverse=True)
    columns = [column_of(header, words) for header, words in cells.items()]
    parts = _parts(list(headers), sources.values())
    return LookedSheet(sheet.name, index + 1, len(body), columns, [] if parts else fits, parts, cells)


def _parts(headers: Sequence[str], sources: Iterable[SourceSystem]) -> list[tuple[SourceSystem, str]]:
    """Tables of joined sources whose required columns are all there."""
    keys = by_key(headers).keys()
    return [
        (source, table)
        for source in sources
        if source.kind == "joined"
        for table, rule in SafeguardingRules(**source.rules).tables.items()
        if keys >= {header_key(column) for column in rule.required}
    ]


def _known_headers(specifications: Mapping[str, Specification], sources: Iterable[SourceSystem]) -> set[str]:
    known = {header_key(column.name) for s in specifications.values() for column in s.columns}
    for source in sources:
        for extract in source.extracts.values():
            for column in extract.columns.values():
                known |= {header_key(text) for headers in column.sources for text in headers}
            if source.kind == "joined":
                known |= {
                    header_key(c)
                    for rule in SafeguardingRules(**source.rules).tables.values()
                    for c in rule.columns
                }
    return known | {header_key(text) for texts in likely_words().values() for text in texts}


def _fit(source: SourceSystem, specification: Specification, headers: Sequence[str]) -> Fit | None:
    if source.kind != "table":
        return None
    key = by_key(headers)
    how = source.extracts[specification.extract]
    placed: dict[str, SourceColumn] = {}
    found: set[str] = set()
    missing: list[str] = []
    for column in specification.columns:
        given = how.columns.get(column.name) or SourceColumn(headers=(column.name,))
        spelled = [
            next((key[header_key(t)] for t in names if header_key(t) in key), None) for names in given.sources
        ]
        if given.share and header_key(column.name) in key:
            # What the file gives itself is not reckoned from hours.
            given, spelled = SourceColumn(headers=(column.name,)), [key[header_key(column.name)]]
        if spelled and all(spelled):
            placed[column.name] = given
            found |= {header for header in spelled if header}
        elif given.sources and column.required:
            missing.append(column.name)
    free = [header for header in headers if header not in found]
    return Fit(
        source,
        specification.extract,
        placed,
        frozenset(found),
        tuple(missing),
        len(specification.required_names),
        len(specification.columns),
        likely_headers([c.name for c in specification.columns if c.name not in placed], free),
    )


def unknown_names(
    sheet: LookedSheet, fit: Fit, specification: Specification, reference: Reference, council: str
) -> dict[str, Counter[str]]:
    """Names of units and roles in the sheet that the council's reference data does not know, by column, with rows."""
    known = {
        "unit": {name.name_key for name in reference.unit_names_of.get(council, ())},
        "role": {name.name_key for name in reference.role_names_of.get(council, ())},
    }
    key = by_key(sheet.cells)
    unknown = {}
    for column in specification.columns:
        given = fit.placed.get(column.name)
        if column.type not in known or given is None:
            continue
        header = next(key[header_key(t)] for t in given.sources[0] if header_key(t) in key)
        words = [plain(text) for text in sheet.cells[header]]
        if given.part:
            place = {"first": 0, "last": -1}[given.part.take]
            words = [plain(word.split(given.part.separator)[place]) for word in words]
        strange = Counter(word for word in words if word and name_key(word) not in known[column.type])
        if strange:
            unknown[column.name] = strange
    return unknown
