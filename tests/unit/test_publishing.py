"""The marts as readers find them: three tiers, switched at once, in a version that older clients open, plain copies."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from dagster_project.load import only_load
from dagster_project.settings import Settings
from dagster_project.warehouse import PublishingError, Tier, copy_to, marts, publish, sum_of_marts

MODELS = {
    "caseload_bands": {"tier": "internal"},
    "worker_caseloads": {"tier": "restricted"},
    "threshold_breaches": {"tier": "internal", "restricted_rows": "worker_key is not null"},
}


@pytest.fixture
def built(tmp_path: Path) -> Settings:
    """A warehouse as a build leaves it, with three marts of a few rows."""
    settings = Settings(home=tmp_path / "home's folder")
    (settings.warehouse / "dbt").mkdir(parents=True)
    nodes = {
        name: {
            "alias": name,
            "resource_type": "model",
            "tags": ["mart"],
            "description": f"{name}.\n",
            "config": {"meta": meta},
        }
        for name, meta in MODELS.items()
    }
    nodes["int_something"] = {
        "alias": "int_something",
        "resource_type": "model",
        "tags": [],
        "config": {"meta": {}},
    }
    (settings.warehouse / "dbt" / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    rebuild(settings, 1)
    return settings


def rebuild(settings: Settings, version: int) -> None:
    with duckdb.connect(str(settings.database)) as warehouse:
        warehouse.execute(
            f"create or replace table caseload_bands as select {version} as version, 'ash' as unit"
        )
        warehouse.execute(
            f"create or replace table worker_caseloads as select {version} as version, 4711 as worker_key"
        )
        warehouse.execute(
            "create or replace table threshold_breaches as "
            "select * from (values ('ash', null), ('birch', 4711::bigint)) as rows (unit, worker_key)"
        )


def version_seen(path: Path) -> int:
    """What a reader that opens the file now, in a process of its own, sees."""
    code = (
        "import duckdb, sys; "
        "print(duckdb.connect(sys.argv[1], read_only=True).execute('select version from caseload_bands').fetchone()[0])"
    )
    return int(
        subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=True).stdout
    )


def tables(path: Path) -> set[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}


def test_marts_are_the_models_that_dbt_tags_as_such(built: Settings) -> None:
    assert [mart.name for mart in marts(built)] == [
        "caseload_bands",
        "threshold_breaches",
        "worker_caseloads",
    ]


def test_the_internal_tier_holds_no_worker(built: Settings) -> None:
    version = publish(built, "load-1")

    assert tables(version / "marts.duckdb") == {"caseload_bands", "threshold_breaches"}
    with duckdb.connect(str(version / "marts.duckdb"), read_only=True) as internal:
        assert internal.execute("select unit from threshold_breaches").fetchall() == [("ash",)]
    assert sorted(path.stem for path in (version / "parquet").iterdir()) == [
        "caseload_bands",
        "threshold_breaches",
    ]


def test_the_restricted_tier_holds_everything_for_its_owner_only(built: Settings) -> None:
    restricted = publish(built, "load-1") / "restricted"

    assert tables(restricted / "marts.duckdb") == set(MODELS)
    with duckdb.connect(str(restricted / "marts.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from threshold_breaches").fetchall() == [(2,)]
    assert stat.S_IMODE(restricted.stat().st_mode) == 0o700
    for path in restricted.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_what_both_may_see_is_the_same_file_for_the_owner_and_what_only_the_owner_may_is_another(
    built: Settings,
) -> None:
    version = publish(built, "load-1")

    def content(folder: Path, mart: str) -> bytes:
        return (folder / "parquet" / f"{mart}.parquet").read_bytes()

    assert content(version, "caseload_bands") == content(version / "restricted", "caseload_bands")
    assert content(version, "threshold_breaches") != content(version / "restricted", "threshold_breaches")


def test_clients_from_the_long_term_version_open_the_published_files(built: Settings) -> None:
    publish(built, "load-1")

    for tier in (".", "restricted"):
        path = built.published / "current" / tier / "marts.duckdb"
        with duckdb.connect(str(path), read_only=True) as connection:
            (tags,) = connection.execute(
                "select tags from duckdb_databases() where not internal"
            ).fetchone() or ({},)
        assert tags["storage_version"].startswith("v1.4.0"), tags


def test_a_reader_keeps_what_it_opened_and_a_new_reader_sees_the_new(built: Settings) -> None:
    publish(built, "load-1")
    current = built.published / "current" / "marts.duckdb"
    reader = duckdb.connect(str(current), read_only=True)
    for version in range(2, 7):
        rebuild(built, version)
        publish(built, f"load-{version}")
        assert version_seen(current) == version

        assert reader.execute("select version from caseload_bands").fetchall() == [(1,)]
    reader.close()


def test_versions_pile_up_no_further_than_a_few(built: Settings) -> None:
    for version in range(1, 7):
        publish(built, f"load-{version}")

    assert sorted(path.name for path in (built.published / "versions").iterdir()) == [
        "load-4",
        "load-5",
        "load-6",
    ]
    assert (built.published / "current").resolve().name == "load-6"


def test_a_publication_that_fails_leaves_the_last_one_current(built: Settings) -> None:
    publish(built, "load-1")
    with duckdb.connect(str(built.database)) as warehouse:
        warehouse.execute("drop table worker_caseloads")

    with pytest.raises(duckdb.Error):
        publish(built, "load-2")

    assert version_seen(built.published / "current" / "marts.duckdb") == 1
    assert not (built.published / "versions" / "load-2").exists()


def test_publishing_over_what_a_broken_load_left_behind_works(built: Settings) -> None:
    left = built.published / "versions" / ".load-1.writing" / "parquet"
    left.mkdir(parents=True)
    (left / "half.parquet").write_bytes(b"x")

    assert sorted(path.name for path in publish(built, "load-1").iterdir()) == [
        "marts.duckdb",
        "parquet",
        "public",
        "restricted",
    ]


def test_after_a_clock_went_back_what_was_current_until_now_is_still_there_for_who_reads_it(
    built: Settings,
) -> None:
    for load_id in ("2026-1", "2026-2", "2026-3", "2025-1"):
        publish(built, load_id)
    being_read = (built.published / "current").resolve()

    publish(built, "2025-2")

    assert being_read.name == "2025-1" and version_seen(being_read / "marts.duckdb") == 1
    publish(built, "2025-3")
    assert not being_read.exists()


def test_a_copy_of_the_home_that_has_a_folder_in_the_place_of_the_link_is_published_over(
    built: Settings,
) -> None:
    current = built.published / "current"
    version = publish(built, "load-1")
    current.unlink()
    shutil.copytree(version, current)
    rebuild(built, 2)

    publish(built, "load-2")

    assert current.is_symlink() and version_seen(current / "marts.duckdb") == 2


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("harm", [flipped, cut_short, Path.unlink])
@pytest.mark.parametrize(
    "name",
    ["marts.duckdb", "parquet/caseload_bands.parquet", "restricted/marts.duckdb", "public/marts.duckdb"],
)
def test_marts_that_are_not_what_was_published_have_another_checksum(
    built: Settings, name: str, harm: Callable[[Path], object]
) -> None:
    version = publish(built, "load-1", lambda version: (version / "index.html").write_text("a page"))
    whole = sum_of_marts(version)
    (version / "index.html").write_text("the page drawn again")
    assert sum_of_marts(version) == whole != ""

    harm(version / name)

    assert sum_of_marts(version) != whole


def test_a_copy_is_plain_files_of_the_internal_tier(built: Settings, tmp_path: Path) -> None:
    publish(built, "load-1")

    copied = copy_to(built, tmp_path / "share" / "caseload", Tier.INTERNAL)

    names = ["marts.duckdb", "parquet/caseload_bands.parquet", "parquet/threshold_breaches.parquet"]
    assert files_under(tmp_path / "share" / "caseload") == names
    assert sorted(copied) == sorted(tmp_path / "share" / "caseload" / name for name in names)
    assert not [path for path in (tmp_path / "share").rglob("*") if path.is_symlink()]


def test_a_copy_holds_the_restricted_tier_only_when_asked(built: Settings, tmp_path: Path) -> None:
    publish(built, "load-1")

    copy_to(built, tmp_path / "share", Tier.INTERNAL, Tier.RESTRICTED)

    assert "restricted/marts.duckdb" in files_under(tmp_path / "share")
    assert stat.S_IMODE((tmp_path / "share" / "restricted").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "share" / "restricted" / "marts.duckdb").stat().st_mode) == 0o600


def test_each_tier_has_a_folder_and_modes_of_its_own(built: Settings) -> None:
    publish(built, "load-1")
    current = built.published / "current"

    def modes(folder: Path) -> set[int]:
        return {
            stat.S_IMODE(path.stat().st_mode)
            for path in [folder / "marts.duckdb", folder / "parquet", *(folder / "parquet").iterdir()]
        }

    assert modes(current) == {0o750, 0o640}
    assert modes(current / "restricted") == {0o700, 0o600}
    assert modes(current / "public") == {0o755, 0o644}
    # Others pass through the internal folder to the public one, and can neither list nor read what is internal.
    assert stat.S_IMODE(current.stat().st_mode) == 0o751
    assert stat.S_IMODE((current / "public").stat().st_mode) == 0o755


def modes(folder: Path) -> dict[str, int]:
    found = {"": stat.S_IMODE(folder.stat().st_mode)}
    return found | {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")
    }


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_whatever_the_umask_a_tier_is_as_open_as_it_says(built: Settings, tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        version = publish(built, "load-1")
        for tier in Tier:
            copy_to(built, tmp_path / "shares" / tier, tier)
    finally:
        os.umask(before)

    assert modes(version / "public") | modes(version / "restricted") == {
        **dict.fromkeys(("", "parquet"), 0o700),
        "marts.duckdb": 0o600,
        **{f"parquet/{name}.parquet": 0o600 for name in MODELS},
    }
    for path, mode in modes(tmp_path / "shares" / "restricted" / "restricted").items():
        assert mode == (0o600 if "." in path else 0o700), path
    for path, mode in modes(tmp_path / "shares" / "internal").items():
        assert mode == (0o640 if "." in path else 0o750), path
    assert modes(tmp_path / "shares" / "public") | modes(version / "public") == {
        **dict.fromkeys(("", "parquet"), 0o755),
        "marts.duckdb": 0o644,
    }


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_whatever_the_umask_anybody_passes_through_the_home_and_nobody_lists_it(
    tmp_path: Path, umask: int
) -> None:
    settings = Settings(home=tmp_path / "srv" / "caseload")
    before = os.umask(umask)
    try:
        with only_load(settings, "a test"):
            pass
    finally:
        os.umask(before)

    assert {stat.S_IMODE(path.stat().st_mode) for path in (settings.home, settings.home.parent)} == {0o751}


def test_a_home_that_its_administrator_closed_stays_closed(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)

    with only_load(Settings(home=tmp_path / "home"), "a test"):
        pass

    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_a_publication_that_is_not_whole_is_for_its_owner_only_and_goes_with_the_next(
    built: Settings,
) -> None:
    """A load that is killed while it publishes leaves no rows of workers that others could read."""
    seen: list[tuple[str, int]] = []

    def dies(version: Path) -> None:
        seen.append((version.name, stat.S_IMODE(version.stat().st_mode)))
        raise KeyboardInterrupt

    before = os.umask(0)
    try:
        with pytest.raises(KeyboardInterrupt):
            publish(built, "load-1", dies)
    finally:
        os.umask(before)
    assert seen == [(".load-1.writing", 0o700)]
    publish(built, "load-2")

    assert [path.name for path in (built.published / "versions").iterdir()] == ["load-2"]


def test_a_mart_that_nobody_classified_is_not_public(built: Settings) -> None:
    version = publish(built, "load-1")

    assert tables(version / "public" / "marts.duckdb") == set()


def test_a_copy_of_the_public_tier_holds_nothing_else(built: Settings, tmp_path: Path) -> None:
    publish(built, "load-1")

    copy_to(built, tmp_path / "site", Tier.PUBLIC)

    assert files_under(tmp_path / "site") == ["marts.duckdb"]
    assert tables(tmp_path / "site" / "marts.duckdb") == set()


def test_a_copy_replaces_the_files_of_an_earlier_one(built: Settings, tmp_path: Path) -> None:
    publish(built, "load-1")
    copy_to(built, tmp_path / "share", Tier.INTERNAL)
    rebuild(built, 2)
    publish(built, "load-2")

    copy_to(built, tmp_path / "share", Tier.INTERNAL)

    assert version_seen(tmp_path / "share" / "marts.duckdb") == 2


def test_a_copy_to_a_place_that_cannot_be_written_is_refused_in_words(
    built: Settings, tmp_path: Path
) -> None:
    publish(built, "load-1")
    (tmp_path / "file").write_text("x")

    for place in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/caseload")):
        with pytest.raises(PublishingError, match=f"cannot write to {place}: "):
            copy_to(built, place, Tier.INTERNAL)


def test_there_is_nothing_to_copy_before_a_first_load(tmp_path: Path) -> None:
    with pytest.raises(PublishingError, match="nothing is published yet"):
        copy_to(Settings(home=tmp_path), tmp_path / "share", Tier.INTERNAL)
