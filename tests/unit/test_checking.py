"""One cell as people write it, in; the typed value, or the rule it breaks, out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deliveries_fixture import Row, csv_bytes, formula, lines_of, rows_of, workbook

from dagster_project.deliveries.cell_rules import prepare
from dagster_project.deliveries.checking import Checked, check, shape_of
from dagster_project.deliveries.layout import read_table
from dagster_project.deliveries.refusal import Refused
from dagster_project.extracts import load_specifications

MAY = (date(2024, 5, 1), date(2024, 5, 31))
UNITS = [("ash", "ash"), ("ashfield dcpt", "ash"), ("ashfield district cp team", "ash"), ("birch", "birch")]
ROLES = [("social_worker", "social_worker"), ("family practitioner", "social_worker")]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as opened:
        prepare(opened)
        yield opened


@pytest.fixture
def checked(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Callable[..., Checked]:
    def run(extract: str, content: bytes | Sequence[Row]) -> Checked:
        path = tmp_path / f"{extract}.csv"
        path.write_bytes(content if isinstance(content, bytes) else csv_bytes(content))
        specification = load_specifications()[extract]
        return check(connection, read_table(path, specification), specification, MAY, UNITS, ROLES, path.name)

    return run


class Rule(str):
    """The rule that the cell breaks."""

    __slots__ = ()


D, DATE, NUMBER, MONEY, LOST = Decimal, Rule("date"), Rule("number"), Rule("money"), Rule("digits_lost")
FORMS: list[tuple[str, str, str, Any]] = [
    # Missing, in an optional column; a required one is named.
    *(("caseload", "family_id", text, None) for text in ("", "  ", "-", "n/a", "N/A", "null", "None", "#N/A", " - ")),
    *(("caseload", "family_id", text, None) for text in ("\u00a0", "\u200b", " \u00a0n/a\u202f")),
    *(("caseload", "child_id", text, Rule("required")) for text in ("", "-", "N/A", "#N/A", "\u00a0")),
    *(("caseload", "team", text, Rule("required")) for text in ("", "null")),
    # Error cells.
    *(("caseload", "child_id", text, Rule("error_cell")) for text in ("#DIV/0!", "#REF!", "#VALUE!", "#ref!")),
    ("workforce", "post_id", "#REF!", Rule("error_cell")),
    ("workforce", "sickness_days", "#DIV/0!", None),
    ("caseload", "worker_id", "#VALUE!", None),
    # Identifiers are text.
    ("caseload", "family_id", "00123", "00123"),
    ("caseload", "family_id", "1234567890123456789", "1234567890123456789"),
    ("caseload", "family_id", " F 12 ", "F 12"),
    ("caseload", "family_id", "123.0", "123.0"),
    ("caseload", "family_id", "12E", "12E"),
    ("caseload", "family_id", "E5", "E5"),
    *(("caseload", "family_id", text, LOST) for text in ("1.23E+05", "1E5", "1e5", "4.1E+10", "1.E+05", "-2.5E-3")),
    # Codes and true or false compare without case.
    ("caseload", "case_type", "CHILD_Protection", "child_protection"),
    ("caseload", "case_type", " other ", "other"),
    *(("caseload", "case_type", text, Rule("code")) for text in ("toddler", "child protection", "child_protectio")),
    ("workforce", "asye", "TRUE", True),
    ("workforce", "asye", "False", False),
    ("workforce", "asye", "", None),
    *(("workforce", "asye", text, Rule("true_or_false")) for text in ("yes", "1", "0", "Y", "maybe")),
    # Dates.
    *(
        ("workforce", "qualified_on", text, date(2018, 7, 1))
        for text in (
            "2018-07-01", "01/07/2018", "1/7/2018", "01-Jul-2018", "1-jul-2018", "01-JUL-18", "43282",
            "2018-07-01 00:00:00", "2018-07-01T00:00:00", "2018-07-01T00:00:00Z", "01/07/2018 00:00", "1/7/2018 0:00",
            "2018-07-01 00:00:00.000", "2018-07-01T00:00:00+00:00", "01/07/2018 12:00:00 AM", "43282 00:00:00",
        )
    ),
    ("workforce", "qualified_on", "29/02/2016", date(2016, 2, 29)),
    ("workforce", "qualified_on", "01-Jul-68", date(2068, 7, 1)),
    *(
        ("workforce", "qualified_on", text, DATE)
        for text in (
            "01/07/18", "1/7/18", "18-07-01", "07/31/2018", "31/02/2018", "29/02/2015", "2018-13-01", "2018-02-30",
            "2018-07-01 14:30:00", "2018-07-01T09:15:00", "01/07/2018 12:00:00", "01/07/2018 00:01", "00/07/2018",
            "1 July 2018", "2018/07/01", "20180701", "2018", "0", "1", "-1", "43282.5", "432820", "soon", "01-Foo-2018",
            "2018-07-01+", "01.07.2018", "1899-12-31", "0001-01-01", "1e4", "٠١/٠٧/٢٠١٨",
        )
    ),
    # Numbers.
    ("workforce", "sickness_days", "2.5", D("2.5")),
    ("workforce", "sickness_days", ".5", D("0.5")),
    ("workforce", "sickness_days", "+2", D(2)),
    ("workforce", "sickness_days", "(200.00)", D(-200)),
    ("workforce", "sickness_days", "200.00-", D(-200)),
    ("workforce", "sickness_days", "-200", D(-200)),
    ("workforce", "sickness_days", "007", D(7)),
    *(
        ("workforce", "sickness_days", text, NUMBER)
        for text in (
            "0,8", "1.234,50", "1,234.50", "1 234", "1\u00a0234.50", "two", "2.5 days", "1e5", "1E5", "NaN", "inf",
            "--2", "-(2)", "(2)-", "2..5", "£2", "80%", "0x10", "1_000", "½", "٢", "99999999999999999999", ".", "+",
        )
    ),
    # A share of the standard hours.
    ("workforce", "fte", "80%", D("0.8")),
    ("workforce", "fte", "62.5 %", D("0.625")),
    ("workforce", "fte", "100%", D(1)),
    ("workforce", "fte", "0.6756756756756757", D("0.675675675675676")),
    ("workforce", "fte", "0.333333333333333333333", D("0.333333333333333")),
    ("posts", "fte", "50%", D("0.5")),
    *(("workforce", "fte", text, Rule("range")) for text in ("0", "0%", "-0.5", "1.2", "120%", "80", "(0.5)")),
    *(("workforce", "fte", text, NUMBER) for text in ("0,8", "full time", "%", "8%0", "80%%")),
    # Money.
    *(
        ("agency_spend", "amount_gbp", text, D("1234.50"))
        for text in ("1234.50", "1234.5", "1,234.50", "£1,234.50", "£ 1234.5", "+1234.50")
    ),
    *(
        ("agency_spend", "amount_gbp", text, D("-1234.50"))
        for text in (
            "-1234.50", "(1,234.50)", "(£1234.50)", "£(1234.50)", "1234.50-", "£1,234.50-", "-£1234.50", "£-1234.50",
        )
    ),
    ("agency_spend", "amount_gbp", "0", D(0)),
    ("agency_spend", "amount_gbp", "12.", D(12)),
    *(
        ("agency_spend", "amount_gbp", text, MONEY)
        for text in (
            "1.234,50", "12,5", "0,8", "1,23.00", "12,34", "12.345", "12.340", "€12", "12 GBP", "tbc", "1\u00a0234.50",
            "1 234.50", "1e3", "(12", "12)", "(-12)", "--12", "£", "££2", "12%", "9" * 30,
        )
    ),
    # Another month.
    ("caseload", "opened_on", "2024-05-31", date(2024, 5, 31)),
    ("caseload", "opened_on", "2024-06-01", Rule("other_month")),
    ("agency_spend", "week_ending", "2024-06-06", date(2024, 6, 6)),
    ("agency_spend", "week_ending", "2024-06-07", Rule("other_month")),
    ("agency_spend", "week_ending", "2023-11-05", date(2023, 11, 5)),
    ("workforce", "started_on", "2024-05-31", date(2024, 5, 31)),
    ("workforce", "started_on", "2024-06-01", Rule("other_month")),
    # Ranges and what goes together.
    ("posts", "vacant_fte", "1.0", D(1)),
    ("posts", "vacant_fte", "1.01", Rule("range")),
    ("posts", "vacant_fte", "-0.1", Rule("range")),
    # Units and roles are recognised by slug, name or alias, without case and extra spaces.
    *(("caseload", "team", text, "ash") for text in ("ash", "ASH", "Ashfield  dcpt ")),
    ("caseload", "team", "Ashfield\u00a0District CP\nTeam", "ash"),
    *(("workforce", "role", text, "social_worker") for text in ("Social_Worker", "family  PRACTITIONER")),
    ("workforce", "role", "Wizard", Rule("role")),
    ("offers", "role", "", Rule("required")),
]  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(
    connection: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, Any]:
    """What became of each form's cell: every form is one row of one delivery of its extract."""
    found: dict[int, Any] = {}
    folder = tmp_path_factory.mktemp("forms")
    for extract in {form[0] for form in FORMS}:
        forms = [(number, form) for number, form in enumerate(FORMS) if form[0] == extract]
        rows = rows_of(extract, len(forms))
        for row, (_, (_, column, text, _)) in zip(rows, forms, strict=True):
            row[column] = text
        path = folder / f"{extract}.csv"
        path.write_bytes(csv_bytes(rows))
        specification = load_specifications()[extract]
        result = check(
            connection, read_table(path, specification), specification, MAY, UNITS, ROLES, path.name
        )
        rejected = {cell.row_number: cell for cell in result.rejected}
        for row_number, (number, (_, column, _, _)) in enumerate(forms, start=2):
            if row_number in rejected:
                assert rejected[row_number].column == column, rejected[row_number]
                found[number] = Rule(rejected[row_number].rule)
                continue
            kind = specification.column(column).type
            name = f"{column}_{kind}" if kind in ("unit", "role") else column
            row_read = connection.execute(
                f'select "{name}" from accepted where row_number = ?', [row_number]
            ).fetchone()
            found[number] = row_read[0] if row_read else "the row is neither accepted nor rejected"
    return found


