"""What is said of rows of recipients: file, row, column and rule, and never the channel."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from deliveries_fixture import make_home, write_reference
from typer.testing import CliRunner

from dagster_project.alerts.recipient_lint import lint_recipients
from dagster_project.cli import app
from dagster_project.reference import Finding, load_reference
from dagster_project.settings import Settings

TODAY = date(2024, 6, 3)
HEADER = "council,unit,severity,channel,role,valid_from,valid_to\n"
ALL = "southshire,,info,all@example.org,head,,\n"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return make_home(tmp_path)


def found(home: Settings, *rows: str, secrets: dict[str, str] | None = None) -> list[Finding]:
    write_reference(home, alert_recipients=HEADER + "".join(rows))
    return lint_recipients(load_reference(home), secrets or {}, TODAY)


@pytest.mark.parametrize(
    ("row", "column", "rule", "is_error"),
    [
        ("northshire,,info,mailto:a b@example.org,head,,", "channel", "channel_cannot_be_used", True),
        ("northshire,,info,mailto://name@example.org,head,,", "channel", "channel_cannot_be_used", True),
        ("northshire,,info,msteams://secrettoken/x,head,,", "channel", "channel_cannot_be_used", True),
        ("northshire,,info,duty desk,head,,", "channel", "channel_without_its_secret", False),
        (
            "northshire,,info,a@example.org,head,2024-06-01,2024-06-01",
            "valid_to",
            "period_ends_before_it_begins",
            True,
        ),
        ("northshire,,info,a@example.org,head,,2024-06-03", "valid_to", "expired", False),
        ("northshire,closed_team,info,a@example.org,head,,", "unit", "unit_closed", False),
    ],
)
def test_a_row_that_is_told_nothing_is_named_with_its_column_and_rule(
    home: Settings, row: str, column: str, rule: str, is_error: bool
) -> None:
    first = found(home, ALL, "northshire,,info,sound@example.org,head,,\n", row + "\n")

    ours = [one for one in first if one.rule == rule]
    assert [(one.place, one.column, one.is_error) for one in ours] == [
        ("reference/alert_recipients.csv, row 4", column, is_error)
    ]
    assert first == ours
    assert "secrettoken" not in str(first)


def test_a_unit_whose_breaches_reach_nobody_is_named_with_how_many_lie_below_it(home: Settings) -> None:
    only_faults = "northshire,,fault,a@example.org,data engineer,,\n"
    one_team = "northshire,ash,breach,a@example.org,manager,,\n"
    gone = "northshire,,info,a@example.org,head,,2024-06-03\n"

    words = [
        str(one) for one in found(home, ALL, only_faults, one_team, gone) if one.rule == "nobody_is_told"
    ]

    assert words == ["nobody is told of breaches of northshire/northshire and of the 3 units below it"]
    assert found(home, ALL, "northshire,,info,a@example.org,head,,\n") == []


def test_the_secret_of_a_channel_is_looked_for_where_the_load_looks(home: Settings) -> None:
    row = "northshire,,info,duty desk,head,,\n"

    assert [one.rule for one in found(home, ALL, row)] == ["channel_without_its_secret", "nobody_is_told"]
    assert found(home, ALL, row, secrets={"duty_desk": "a@example.org"}) == []


def test_a_file_is_linted_before_it_is_put_in_place(home: Settings, tmp_path: Path) -> None:
    def lint(text: str) -> tuple[int, str]:
        file = tmp_path / "mine.csv"
        file.write_text(HEADER + text, encoding="utf-8")
        result = CliRunner().invoke(
            app, ["recipients", "lint", str(file)], env={"CASELOAD_HOME": str(home.home), "COLUMNS": "160"}
        )
        return result.exit_code, " ".join(result.output.split())

    sound = lint(ALL + "northshire,,info,a@example.org,head,,\n")
    unknown = lint("northshire,nowhere,grave,a@example.org,head,,\n")
    broken = lint("northshire,,info,mailto://secrettoken@example.org,head,,\n")

    assert sound[0] == 0 and "nothing to mend" in sound[1]
    assert unknown[0] == 1 and "Not one of info, warning, breach, fault" in unknown[1]
    assert broken[0] == 1 and "channel cannot be used" in broken[1] and "secrettoken" not in broken[1]
