"""The marts as analysts see them: a new version beside the old, switched by one rename. Computes nothing.

Three tiers in folders of their own: restricted for the owner, internal for the owner's group, public for anybody.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import duckdb

from dagster_project.disclosure import ClassificationError, public_tables, read_classes
from dagster_project.durable import flush, flush_whole, put_in_place
from dagster_project.settings import Settings
from dagster_project.steps import reached
from dagster_project.warehouse_file import attach_warehouse, sql_text, taken_away_where_damaged

OLDEST_READER = "v1.4.0"
VERSIONS_KEPT = 3
SMALL_WAREHOUSE = 128 << 20
"""Bytes. Up to these a second processor costs more in being waited for than it does."""
METRICS = "semantic_manifest.json"


@dataclass(frozen=True)
class Mart:
    """A published table; `tier` says who may see it, `restricted_rows` which of its rows only the restricted may.

    `columns` says what each of its columns holds.
    """

    name: str
    tier: str
    restricted_rows: str | None
    description: str
    columns: Mapping[str, str] = field(default_factory=dict)


class Tier(StrEnum):
    """Who a publication is for."""

    PUBLIC = "public"
    INTERNAL = "internal"
    RESTRICTED = "restricted"


@dataclass(frozen=True)
class Modes:
    folder: int
    file: int


MODES = {
    Tier.PUBLIC: Modes(0o755, 0o644),
    Tier.INTERNAL: Modes(0o750, 0o640),
    Tier.RESTRICTED: Modes(0o700, 0o600),
}


class PublishingError(Exception):
    """The marts could not be published; what was published before is untouched."""


def marts(settings: Settings) -> list[Mart]:
    """The marts that dbt last parsed, by name."""
    manifest = json.loads((settings.warehouse / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    found = [
        Mart(
            name=node["alias"],
            tier=node["config"]["meta"]["tier"],
            restricted_rows=node["config"]["meta"].get("restricted_rows"),
            description=node["description"].strip(),
            columns={name: column["description"].strip() for name, column in node.get("columns", {}).items()},
        )
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and "mart" in node["tags"]
    ]
    return sorted(found, key=lambda mart: mart.name)


def publish(settings: Settings, load_id: str, draw: Callable[[Path], object] = lambda version: None) -> Path:
    """Copy the marts into a new version and switch `published/current` to it; the folder is returned.

    `draw` is told the folder of the whole new version before the switch, to add what is drawn from its marts. A reader
    that has the old version open keeps reading it: its files are only unlinked, versions later. Raises PublishingError
    where the rules of the public tier cannot be read.
    """
    version = settings.published / "versions" / load_id
    being_written = version.with_name(f".{version.name}.writing")
    clear_unfinished(settings)
    # For the owner only until it is whole: a load killed on the way leaves nothing open.
    being_written.mkdir(parents=True, mode=0o700)
    reached("a version is begun")
    tables = marts(settings)
    internal = {mart.name: _rows_for_everyone(mart) for mart in tables if mart.tier == Tier.INTERNAL}
    restricted = {mart.name: f"select * from {mart.name}" for mart in tables}
    # Most tables hold the same rows for both: those are copied as the files they are.
    same = [name for name, rows in internal.items() if rows == restricted[name]]
    others = {name: rows for name, rows in restricted.items() if name not in same}
    with _warehouse_opened(settings) as connection:
        _write(connection, being_written, internal, Tier.INTERNAL, tables)
        _copy_tables(being_written, being_written / "restricted", same)
        _write(connection, being_written / "restricted", others, Tier.RESTRICTED, tables)
        public = _for_anybody(settings, connection, internal)
        _write(connection, being_written / "public", public, Tier.PUBLIC, tables)
    _write_metrics(settings, being_written)
    for folder in (settings.published, settings.published / "versions"):
        folder.chmod(0o755)
    reached("the marts are copied")
    draw(being_written)
    reached("the pages are drawn")
    shutil.rmtree(version, ignore_errors=True)
    flush_whole(being_written)
    reached("the version is whole")
    put_in_place(being_written, version)
    # Anybody passes through to the public folder; what lies beside it has modes of its own.
    version.chmod(0o751)
    before = settings.published / "current"
    replaced = before.resolve()
    _switch(before, version)
    reached("the version is published")
    _drop_old(settings.published / "versions", {version.name, replaced.name})
    return version


def sum_of_marts(version: Path) -> str:
    """One checksum of every mart of a version, in each tier: another where a file is changed, cut short, gone or new.

    Not of its pages: they are drawn again in their place. Empty where a file cannot be read.
    """
    digest = hashlib.sha256()
    folders = (version, version / Tier.RESTRICTED, version / Tier.PUBLIC)
    try:
        for path in [one for folder in folders for one in (folder / "marts.duckdb", *_parquet_of(folder))]:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.relative_to(version)} {found}\n".encode())
    except OSError:
        return ""
    return digest.hexdigest()


def _parquet_of(folder: Path) -> list[Path]:
    return sorted((folder / "parquet").glob("*.parquet"))


def clear_unfinished(settings: Settings) -> None:
    """What a publication that was killed had begun is gone; for who holds the lock."""
    for left in (settings.published / "versions").glob(".*.writing"):
        shutil.rmtree(left, ignore_errors=True)


def _rows_for_everyone(mart: Mart) -> str:
    rows = f" where not ({mart.restricted_rows})" if mart.restricted_rows else ""
    return f"select * from {mart.name}{rows}"


def _for_anybody(
    settings: Settings, connection: duckdb.DuckDBPyConnection, internal: Mapping[str, str]
) -> dict[str, str]:
    """The public marts; none where nothing says what may be public."""
    try:
        classes = read_classes(_reference_rows(settings, "public_columns"))
    except ClassificationError as error:
        raise PublishingError(str(error)) from error
    limits = _reference_rows(settings, "disclosure_limits")
    return public_tables(connection, classes, limits, internal) if limits else {}


def _reference_rows(settings: Settings, name: str) -> list[dict[str, str]]:
    path = settings.merged_reference / f"{name}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _copy_tables(source: Path, folder: Path, names: Sequence[str]) -> None:
    """What another tier has been given: its DuckDB file whole, and these of its Parquet files."""
    parquet = folder / "parquet"
    parquet.mkdir(parents=True)
    shutil.copyfile(source / "marts.duckdb", folder / "marts.duckdb")
    for name in names:
        shutil.copyfile(source / "parquet" / f"{name}.parquet", parquet / f"{name}.parquet")


@contextmanager
def _warehouse_opened(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse under its tables' plain names; for every tier, since it takes a moment to open."""
    with taken_away_where_damaged(settings), duckdb.connect(":memory:") as connection:
        attach_warehouse(connection, settings, "warehouse", read_only=True)
        if settings.database.stat().st_size <= SMALL_WAREHOUSE:
            connection.execute("set threads = 1")
        connection.execute("use warehouse.main")
        yield connection


