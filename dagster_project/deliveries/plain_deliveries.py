"""Of the files of one extract those that are plain, read and typed together; the others are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from dagster_project.deliveries.checking import Checked
from dagster_project.deliveries.discovery import Landed
from dagster_project.deliveries.file_limits import file_limits
from dagster_project.deliveries.plain_files import PlainFile, may_be_plain, read_plain
from dagster_project.deliveries.plain_rules import NamesOf, TypedFiles, type_plain
from dagster_project.extracts import Specification
from dagster_project.reference import Reference

Found = tuple[Landed, str]
"""A landed file and the SHA-256 of its bytes when it was found."""


@dataclass
class PlainDeliveries:
    """What was made of the plain files, by file number; `typed` holds their rows and no other's."""

    typed: TypedFiles = field(default_factory=lambda: TypedFiles({}, {}, {}))
    files: dict[int, PlainFile] = field(default_factory=dict)
    checked: dict[int, Checked] = field(default_factory=dict)
    left: list[Found] = field(default_factory=list)


def read_together(
    connection: duckdb.DuckDBPyConnection,
    found: Sequence[Found],
    specification: Specification,
    reference: Reference,
    names_of: NamesOf,
) -> PlainDeliveries:
    """Read what is plain among `found`, files of one extract; `left` are those to be read with care."""
    limits = file_limits(reference)
    made = PlainDeliveries()
    files: list[PlainFile] = []
    for landed, sha256 in found:
        is_candidate = may_be_plain(landed, specification, reference.sources[landed.source])
        file = read_plain(landed, sha256, specification, limits) if is_candidate else None
        if file:
            files.append(file)
        else:
            made.left.append((landed, sha256))
    if not files:
        return made
    typed = type_plain(connection, files, specification, names_of)
    for number, file in enumerate(files):
        if number not in typed.sound or not file.is_as_it_was:
            made.left.append((file.landed, file.sha256))
            continue
        made.files[number] = file
        made.checked[number] = Checked(
            relation="",
            rows_read=typed.rows[number],
            rows_accepted=typed.rows[number],
            rows_repeated=0,
            rows_unmapped=0,
            rows_rejected=0,
            rejected=(),
            unmapped=(),
            reasons={},
            notices={},
            totals={name: (total, total) for name, total in typed.sound[number].items()},
        )
    made.typed = typed.only(made.files)
    return made
