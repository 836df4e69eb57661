"""The analyst's workbench on a publication: the shell answers and changes nothing, the notebooks run."""

from __future__ import annotations

import importlib.util
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.cli.main import dbtRunner
from deliveries_fixture import KEY, make_home
from test_cli import DONE, FAILED, run

from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.workbench import (
    Metric,
    PublishedMartsError,
    Question,
    answer,
    marts,
    marts_file,
    notebooks,
    run_shell,
)
from dagster_project.workbench.opening import own_copy

MARTS = Path(__file__).parents[2] / "dbt" / "models" / "marts"
WRONG_USAGE = 2


# Two services and what holds them; a month without social workers, and two units whose last months differ.
OF_QUARTERS = [
    (date(2024, 4, 1), "service", "east", 30, "2.00"),
    (date(2024, 5, 1), "service", "east", 41, "1.50"),
    (date(2024, 6, 1), "service", "east", 50, None),
    (date(2024, 4, 1), "service", "west", 7, "3.00"),
    (date(2024, 4, 1), "council", "southshire", 37, "5.00"),
    (date(2024, 7, 1), "service", "east", 5, "8.00"),
]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Every mart as its contract says, with a few rows of two units in two of them."""
    settings = make_home(tmp_path_factory.mktemp("workbench"))
    version = settings.published / "versions" / "one"
    version.mkdir(parents=True)
    with duckdb.connect(str(version / "marts.duckdb")) as made:
        for file in sorted(MARTS.rglob("*.yml")):
            for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", []):
                columns = ", ".join(f'"{c["name"]}" {c["data_type"]}' for c in model.get("columns", []))
                if columns:
                    made.execute(f"create table {model['name']} ({columns})")
        made.execute("comment on table caseload_bands is 'Cases and FTE of a unit.'")
        made.execute("comment on column caseload_bands.band is 'The band of the rounded average.'")
        for unit, cases, average in (("ash", 41, "20.5000"), ("birch", 23, None)):
            made.execute(
                "insert into caseload_bands (council, unit, unit_name, level, month, grain, open_cases, "
                "fte_social_workers, average_caseload) values ('northshire', ?, ?, 'service', ?, 'rows', ?, 2, ?)",
                [unit, unit.title(), date(2024, 5, 1), cases, average],
            )
        for month, level, unit, cases, fte in OF_QUARTERS:
            made.execute(
                "insert into caseload_bands (council, unit, level, month, open_cases, unallocated_cases, "
                "fte_social_workers, average_caseload) values ('southshire', ?, ?, ?, ?, 1, ?, ?)",
                [unit, level, month, cases, fte, None if fte is None else cases],
            )
        made.execute(
            "insert into agency_costs (council, unit, level, month, grain, agency_cost_gbp) "
            "values ('northshire', 'ash', 'service', '2024-05-01', 'rows', 1234.56)"
        )
        made.execute(
            "insert into establishment (council, unit, level, month, grain, role_group, posts_fte, in_post_fte, "
            "vacant_fte, vacancy_rate) "
            "values ('northshire', 'ash', 'service', '2024-05-01', 'rows', 'social_worker', 10, 8, 2, 20)"
        )
    (settings.published / "current").symlink_to(version)
    return settings


def asked(settings: Settings, capfd: pytest.CaptureFixture[str], query: str, output: str = "csv") -> str:
    assert run_shell(marts_file(settings), query, output) == DONE
    return capfd.readouterr().out.replace("\r\n", "\n")


def test_a_query_is_answered_exactly_and_what_is_unknown_is_an_empty_cell(
    published: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = asked(
        published,
        capfd,
        "select unit, average_caseload from caseload_bands where council = 'northshire' order by 1",
    )

    assert answer == "unit,average_caseload\nash,20.5000\nbirch,\n"


def test_the_shell_says_which_marts_there_are_and_what_their_columns_hold(
    published: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "caseload_bands,8,Cases and FTE of a unit\n" in asked(published, capfd, "from marts()")
    assert "band,varchar,The band of the rounded average.\n" in asked(
        published, capfd, "from columns_of('caseload_bands')"
    )
    assert asked(published, capfd, "from find('ROUNDED average')") == (
        "mart,column_name,holds\ncaseload_bands,band,The band of the rounded average.\n"
    )


@pytest.mark.parametrize("change", ["delete from caseload_bands", "create table mine (a int)"])
def test_nothing_can_be_changed(published: Settings, capfd: pytest.CaptureFixture[str], change: str) -> None:
    assert run(published.home, "sql", "-c", change).code == FAILED
    assert "read-only" in capfd.readouterr().err
    assert asked(published, capfd, "select count(*) as n from caseload_bands") == "n\n8\n"


def test_the_shell_knows_no_secret_of_the_installation(
    published: Settings, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASELOAD_PSEUDONYM_KEY", KEY)

    assert KEY not in asked(published, capfd, "select getenv('CASELOAD_PSEUDONYM_KEY') as secret")


def test_a_file_of_sql_is_answered_and_a_query_beside_it_is_wrong_usage(
    published: Settings, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "question.sql"
    file.write_text("select max(open_cases) as most\nfrom caseload_bands;\n", encoding="utf-8")

    assert run(published.home, "sql", "--format", "csv", "--file", str(file)).code == DONE
    assert capfd.readouterr().out.replace("\r\n", "\n") == "most\n50\n"
    assert run(published.home, "sql", "--file", str(file), "-c", "select 1").code == WRONG_USAGE
    assert run(published.home, "sql", "--tier", "secret", "-c", "select 1").code == WRONG_USAGE


def test_before_a_first_load_and_without_a_tier_the_reason_is_told(
    published: Settings, tmp_path: Path
) -> None:
    told = run(make_home(tmp_path / "home").home, "sql", "-c", "from marts()")
    assert told.code == FAILED and "run `caseload load` first" in told.err
    with pytest.raises(PublishedMartsError, match="nothing is published"):
        marts("restricted", published)


def test_the_notebooks_are_listed_with_their_questions(published: Settings) -> None:
    told = run(published.home, "notebook")

    assert told.code == DONE
    assert list(notebooks()) == ["agency_cost_against_vacancy", "caseload_drill_down", "what_if_on_policy"]
    assert all(name in told.out for name in notebooks())
    assert run(published.home, "notebook", "no_such_notebook").code == WRONG_USAGE


def test_an_analyst_s_copy_is_made_once_and_never_overwritten(published: Settings) -> None:
    copy = own_copy(published, "caseload_drill_down")
    copy.write_text(copy.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")

    assert own_copy(published, "caseload_drill_down").read_text(encoding="utf-8").endswith("# mine\n")


def values(settings: Settings, name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the cells of a notebook define when all of them are run."""
    monkeypatch.setenv("CASELOAD_HOME", str(settings.home))
    monkeypatch.setenv("CASELOAD_PSEUDONYM_KEY", KEY)
    file = own_copy(settings, name)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _, defined = module.app.run()
    return defined