def _write(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    tables: Mapping[str, str],
    tier: Tier,
    described: Sequence[Mart],
) -> None:
    """One DuckDB file with the tables and what they mean, and one Parquet file each, for who may see the tier.

    Beside what lies there already, whose tables of the same names are replaced.
    """
    parquet = folder / "parquet"
    parquet.mkdir(parents=True, exist_ok=True)
    target = folder / "marts.duckdb"
    version = "" if target.exists() else f" (storage_version '{OLDEST_READER}')"
    connection.execute(f"attach {sql_text(target)} as published{version}")
    for name, select in tables.items():
        order = "order by all"
        connection.execute(f"create or replace table published.main.{name} as {select} {order}")
        connection.execute(
            f"copy published.main.{name} to {sql_text(parquet / f'{name}.parquet')} (format parquet)"
        )
    _describe(connection, [mart for mart in described if mart.name in tables])
    connection.execute("detach published")
    # The folder of the whole version is opened once that is in its place.
    within = [] if tier == Tier.INTERNAL else [folder]
    for path in [*within, parquet, target, *parquet.iterdir()]:
        path.chmod(MODES[tier].folder if path.is_dir() else MODES[tier].file)


def _write_metrics(settings: Settings, folder: Path) -> None:
    """Lay what dbt's semantic layer defines beside the internal marts, for whoever asks by metric."""
    defined = settings.warehouse / "dbt" / METRICS
    if defined.is_file():
        shutil.copyfile(defined, folder / METRICS)
        (folder / METRICS).chmod(MODES[Tier.INTERNAL].file)