@pytest.mark.parametrize("number", range(len(FORMS)), ids=[f"{e}.{c} {t!a}" for e, c, t, _ in FORMS])
def test_a_cell_is_read_as_people_write_it_or_breaks_a_rule(outcomes: dict[int, Any], number: int) -> None:
    expected, found = FORMS[number][3], outcomes[number]

    assert isinstance(found, Rule) == isinstance(expected, Rule)
    assert found == expected


def test_a_row_that_breaks_two_rules_is_one_rejected_row_with_both(checked: Callable[..., Checked]) -> None:
    result = checked("caseload", [{**rows_of("caseload", 1)[0], "case_type": "x", "opened_on": "y"}])

    assert result.rows_rejected == 1
    assert [(cell.column, cell.rule) for cell in result.rejected] == [
        ("case_type", "code"),
        ("opened_on", "date"),
    ]


@pytest.mark.parametrize(
    ("changes", "column", "rule"),
    [
        ({"closed_on": "2024-05-10"}, "closure_outcome", "required_when"),
        ({"closed_on": "2024-04-30", "closure_outcome": "closed"}, "closed_on", "other_month"),
    ],
)
def test_a_case_closed_before_the_month_or_without_outcome_is_rejected(
    checked: Callable[..., Checked], changes: Row, column: str, rule: str
) -> None:
    result = checked("caseload", [{**rows_of("caseload", 1)[0], **changes}])

    assert [(cell.column, cell.rule) for cell in result.rejected] == [(column, rule)]


