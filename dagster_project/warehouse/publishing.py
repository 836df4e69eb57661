"""The marts as analysts see them: a new version beside the old, switched by one rename. Computes nothing."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.settings import Settings
from dagster_project.warehouse_file import attach_warehouse

OLDEST_READER = "v1.4.0"
VERSIONS_KEPT = 3


@dataclass(frozen=True)
class Mart:
    """A published table; `tier` says who may see it, `restricted_rows` which of its rows only the restricted may."""

    name: str
    tier: str
    restricted_rows: str | None
    description: str


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
        )
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and "mart" in node["tags"]
    ]
    return sorted(found, key=lambda mart: mart.name)


def publish(settings: Settings, load_id: str) -> Path:
    """Copy the marts into a new version and switch `published/current` to it; the folder is returned.

    A reader that has the old version open keeps reading it: its files are only unlinked, versions later.
    """
    version = settings.published / "versions" / load_id
    being_written = version.with_name(f".{version.name}.writing")
    shutil.rmtree(being_written, ignore_errors=True)
    (being_written / "restricted").mkdir(parents=True)
    (being_written / "restricted").chmod(0o700)
    tables = marts(settings)
    internal = {mart.name: _rows_for_everyone(mart) for mart in tables if mart.tier == "internal"}
    restricted = {mart.name: f"select * from {mart.name}" for mart in tables}
    _write(settings, being_written, internal, 0o644)
    _write(settings, being_written / "restricted", restricted, 0o600)
    shutil.rmtree(version, ignore_errors=True)
    os.replace(being_written, version)
    _switch(settings.published / "current", version)
    _drop_old(settings.published / "versions", version)
    return version


def _rows_for_everyone(mart: Mart) -> str:
    rows = f" where not ({mart.restricted_rows})" if mart.restricted_rows else ""
    return f"select * from {mart.name}{rows}"


def _write(settings: Settings, folder: Path, tables: dict[str, str], mode: int) -> None:
    """One DuckDB file with the tables and one Parquet file each."""
    parquet = folder / "parquet"
    parquet.mkdir()
    if mode == 0o600:
        parquet.chmod(0o700)
    target = folder / "marts.duckdb"
    with duckdb.connect(":memory:") as connection:
        attach_warehouse(connection, settings, "warehouse", read_only=True)
        connection.execute(f"attach {_text(target)} as published (storage_version '{OLDEST_READER}')")
        connection.execute("use warehouse.main")
        for name, select in tables.items():
            order = "order by all"
            connection.execute(f"create table published.main.{name} as {select} {order}")
            connection.execute(
                f"copy published.main.{name} to {_text(parquet / f'{name}.parquet')} (format parquet)"
            )
        connection.execute("use memory")
        connection.execute("detach published")
    for path in [target, *parquet.iterdir()]:
        path.chmod(mode)


def _switch(link: Path, version: Path) -> None:
    new_link = link.with_name(f".{link.name}.new")
    new_link.unlink(missing_ok=True)
    new_link.symlink_to(Path("versions") / version.name)
    os.replace(new_link, link)


def _drop_old(versions: Path, current: Path) -> None:
    kept = sorted(
        (path for path in versions.iterdir() if not path.name.startswith(".")), key=lambda path: path.name
    )
    for path in kept[:-VERSIONS_KEPT]:
        if path != current:
            shutil.rmtree(path, ignore_errors=True)


def copy_to(settings: Settings, destination: Path, *, with_restricted: bool = False) -> list[Path]:
    """Copy the published marts to a folder, a file share for instance: plain files, each replaced whole.

    The restricted tier is left out unless asked for. Raises PublishingError when there is nothing to copy or the
    folder cannot be written.
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
            if path.is_dir() or (relative.parts[0] == "restricted" and not with_restricted):
                continue
            target = destination / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            if relative.parts[0] == "restricted":
                target.parent.chmod(0o700)
            being_written = target.with_name(f".{target.name}.writing")
            shutil.copy2(path, being_written)
            os.replace(being_written, target)
            copied.append(target)
    except OSError as error:
        raise PublishingError(f"cannot write to {destination}: {error.strerror}") from error
    return copied


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
