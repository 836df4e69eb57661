"""`seeds/` and the council's own rows read together. Rows in, checked rows out; no rule about children or cost here."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from dagster_project.extracts.source_system import CANONICAL, SourceError, SourceSystem, load_sources
from dagster_project.reference.lint import lint, lint_sources
from dagster_project.reference.names import RoleName, UnitName, role_names, unit_names
from dagster_project.reference.policy_lint import Finding
from dagster_project.reference.tables import Table, load_tables
from dagster_project.settings import Settings

READING_FILES = (
    "councils",
    "org_units",
    "unit_aliases",
    "roles",
    "role_aliases",
    "delivery_limits",
    "council_sources",
)
NOT_IN_MARTS = (
    *("alert_recipients", "control_names", "council_sources", "expected_deliveries", "expected_ticks"),
    *("file_limits", "measure_names", "retention", "send_waits"),
)
OF_NO_MONTH = ("dfe_benchmarks", "dfe_symbols", "disclosure_limits", "public_columns")
"""Read by marts only that are made whole each time: a change in these makes no council's month due."""
NOT_OF_MONTHS_ONLY = (
    "councils",
    "working_years",
    "report_figures",
    "report_figure_measures",
    "surveys",
    "capacity_options",
    "unit_costs",
)
"""Read by those marts too: a council that has loaded nothing is compared with what is published of it."""

Row = Mapping[str, str]