@pytest.mark.parametrize("closed_on", ["2024-05-01", "2024-05-31", "2024-06-01", "9999-12-31"])
def test_a_case_closed_in_the_month_or_later_is_accepted(
    checked: Callable[..., Checked], closed_on: str
) -> None:
    row = {**rows_of("caseload", 1)[0], "closed_on": closed_on, "closure_outcome": "Closed"}

    assert checked("caseload", [row]).rows_accepted == 1


@pytest.mark.parametrize(
    ("changes", "column", "rule"),
    [
        ({"ended_on": "2024-05-10"}, "leaving_reason", "required_when"),
        ({"ended_on": "2024-04-30", "leaving_reason": "retirement"}, "ended_on", "other_month"),
    ],
)
def test_a_worker_who_ended_before_the_month_or_without_reason_is_rejected(
    checked: Callable[..., Checked], changes: Row, column: str, rule: str
) -> None:
    result = checked("workforce", [{**rows_of("workforce", 1)[0], **changes}])

    assert [(cell.column, cell.rule) for cell in result.rejected] == [(column, rule)]


def test_a_row_with_more_filled_fields_than_the_header_is_rejected(checked: Callable[..., Checked]) -> None:
    content = csv_bytes(rows_of("caseload", 3)).replace(
        b"2024-03-06,,,,,\r\n", b"2024-03-06,,,,,,surplus\r\n", 1
    )

    result = checked("caseload", content)

    assert [(cell.row_number, cell.rule) for cell in result.rejected] == [(2, "too_many_fields")]
    assert result.rows_accepted == 2


