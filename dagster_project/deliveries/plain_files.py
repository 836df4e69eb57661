"""Files that are plain beyond doubt, as text: many of them can be typed together. All others are read with care, alone.

Plain is a file whose first line names columns of the canonical form and nothing else, whose every other line has as
many cells, and in which no sign (a quote, an odd line end, a byte of no text) could be read in another way.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from os import stat_result

import pyarrow as pa
import pyarrow.csv

from dagster_project.deliveries.discovery import Landed
from dagster_project.deliveries.file_limits import FileLimits
from dagster_project.deliveries.landed_bytes import bytes_of, size_of
from dagster_project.extracts import Specification
from dagster_project.extracts.source_system import SourceSystem

PLAIN_TYPES = frozenset({"identifier", "text", "code", "unit", "role", "date", "decimal", "money", "boolean"})
LONGEST_PLAIN_FILE = 64_000_000


@dataclass(frozen=True)
class PlainFile:
    """A delivery's rows as text in specification order; `seen` is what the file system said before it was read."""

    landed: Landed
    sha256: str
    rows: pa.Table
    seen: stat_result

    @property
    def is_as_it_was(self) -> bool:
        """Whether nobody wrote on the file since."""
        try:
            now = self.landed.path.stat()
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns, now.st_ino) == (
            self.seen.st_size,
            self.seen.st_mtime_ns,
            self.seen.st_ino,
        )


def may_be_plain(landed: Landed, specification: Specification | None, source: SourceSystem) -> bool:
    """Whether the delivery is of the kind that can be plain: canonical rows, a file of its own."""
    return (
        specification is not None
        and specification.grain == "rows"
        and not landed.refused_because
        and landed.is_one_file
        and landed.sheet is None
        and not landed.parts
        and source.takes_as_specified(specification.extract)
        and {column.type for column in specification.columns} <= PLAIN_TYPES
        and _starts_with_a_key(specification)
    )


def _starts_with_a_key(specification: Specification) -> bool:
    """By its first cell a record is told from a total or a note."""
    first = specification.columns[0]
    return first.type == "identifier" and first.required


def read_plain(
    landed: Landed, sha256: str, specification: Specification, limits: FileLimits
) -> PlainFile | None:
    """The rows of a plain file; None for every other, which says nothing against it.

    The bytes are those of `sha256`, and are read once.
    """
    try:
        seen = landed.path.stat()
        if size_of(landed.path) > min(limits.max_file_bytes, LONGEST_PLAIN_FILE):
            return None
        data = bytes_of(landed.path)
    except OSError:
        return None
    if hashlib.sha256(data).hexdigest() != sha256:
        return None
    data = data.removeprefix(codecs.BOM_UTF8)
    names = _plain_header(data, specification)
    if names is None or len(names) > limits.max_columns:
        return None
    rows = _plain_rows(data, names)
    if rows is None:
        return None
    empty = pa.repeat("", rows.num_rows)
    columns = {
        column.name: rows[column.name] if column.name in names else empty for column in specification.columns
    }
    return PlainFile(landed, sha256, pa.table(columns), seen)


def _plain_header(data: bytes, specification: Specification) -> list[str] | None:
    """The columns that the first line names, if it names each once and none that is not wanted."""
    first = data[: data.find(b"\n")].removesuffix(b"\r")
    if len(first) > sum(len(column.name) + 1 for column in specification.columns):
        return None
    names = first.decode("ascii", "replace").split(",")
    known = {column.name for column in specification.columns}
    is_plain = (
        names[0] == specification.columns[0].name
        and len(set(names)) == len(names)
        and set(specification.required_names) <= set(names) <= known
    )
    return names if is_plain else None


def _plain_rows(data: bytes, names: Sequence[str]) -> pa.Table | None:
    lines = data.count(b"\n")
    carriage_returns = data.count(b"\r")
    if (
        lines < 2
        or not data.endswith(b"\n")
        or b'"' in data
        or b"\x00" in data
        or (carriage_returns and not carriage_returns == data.count(b"\r\n") == lines)
    ):
        return None
    try:
        rows = pyarrow.csv.read_csv(
            pa.BufferReader(data),
            read_options=pyarrow.csv.ReadOptions(column_names=names, skip_rows=1, use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    return rows if rows.num_rows == lines - 1 else None
