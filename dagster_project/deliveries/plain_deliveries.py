"""Of the files of one extract and month those that are plain, read and typed together; the others are named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import duckdb

from dagster_project.deliveries.checking import Checked
from dagster_project.deliveries.discovery import Landed
from dagster_project.deliveries.file_limits import file_limits
from dagster_project.deliveries.plain_files import PlainFile, may_be_plain, read_plain
from dagster_project.deliveries.plain_rules import Names, totals_of, type_plain
from dagster_project.deliveries.source_kinds import month_days
from dagster_project.extracts import Specification
from dagster_project.reference import Reference

Found = tuple[Landed, str]
"""A landed file and the SHA-256 of its bytes when it was found."""


@dataclass
class PlainDeliveries:
    """What was made of the plain files, by file number, the column by which `relation` tells its rows apart."""

    relation: str = ""
    files: dict[int, PlainFile] = field(default_factory=dict)
    checked: dict[int, Checked] = field(default_factory=dict)
    left: list[Found] = field(default_factory=list)


def read_together(
    connection: duckdb.DuckDBPyConnection,
    found: Sequence[Found],
    specification: Specification,
    reference: Reference,
    names_of: Callable[[str], tuple[Names, Names]],
) -> PlainDeliveries:
    """Read what is plain among `found`, files of one extract and month; `left` are those to be read with care."""
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
    councils = {file.landed.council for file in files}
    month = month_days(files[0].landed.month)
    names = {council: names_of(council) for council in councils}
    made.relation = type_plain(connection, files, specification, month, names)
    totals = totals_of(connection, made.relation, specification)
    for number, file in enumerate(files):
        if number not in totals or not file.is_as_it_was:
            made.left.append((file.landed, file.sha256))
            continue
        rows, sums = totals[number]
        made.files[number] = file
        made.checked[number] = Checked(
            relation=made.relation,
            rows_read=rows,
            rows_accepted=rows,
            rows_repeated=0,
            rows_unmapped=0,
            rows_rejected=0,
            rejected=(),
            unmapped=(),
            reasons={},
            notices={},
            totals={name: (total, total) for name, total in sums.items()},
        )
    return made