def test_a_header_repeated_in_the_middle_is_a_rejected_row(checked: Callable[..., Checked]) -> None:
    lines = csv_bytes(rows_of("caseload", 6)).split(b"\r\n")

    result = checked("caseload", b"\r\n".join([*lines[:4], lines[0], *lines[4:]]))

    assert {cell.row_number for cell in result.rejected} == {5} and result.rows_accepted == 6


def test_an_error_cell_that_is_read_as_missing_is_reported(checked: Callable[..., Checked]) -> None:
    rows = rows_of("workforce", 3)
    rows[0]["sickness_days"] = rows[1]["qualified_on"] = "#REF!"

    result = checked("workforce", rows)

    assert result.rows_accepted == 3 and result.notices == {"error_cells_read_as_missing": 2}


def test_a_workbook_s_error_cell_rejects_its_row_only_where_the_column_is_needed(
    checked: Callable[..., Checked],
) -> None:
    rows: list[dict[str, Any]] = [dict(row) for row in rows_of("workforce", 5)]
    rows[0]["fte"] = formula("=1/0", "#DIV/0!")
    rows[1]["fte"] = formula("=F2", "")
    rows[2]["sickness_days"] = formula("=1/0", "#DIV/0!")
    rows[3]["sickness_days"] = formula("=N2", "")
    rows[4]["post_id"] = formula("=B2", "#REF!")

    result = checked("workforce", workbook({"data": lines_of(rows)}))

    assert [(cell.row_number, cell.column, cell.rule) for cell in result.rejected] == [
        (2, "fte", "error_cell"),
        (3, "fte", "error_cell"),
        (6, "post_id", "error_cell"),
    ]
    assert result.notices["error_cells_read_as_missing"] == 2


def test_cells_of_a_workbook_are_read_by_the_column_they_stand_in(
    checked: Callable[..., Checked], connection: duckdb.DuckDBPyConnection
) -> None:
    row: dict[str, Any] = dict(rows_of("workforce", 1)[0])
    row |= {
        "worker_id": 123.0,
        "post_id": "0042",
        "fte": "0.8",
        "started_on": 43282,
        "qualified_on": date(2018, 7, 1),
    }
    row |= {"asye": True, "sickness_days": 0.1 + 0.2}

    checked("workforce", workbook({"data": lines_of([row])}))

    columns = "worker_id, post_id, fte, started_on, qualified_on, asye, sickness_days"
    assert connection.execute(f"select {columns} from accepted").fetchone() == (
        "123", "0042", Decimal("0.8"), date(2018, 7, 1), date(2018, 7, 1), True, Decimal("0.3"),
    )  # fmt: skip


