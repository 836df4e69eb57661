"""The comparison of `make bench` is worth something: rivals make the same rows, and other rows are noticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from bench import months, rebuild, warm
from bench.archive import archive
from bench.contenders import CONTENDERS, FLOOR, SAME_MARTS, Contender
from bench.extracts import land, register
from bench.marts import MARTS, rows, rows_that_differ
from bench.page import section, section_of_months, section_of_rebuild
from bench.report import table
from dagster_project.deliveries.pseudonyms import pseudonym
from dagster_project.settings import PROJECT_ROOT, Settings

SECRET = "a key of the tests, of nobody's data"  # noqa: S105


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two months of a council, and the marts of the floor and of the pandas script beside them."""
    folder = tmp_path_factory.mktemp("bench")
    register(folder / "home", 1)
    land(folder / "home", 1, 2)
    for rival in ("duckdb_sql", "pandas_script"):
        subprocess.run(
            [sys.executable, "-m", f"bench.rivals.{rival}", str(folder / "home"), str(folder / rival)],
            cwd=PROJECT_ROOT,
            env={**os.environ, "CASELOAD_PSEUDONYM_KEY": SECRET},
            check=True,
        )
    return folder


def test_two_rivals_make_the_same_rows_of_every_mart(made: Path) -> None:
    one, other = made / "duckdb_sql" / "marts", made / "pandas_script" / "marts"

    assert rows(one) > 2 * 15 * len(MARTS)
    assert rows_that_differ(one, other) == {}


def test_one_figure_that_differs_stops_the_comparison(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "duckdb_sql" / "marts", tmp_path, dirs_exist_ok=True)
    changed = tmp_path / "agency_costs.parquet"
    duckdb.execute(
        f"copy (select * replace (premium_gbp + if(unit = 'leaving_care', 0.01, 0) as premium_gbp) from "
        f"'{made}/duckdb_sql/marts/agency_costs.parquet') to '{changed}' (format parquet)"
    )

    assert rows_that_differ(made / "pandas_script" / "marts", tmp_path) == {"agency_costs": 4}


def test_rivals_archive_the_keys_the_program_would_and_no_identifier(made: Path) -> None:
    for rival in ("duckdb_sql", "pandas_script"):
        archived = f"read_parquet('{made}/{rival}/archive/caseload/*/*.parquet', hive_partitioning = true)"
        columns = [name for name, *_ in duckdb.execute(f"describe from {archived}").fetchall()]
        found = duckdb.execute(
            f"select child_key from {archived} where case_id = 'C0-6000' limit 1"
        ).fetchone()

        assert not {"child_id", "family_id", "worker_id"} & set(columns)
        # One child in 20 has two cases, the second under the number before.
        assert found in [
            (pseudonym(SECRET.encode(), "child", "made_000", f"P0-{number}"),) for number in (6000, 5999)
        ]


def test_a_contender_that_cannot_run_here_says_what_it_lacks() -> None:
    lame = Contender("lame", "", "none", packages=("no_such_package",), programs=("no-such-program",))

    assert lame.why_not == (
        "the package no_such_package is not installed and there is no no-such-program on this machine"
    )
    assert next(one for one in CONTENDERS if one.name == "pandas").why_not is None


def test_ratios_are_taken_round_by_round_and_who_was_left_out_is_told() -> None:
    def cost(seconds: float) -> dict[str, float]:
        return {"cpu_seconds": seconds, "wall_seconds": seconds, "peak_mib": 100.0}

    result = {
        "size": {"name": "S", "councils": 1, "months": 12},
        "files": 84,
        "machine": dict.fromkeys(("processor", "cores", "memory", "system", "python", "load before"), "?"),
        "left_out": {"Spark local[2]": "there is no java on this machine"},
        "rounds": [
            {
                "caseload, everything": cost(30),
                "caseload, the same marts": cost(same),
                "DuckDB by hand": cost(floor),
            }
            for same, floor in ((10, 1), (12, 2), (9, 3))
        ],
    }

    floor = table(result)[-1]
    page = section(result, PROJECT_ROOT / "docs" / "pictures" / "csv-to-marts-S.svg")

    assert floor == [
        *("DuckDB by hand", "2.00", "2.00", "100"),
        *("6.00 (3.00 to 10.0)", "15.0 (10.0 to 30.0)"),
    ]
    assert "Left out: Spark local[2], for there is no java on this machine." in page