def _describe(connection: duckdb.DuckDBPyConnection, described: Sequence[Mart]) -> None:
    """Put what each of these tables and its columns mean beside it, where any client of DuckDB shows it."""
    statements = []
    for mart in described:
        # Not from DuckDB's own list of columns: that of the whole warehouse is made for it.
        columns = connection.execute(f"select * from published.main.{mart.name} limit 0").description or []
        statements.append(f"comment on table published.main.{mart.name} is {sql_text(mart.description)}")
        statements += [
            f'comment on column published.main.{mart.name}."{name}" is {sql_text(mart.columns[name])}'
            for name, *_ in columns
            if mart.columns.get(name)
        ]
    if statements:
        connection.execute(";\n".join(["begin", *statements, "commit"]))


def _switch(link: Path, version: Path) -> None:
    if link.is_dir() and not link.is_symlink():
        # A program that copied the home followed the link: what it left is an old version like another.
        os.replace(link, link.parent / "versions" / f"0000-before-{version.name}")
    new_link = link.with_name(f".{link.name}.new")
    new_link.unlink(missing_ok=True)
    new_link.symlink_to(Path("versions") / version.name)
    os.replace(new_link, link)
    flush(link.parent)


def _drop_old(versions: Path, kept_anyway: set[str]) -> None:
    """The last few by their name stay, and those named: after a clock went back the newest are not the last by name,
    and the one that was current until now is being read.
    """
    kept = sorted(
        (path for path in versions.iterdir() if not path.name.startswith(".")), key=lambda path: path.name
    )
    for path in kept[:-VERSIONS_KEPT]:
        if path.name not in kept_anyway:
            shutil.rmtree(path, ignore_errors=True)


def copy_to(settings: Settings, destination: Path, *tiers: Tier) -> list[Path]:
    """Copy tiers of the published marts to a folder, a file share for instance: plain files, each replaced whole.

    One tier alone lies in the folder itself; of several, internal lies there and the others in folders of theirs, as
    where they were published. Raises PublishingError when there is nothing to copy or the folder cannot be written.
    """
    current = settings.published / "current"
    if not current.exists():
        raise PublishingError(
            f"nothing is published yet under {settings.published}: run `caseload load` first"
        )
    source = current.resolve()
    copied = []
    try:
        for path in sorted(source.rglob("*")):
            relative = path.relative_to(source)
            tier = _tier_of(relative)
            if path.is_dir() or tier not in tiers:
                continue
            is_alone = tier == Tier.PUBLIC and len(tiers) == 1
            target = destination / (relative.relative_to(tier) if is_alone else relative)
            _make_folder(target.parent, tier)
            being_written = target.with_name(f".{target.name}.writing")
            shutil.copy2(path, being_written)
            put_in_place(being_written, target)
            copied.append(target)
    except OSError as error:
        raise PublishingError(f"cannot write to {destination}: {error.strerror}") from error
    return copied


def _make_folder(folder: Path, tier: Tier) -> None:
    """A folder that is new is as open as its tier, whatever the umask; a share's own folder stays as it is."""
    if not folder.exists():
        _make_folder(folder.parent, tier)
        folder.mkdir(exist_ok=True)
        folder.chmod(MODES[tier].folder)
    elif tier == Tier.RESTRICTED:
        folder.chmod(MODES[tier].folder)


def _tier_of(path: Path) -> Tier:
    return Tier(path.parts[0]) if path.parts[0] in {Tier.PUBLIC, Tier.RESTRICTED} else Tier.INTERNAL