def test_the_drill_down_shows_the_marts_own_figures(
    published: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = values(published, "caseload_drill_down", monkeypatch)

    assert cells["units"].to_pylist()[0]["average_caseload"] == Decimal("20.5000")
    assert [row["fte"] for row in cells["by_quarter"].to_pylist()] == [Decimal("2.00")]
    assert cells["by_quarter"].to_pylist()[0]["quarter"] == date(2024, 4, 1)


def test_cost_stands_beside_vacancy_of_the_same_unit_and_month(
    published: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = values(published, "agency_cost_against_vacancy", monkeypatch)["together"].to_pylist()

    assert row["agency_cost_gbp"] == Decimal("1234.56")
    assert row["vacant_fte"] == Decimal(2) and row["vacancy_rate"] == Decimal(20)


def test_the_changed_policy_moves_its_inner_bounds_and_waits_to_be_asked(
    published: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = values(published, "what_if_on_policy", monkeypatch)

    in_force = [row for row in cells["in_force"] if row["policy_id"] == cells["policy"].value]
    assert len(cells["moved"]) == len(in_force) > 1
    for before, after in zip(in_force, cells["moved"], strict=True):
        for bound in ("lower", "upper"):
            by = 0 if before[bound] in ("", "0") else 2
            assert Decimal(after[bound] or 0) - Decimal(before[bound] or 0) == by
    assert cells["checked"].reference is not None and not cells["checked"].has_errors
    assert "trial" not in cells


@pytest.fixture(scope="module")
def asked_by_metric(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The publication with the definitions that dbt parses out of the project."""
    scratch = tmp_path_factory.mktemp("parsed")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CASELOAD_HOME", str(scratch))
        patched.setenv("CASELOAD_REFERENCE", str(PROJECT_ROOT / "seeds"))
        patched.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        project = str(PROJECT_ROOT / "dbt")
        places = ["--project-dir", project, "--profiles-dir", project, "--target-path", str(scratch)]
        parsed = dbtRunner().invoke(["parse", "--quiet", *places, "--log-path", str(scratch / "logs")])
    assert parsed.success, parsed.exception
    definitions = (scratch / "semantic_manifest.json").read_text(encoding="utf-8")
    (published.published / "current" / "semantic_manifest.json").write_text(definitions, encoding="utf-8")
    return published


def test_an_average_of_a_quarter_is_divided_after_its_months_are_added_up(asked_by_metric: Settings) -> None:
    told = run(
        asked_by_metric.home,
        "metrics", "average_caseload", "open_cases", "--by", "service", "--by", "quarter",
        "--council", "southshire", "--csv",
    )  # fmt: skip

    assert told.code == DONE, told.err
    assert told.out.splitlines() == [
        "council,unit,quarter,average_caseload,open_cases",
        # 71 / 3.5: cases of a month without social workers count for no average, and are open all the same.
        "southshire,east,2024-04-01,20.2857,50",
        "southshire,east,2024-07-01,0.6250,5",
        "southshire,west,2024-04-01,2.3333,7",
    ]


def test_by_month_a_metric_is_the_mart_s_own_figure(asked_by_metric: Settings) -> None:
    given = answer(asked_by_metric, Question(("average_caseload",), level="service", council="northshire"))

    assert given.rows == (
        ("northshire", "ash", date(2024, 5, 1), Decimal("20.5000")),
        ("northshire", "birch", date(2024, 5, 1), None),
    )


def test_metrics_of_several_marts_stand_side_by_side(asked_by_metric: Settings) -> None:
    asked = Question(("agency_cost_gbp", "social_worker_vacancy_rate"), level="service", council="northshire")

    assert [row[3:] for row in answer(asked_by_metric, asked).rows] == [(Decimal("1234.56"), Decimal("20.0"))]


def test_months_can_be_bounded_and_what_is_not_there_is_told(asked_by_metric: Settings) -> None:
    told = run(asked_by_metric.home, "metrics", "open_cases", "--by", "service", "--from", "2024-07", "--csv")
    assert told.out.splitlines()[1:] == ["southshire,east,2024-07-01,5"]

    told = run(asked_by_metric.home, "metrics", "open_cases", "--council", "nowhere")
    assert told.code == DONE and "Nothing is published" in told.out


def test_metrics_are_listed_with_what_they_mean_and_an_unknown_one_is_refused(
    asked_by_metric: Settings,
) -> None:
    told = run(asked_by_metric.home, "metrics")
    assert told.code == DONE
    assert "average_caseload" in told.out and "added_up" not in told.out

    told = run(asked_by_metric.home, "metrics", "misery")
    assert told.code == FAILED and "misery is no metric; known are agency_cost_gbp" in told.err
    assert run(asked_by_metric.home, "metrics", "open_cases", "--by", "week").code == WRONG_USAGE
    assert run(asked_by_metric.home, "metrics", "open_cases", "--by", "team,month").code == WRONG_USAGE


def test_a_share_is_rounded_half_up_once() -> None:
    rate = Metric("rate", "Rate", "", decimals=1, times=100, parts=("part", "whole"))

    assert rate.value({"part": 1, "whole": 2000}) == Decimal("0.1")
    assert rate.value({"part": 449, "whole": 1_000_000}) == Decimal("0.0")
    assert rate.value({"part": 1, "whole": 0}) is None
    assert rate.value({"part": None, "whole": 3}) is None