def test_a_serial_in_a_workbook_that_counts_from_1904_is_the_day_its_sender_sees(
    checked: Callable[..., Checked], connection: duckdb.DuckDBPyConnection
) -> None:
    row: dict[str, Any] = dict(rows_of("workforce", 1)[0])
    row |= {"started_on": 41820, "qualified_on": date(2018, 7, 1)}

    checked("workforce", workbook({"data": lines_of([row])}, from_1904=True))

    found = connection.execute("select started_on, qualified_on from accepted").fetchone()
    assert found == (date(2018, 7, 1), date(2018, 7, 1))


def test_an_identifier_of_sixteen_digits_in_a_number_cell_is_rejected(
    checked: Callable[..., Checked],
) -> None:
    rows: list[dict[str, Any]] = [dict(row) for row in rows_of("caseload", 2)]
    rows[0]["case_id"], rows[1]["case_id"] = 1234567890123456, "1234567890123456"

    result = checked("caseload", workbook({"data": lines_of(rows)}))

    assert [(cell.row_number, cell.rule) for cell in result.rejected] == [(2, "digits_lost")]


def test_an_identifier_that_a_workbook_turned_into_a_day_or_a_fraction_is_rejected(
    checked: Callable[..., Checked], connection: duckdb.DuckDBPyConnection
) -> None:
    rows: list[dict[str, Any]] = [dict(row) for row in rows_of("caseload", 4)]
    rows[0]["case_id"], rows[1]["family_id"], rows[2]["case_id"] = date(2024, 4, 3), 12.1, 77.0
    rows[3]["case_id"] = "2024-04-03"

    result = checked("caseload", workbook({"data": lines_of(rows)}))

    found = [(cell.row_number, cell.column, cell.rule, cell.shape) for cell in result.rejected]
    assert found == [
        (2, "case_id", "not_as_typed", "9999-99-99"), (3, "family_id", "not_as_typed", "99.9"),
    ]  # fmt: skip
    accepted = connection.execute("select case_id from accepted order by row_number").fetchall()
    assert accepted == [("77",), ("2024-04-03",)]


def test_rows_that_repeat_another_in_meaning_are_kept_once(checked: Callable[..., Checked]) -> None:
    first = rows_of("caseload", 1)[0]
    alike = {
        **first,
        "team": "ash",
        "opened_on": "04/03/2024",
        "case_type": "CHILD_IN_NEED",
        "family_id": "-",
    }

    result = checked("caseload", [first, first, alike, rows_of("caseload", 2)[1]])

    assert (result.rows_read, result.rows_accepted, result.rows_repeated) == (4, 2, 2)
    assert result.notices == {"repeated_rows": 2}


def test_one_key_with_different_values_is_refused(checked: Callable[..., Checked]) -> None:
    first = rows_of("caseload", 1)[0]
    with pytest.raises(
        Refused, match=r"caseload\.csv: one key \(case_id\) with different values, rows 2 and 4"
    ):
        checked("caseload", [first, first, {**first, "child_id": "CH2"}])


def test_totals_of_one_unit_under_two_spellings_are_one_key(checked: Callable[..., Checked]) -> None:
    first = {"unit": "ash", "open_cases": "120", "fte_social_workers": "6"}

    same = checked(
        "caseload_summary", [first, {**first, "unit": "Ashfield DCPT", "fte_social_workers": "6.0"}]
    )

    assert (same.rows_accepted, same.rows_repeated) == (1, 1)
    with pytest.raises(Refused, match=r"one key \(unit\) with different values"):
        checked(
            "caseload_summary", [first, {**first, "unit": "Ashfield district CP team", "open_cases": "121"}]
        )


def test_a_worker_may_hold_two_posts_and_one_without_number(checked: Callable[..., Checked]) -> None:
    first = rows_of("workforce", 1)[0]
    rows = [
        first,
        {**first, "post_id": "P2"},
        {**first, "post_id": ""},
        {**first, "started_on": "2021-01-01"},
    ]

    assert checked("workforce", rows).rows_accepted == 4
    with pytest.raises(Refused, match="worker_id, post_id, started_on"):
        checked("workforce", [{**first, "post_id": ""}, {**first, "post_id": "", "fte": "0.5"}])