def test_one_more_month_is_told_as_a_share_of_the_rebuild_of_the_same_round() -> None:
    def took(seconds: float) -> dict[str, float]:
        return {"cpu_seconds": seconds, "wall_seconds": 2 * seconds, "peak_mib": 500}

    rounds = [
        {months.FIRST: took(80), months.MORE: took(more), months.REBUILD: took(rebuild)}
        for more, rebuild in ((10, 40), (12, 40), (9, 30))
    ]
    result = {
        "councils": 1,
        "machine": {
            "cores": 2,
            "processor": "P",
            "memory": "M",
            "system": "S",
            "python": "3",
            "load before": "0",
        },
        "histories": [{"months": 120, "rounds": rounds}],
    }

    assert months.table(result)[1] == ["120", months.MORE, "10.0", "20.0", "500", "0.30 (0.25 to 0.30)"]
    assert "### One more month: 1 council\n" in section_of_months(result, PROJECT_ROOT / "docs" / "p.svg")


def test_a_rebuild_that_publishes_a_row_twice_is_no_rebuild(tmp_path: Path) -> None:
    for place, select in (("one", "select 1 as a"), ("other", "from (values (1), (1)) as t(a)")):
        for tier in months.TIERS:
            (tmp_path / place / tier).mkdir(parents=True)
            duckdb.execute(
                f"copy ({select}) to '{tmp_path / place / tier / 'bands.parquet'}' (format parquet)"
            )

    months.compare(tmp_path / "one", tmp_path / "one")
    with pytest.raises(SystemExit, match=r"other rows of parquet/bands\.parquet"):
        months.compare(tmp_path / "one", tmp_path / "other")


def test_of_several_councils_one_comes_first_and_every_other_after_it() -> None:
    assert months.arrivals(1) == {months.MORE: range(1)}
    assert months.arrivals(3) == {months.ONE: range(1), months.OTHERS: range(1, 3)}


def test_a_full_build_is_told_as_a_multiple_of_its_floor() -> None:
    def took(seconds: float) -> dict[str, float]:
        return {"cpu_seconds": seconds, "wall_seconds": seconds, "peak_mib": 500}

    result = {
        "size": {"name": "2x3", "councils": 2, "months": 3},
        "machine": dict.fromkeys(("processor", "cores", "memory", "system", "python", "load before"), "?"),
        "archive": {"files": 21, "rows": 20_000, "mib": 1.2, "wall_seconds": 4.0},
        "rounds": [
            {SAME_MARTS: took(ours), FLOOR: took(10), rebuild.EVERYTHING: took(40)} for ours in (12, 11, 15)
        ],
    }

    assert rebuild.table(result)[0] == [
        *(SAME_MARTS, "12.0", "12.0", "500"),
        "1.20 (1.10 to 1.50)",
    ]
    assert "20,000 rows in 21 files, 1 MiB, made in 4.00 s of the clock." in section_of_rebuild(result)


def test_the_floor_builds_from_the_archive_what_it_builds_from_the_files(made: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(made / "home" / "reference", home / "reference")
    archive(Settings(home=home, pseudonym_key_variable=SECRET), 1, 2)
    subprocess.run(
        [sys.executable, "-m", "bench.rivals.duckdb_archive", str(home), str(tmp_path / "out")],
        cwd=PROJECT_ROOT,
        env={**os.environ, "CASELOAD_PSEUDONYM_KEY": SECRET},
        check=True,
    )

    assert rows_that_differ(made / "duckdb_sql" / "marts", tmp_path / "out" / "marts") == {}


def test_months_of_the_warm_up_are_no_part_of_the_ratio() -> None:
    result = {
        "warm_up": 1,
        "peak_mib": 400.0,
        "months": [{warm.LOAD: ours, warm.FLOOR: 1.0} for ours in (30.0, 6.0, 4.0, 5.0)],
    }

    assert "of the 3 months after the warm-up one took 5.00 (4.00 to 6.00)" in warm.words(result)
    assert "5.00 (4.00 to 6.00) times as much" in warm.words(result)