class ReferenceDataError(Exception):
    """The reference data cannot be used; `problems` holds one sentence for each thing to mend.

    `findings` are those of them that say how to mend it.
    """

    def __init__(self, problems: Sequence[str | Finding]) -> None:
        self.problems = [str(problem) for problem in problems]
        self.findings = {str(problem): problem for problem in problems if isinstance(problem, Finding)}
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Reference:
    """The merged reference data: rows of text by file name, keys unique, references whole; mappings by name."""

    tables: Mapping[str, tuple[Row, ...]]
    sources: Mapping[str, SourceSystem] = field(default_factory=load_sources)

    def rows(self, name: str) -> tuple[Row, ...]:
        return self.tables[name]

    @cached_property
    def councils(self) -> dict[str, str]:
        """Name of each registered council by its slug."""
        return {row["council"]: row["name"] for row in self.rows("councils")}

    @cached_property
    def unit_names(self) -> list[UnitName]:
        return unit_names(self.rows("org_units"), self.rows("unit_aliases"))

    @cached_property
    def role_names(self) -> list[RoleName]:
        return role_names(self.rows("roles"), self.rows("role_aliases"), self.councils)

    @cached_property
    def unit_names_of(self) -> dict[str, list[UnitName]]:
        """The names of each council's units; a council without units is not in it."""
        names: dict[str, list[UnitName]] = {}
        for name in self.unit_names:
            names.setdefault(name.council, []).append(name)
        return names

    @cached_property
    def role_names_of(self) -> dict[str, list[RoleName]]:
        names: dict[str, list[RoleName]] = {}
        for name in self.role_names:
            names.setdefault(name.council, []).append(name)
        return names

    @cached_property
    def unit_titles(self) -> dict[tuple[str, str], str]:
        """The name of each unit by council and slug."""
        return {(row["council"], row["unit"]): row["name"] for row in self.rows("org_units")}

    @cached_property
    def parent_units(self) -> dict[tuple[str, str], str | None]:
        """The unit above each unit by council and slug; work of no known unit lies below the council."""
        units = self.rows("org_units")
        parents = {(row["council"], row["unit"]): row["parent_unit"] or None for row in units}
        roots = {(row["council"], "unmapped"): row["unit"] for row in units if row["level"] == "council"}
        return {**parents, **roots}

    def limits(self, council: str, extract: str) -> Row:
        """The delivery limits in force: the row that names most of council and extract."""
        fitting = [
            row
            for row in self.rows("delivery_limits")
            if row["council"] in ("", council) and row["extract"] in ("", extract)
        ]
        return max(fitting, key=lambda row: (row["council"] != "", row["extract"] != ""))

    def keep_days(self, what: str, council: str = "") -> int:
        """How many days a kind of thing is kept: the council's own row, else that of every council."""
        rows = [
            row for row in self.rows("retention") if row["what"] == what and row["council"] in ("", council)
        ]
        return int(max(rows, key=lambda row: row["council"])["keep_days"])

    def source_of(self, council: str, extract: str, month: date) -> SourceSystem:
        """The source system that the council's extract comes from in a month; without a row the canonical form.

        A row for the extract beats one for all of the council's.
        """
        day = month.isoformat()
        fitting = [
            row
            for row in self.rows("council_sources")
            if row["council"] == council
            and row["extract"] in ("", extract)
            and (not row["valid_from"] or row["valid_from"] <= day)
            and (not row["valid_to"] or day < row["valid_to"])
            and (row["extract"] or extract in self.sources[row["source"]].extracts)
        ]
        chosen = max(fitting, key=lambda row: row["extract"] != "", default=None)
        return self.sources[chosen["source"] if chosen else CANONICAL]

    def reading_fingerprint(self, council: str) -> str:
        """Changes when a row changes that decides how this council's deliveries are read."""
        return self._fingerprint(council, READING_FILES)

    def marts_fingerprint(self, council: str) -> str:
        """Changes when a row changes that a mart of this council depends on."""
        left_out = (*NOT_IN_MARTS, *OF_NO_MONTH)
        return self._fingerprint(council, tuple(name for name in self.tables if name not in left_out))

    def fingerprint_of_no_month(self) -> str:
        """Changes when a row changes that marts without months of their own depend on, whether or not months do too."""
        relevant = [
            [name, {column: value for column, value in row.items() if column != "_place"}]
            for name in (*OF_NO_MONTH, *NOT_OF_MONTHS_ONLY)
            for row in self.rows(name)
        ]
        return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def _fingerprints(self) -> dict[tuple[str, tuple[str, ...]], str]:
        return {}

    def _fingerprint(self, council: str, names: tuple[str, ...]) -> str:
        """Made once for a council and set of files: every delivery asks for it."""
        if (council, names) not in self._fingerprints:
            self._fingerprints[council, names] = self._make_fingerprint(council, names)
        return self._fingerprints[council, names]

    def _make_fingerprint(self, council: str, names: tuple[str, ...]) -> str:
        relevant = [
            [name, {column: value for column, value in row.items() if column != "_place"}]
            for name in sorted(names)
            for row in self.rows(name)
            if row.get("council", "") in ("", council)
        ]
        return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()[:16]

    def with_rows(self, name: str, rows: Sequence[Row]) -> Reference:
        """The same with further rows of one file, where they stand for themselves (`_place` says where they are from).

        Raises ReferenceDataError with every problem found.
        """
        table = load_tables()[name]
        further = [{**dict.fromkeys(table.columns, ""), **row} for row in rows]
        tables = {**self.tables, name: (*self.rows(name), *further)}
        problems = lint(load_tables(), tables)
        keys = {tuple(row[column] for column in table.key) for row in self.rows(name)}
        for row in further:
            key = tuple(row[column] for column in table.key)
            if key in keys:
                problems.append(f"{row['_place']}: repeats the key {', '.join(key)}")
            keys.add(key)
        if problems:
            raise ReferenceDataError(problems)
        return replace(self, tables=tables)

    def write(self, folder: Path) -> None:
        """Put every merged file into `folder`; a file whose bytes would not change is left alone."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in load_tables().items():
            text = io.StringIO(newline="")
            writer = csv.DictWriter(text, table.columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(map(_without_secrets, self.rows(name)))
            content = text.getvalue().encode("utf-8")
            path = folder / f"{name}.csv"
            if not path.is_file() or path.read_bytes() != content:
                path.write_bytes(content)


def _without_secrets(row: Row) -> Row:
    """A channel that is a URL is a secret in itself and read from its own file only: copies name its kind."""
    kind, is_url, _ = row.get("channel", "").partition("://")
    return {**row, "channel": f"{kind}://"} if is_url else row


def load_reference(settings: Settings, instead: Mapping[str, Path] | None = None) -> Reference:
    """Read, merge and lint the product's and the council's reference data.

    `instead` maps a table to a file that is read in the place of the council's own. Raises ReferenceDataError with
    every problem found; nothing is half-merged.
    """
    declared = load_tables()
    problems: list[str | Finding] = []
    for path in sorted(settings.council_reference.glob("[!.]*")):
        name = path.stem.lower()
        if name in declared and path.name != f"{name}.csv":
            problems.append(f"{path.name}: not read: reference data is a CSV named {name}.csv")
        elif name not in declared and path.suffix == ".csv":
            problems.append(f"{path.name}: not a reference file; known are {', '.join(sorted(declared))}")
    tables, wrong = read_tables(
        [
            (settings.seeds, "seeds"),
            (settings.imported_reference, "reference/imported"),
            (settings.council_reference, "reference"),
        ],
        declared,
        instead or {},
    )
    problems += wrong
    if problems:
        raise ReferenceDataError(problems)
    problems = lint(declared, tables)
    sources, wrong = _sources(settings.council_sources)
    problems += wrong or lint_sources(tables["council_sources"], sources)
    if problems:
        raise ReferenceDataError(problems)
    return Reference(tables, sources)


def what_can_be_read(settings: Settings) -> Reference:
    """The reference data as far as it can be read, unchecked: to tell somebody that it cannot be used."""
    folders = [(settings.seeds, "seeds"), (settings.council_reference, "reference")]
    return Reference(read_tables(folders, load_tables())[0])


def _sources(own: Path) -> tuple[dict[str, SourceSystem], list[str]]:
    try:
        return load_sources(own), []
    except SourceError as error:
        return {}, [str(error)]


def read_tables(
    folders: Sequence[tuple[Path, str]],
    declared: Mapping[str, Table],
    instead: Mapping[str, Path] | None = None,
) -> tuple[dict[str, tuple[Row, ...]], list[str]]:
    """Every table from its files in the folders, given with the name people know them by, and what is wrong.

    Of rows with one key that of the later folder wins. `instead` names files read in the place of the last folder's.
    """
    problems: list[str] = []
    tables = {}
    for name, table in declared.items():
        merged: dict[tuple[str, ...], Row] = {}
        files = [(folder / f"{name}.csv", f"{known_as}/{name}.csv") for folder, known_as in folders]
        if instead and name in instead:
            files[-1] = (instead[name], instead[name].name)
        for path, place in files:
            rows, wrong = _read(path, table, place)
            problems += wrong
            merged |= {tuple(row[column] for column in table.key): row for row in rows}
        tables[name] = tuple(merged[key] for key in sorted(merged))
    return tables, problems


def _read(path: Path, table: Table, place: str) -> tuple[list[Row], list[str]]:
    """Rows of one file with their place in it, and what is wrong with the file's form."""
    if not path.is_file():
        return [], []
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        header = [(name or "").strip() for name in reader.fieldnames or []]
        reader.fieldnames = header
        problems = [f"{place}: column {name} is missing" for name in table.required if name not in header]
        problems += [
            f"{place}: column {name!r} is unknown" for name in header if name and name not in table.columns
        ]
        problems += [
            f"{place}: column {name} stands twice"
            for name in sorted({n for n in header if n and header.count(n) > 1})
        ]
        if problems:
            return [], problems
        rows: list[Row] = []
        keys: dict[tuple[str, ...], int] = {}
        for cells in reader:
            values = {name: (cells.get(name) or "").strip() for name in table.columns}
            if not any(values.values()):
                continue
            if None in cells:
                problems.append(f"{place}, row {reader.line_num}: more fields than the header has")
            key = tuple(values[column] for column in table.key)
            if key in keys:
                problems.append(f"{place}, row {reader.line_num}: repeats the key of row {keys[key]}")
            keys[key] = reader.line_num
            rows.append({**values, "_place": f"{place}, row {reader.line_num}"})
    except csv.Error as error:
        return [], [f"{place}: not a readable CSV ({error})"]
    return rows, problems