def test_a_rejected_row_conflicts_with_no_key(checked: Callable[..., Checked]) -> None:
    first = rows_of("caseload", 1)[0]

    assert checked("caseload", [first, {**first, "opened_on": "soon"}]).rows_accepted == 1


def test_a_team_nobody_knows_is_kept_and_a_receiver_nobody_knows_is_outside(
    checked: Callable[..., Checked], connection: duckdb.DuckDBPyConnection
) -> None:
    moved = {"closed_on": "2024-05-10", "closure_outcome": "transferred"}
    rows = rows_of("caseload", 3)
    rows[0] |= {"team": "Nobody’s Team"}
    rows[1] |= {**moved, "transferred_to": "Another Authority"}
    rows[2] |= {**moved, "transferred_to": "BIRCH"}

    result = checked("caseload", rows)

    assert result.notices == {"unmapped_rows": 1, "transferred_to_outside": 1}
    assert (result.rows_accepted, result.rows_unmapped) == (3, 1)
    assert connection.execute("select team_unit, transferred_to_unit from accepted order by row_number").fetchall() == [
        (None, None), ("ash", None), ("ash", "birch"),
    ]  # fmt: skip


def test_an_optional_team_left_empty_is_not_unmapped(checked: Callable[..., Checked]) -> None:
    assert checked("offers", [{**rows_of("offers", 1)[0], "team": ""}]).rows_unmapped == 0


@pytest.mark.parametrize(
    ("written", "shape"),
    [
        ("Jane Smith-07", "Aaaa Aaaaa-99"),
        ("Łukasz Żółć", "Aaaaaa Aaaa"),
        ("Алиса ٣ 花子", "Aaaaa 9 aa"),
        ("jane@example.org; 07700 900123 and more", "aaaa@aaaaaaa.aaa; 99999 "),
    ],
)
def test_quarantine_keeps_the_shape_of_a_value_and_no_letter_of_it(
    checked: Callable[..., Checked], written: str, shape: str
) -> None:
    (cell,) = checked("caseload", [{**rows_of("caseload", 1)[0], "case_type": written}]).rejected

    assert cell.shape == shape
    assert cell.expected.startswith("one of assessment, ")


def test_totals_of_a_whole_council_are_one_row(checked: Callable[..., Checked]) -> None:
    first = rows_of("demand_summary", 1)[0]

    assert checked("demand_summary", [first, first]).rows_accepted == 1
    with pytest.raises(Refused, match="one row is wanted, rows 2 and 3 differ"):
        checked("demand_summary", [first, {**first, "contacts": "401"}])


@pytest.mark.parametrize("month", ["03", "04"])
@pytest.mark.parametrize(
    ("written", "wanted"),
    [("2023-24", "2023-24"), ("2023/24", "2023-24"), ("2022-23", "other_month"), ("2023", "financial_year"),
     ("2023-25", "financial_year"), ("", None)],
)  # fmt: skip
def test_the_total_of_a_financial_year_is_delivered_in_its_march(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, written: str, wanted: str | None, month: str
) -> None:
    path = tmp_path / "agency_spend_summary.csv"
    path.write_bytes(csv_bytes([{**rows_of("agency_spend_summary", 1)[0], "financial_year": written}]))
    specification = load_specifications()["agency_spend_summary"]
    days = {"03": (date(2024, 3, 1), date(2024, 3, 31)), "04": (date(2024, 4, 1), date(2024, 4, 30))}[month]

    found = check(connection, read_table(path, specification), specification, days, UNITS, ROLES, path.name)

    rules = [cell.rule for cell in found.rejected]
    if wanted in ("other_month", "financial_year"):
        assert rules == [wanted]
    elif wanted and month == "04":
        assert rules == ["other_month"]
    else:
        assert not rules
        assert connection.execute("select financial_year from accepted").fetchall() == [(wanted,)]


def test_a_shape_holds_no_sign_that_moves_a_cursor() -> None:
    assert shape_of("Ab1\x1b[31m\u202egpj\x07") == "Aa9?[99a?aaa?"
