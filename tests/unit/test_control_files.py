"""Control totals in the forms that councils write them, and what is said of those that cannot be read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dagster_project.deliveries.control_files import Words, half_of_last_decimal, read_totals, word_key
from dagster_project.extracts import load_specifications
from dagster_project.settings import PROJECT_ROOT

ALIASES = (PROJECT_ROOT / "seeds" / "control_names.csv").read_text(encoding="utf-8").splitlines()[1:]
WORDS = Words(
    measures={word_key(alias): measure for alias, measure in (line.split(",") for line in ALIASES)},
    extracts={word_key(name): name for name in load_specifications()},
    measures_of={"workforce": frozenset({"fte"}), "agency_spend": frozenset({"amount"})},
)
WORKFORCE = {("workforce", "rows"): Decimal(120), ("workforce", "fte"): Decimal("98.75")}


@pytest.mark.parametrize(
    "text",
    [
        "rows,fte,amount\n120,98.75,\n",
        "Rows;Sum of FTE\n120;98.75\n",
        "row_count\tsum_fte\n120\t98.75",
        "\ufeffmeasure,value\r\nrows,120\r\nfte,98.75\r\n",
        "Control totals for May\n\nNumber of rows,120\nTotal FTE,98.750\n",
        "extract,rows,fte\nworkforce,120,98.75\n",
        "extract,measure,value\nworkforce,rows,120\nworkforce,sum_fte,98.75\n",
        "council,month,rows,total fte,amount_gbp\nnorthshire,2024-05,120,98.75,0\n",
        'records,"WTE"\n120,"98.75"\n',
    ],
)
def test_the_forms_in_which_totals_are_written(text: str) -> None:
    stated = read_totals(text.encode(), "workforce.control.csv", ["workforce"], WORDS)

    assert (stated.totals, stated.problems) == (WORKFORCE, [])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1234.50", "1234.50"),
        ('"£1,234.50"', "1234.50"),
        ("(200.00)", "-200.00"),
        ("-200", "-200"),
        ("200-", "-200"),
        (".5", "0.5"),
    ],
)
def test_an_amount_is_read_exactly(written: str, meant: str) -> None:
    stated = read_totals(f"amount_gbp\n{written}\n".encode(), "a", ["agency_spend"], WORDS)

    assert stated.totals == {("agency_spend", "amount"): Decimal(meant)}


def test_a_file_for_a_pack_names_the_extract_on_each_line() -> None:
    text = "sheet,rows,sum_amount\nworkforce,120,\nagency_spend.csv,9,-12.30\n"
    words = Words(
        WORDS.measures, {**WORDS.extracts, word_key("agency_spend.csv"): "agency_spend"}, WORDS.measures_of
    )

    assert read_totals(text.encode(), "pack", [], words).totals == {
        ("workforce", "rows"): Decimal(120),
        ("agency_spend", "rows"): Decimal(9),
        ("agency_spend", "amount"): Decimal("-12.30"),
    }


def test_a_decimal_comma_is_read_where_the_source_writes_one() -> None:
    words = Words(WORDS.measures, WORDS.extracts, WORDS.measures_of, decimal_comma=True)
    stated = read_totals(b"rows;fte\n1.200;98,75\n", "w", ["workforce"], words)

    assert stated.totals == {("workforce", "rows"): Decimal(1200), ("workforce", "fte"): Decimal("98.75")}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"Zebedee,Smith\n1,2\n", "no total is named; the names known are those of amount, fte, rows"),
        (b"rows\nZebedee\n", "line 2, rows: a whole number is wanted"),
        (b"rows\n12.5\n", "line 2, rows: a whole number is wanted"),
        (b"rows,fte\n12,Zebedee\n", "line 2, fte: a number is wanted"),
        (b"rows,120\nrows,121\n", "lines 1 and 2 state different rows of workforce"),
        (b"extract,rows\nposts,120\n", "line 2 names posts, the file is of workforce"),
        (b"rows,amount\n,1.50\n", "line 2, amount: workforce has no such column"),
        (b'rows,"120\n', "unreadable near line 1: an open quote"),
        (b"PK\x03\x04", "a workbook: a text file with separators is wanted"),
        (b"\x00\x01\x02", "unreadable: not text in UTF-8, UTF-16 or Windows-1252, and not a workbook"),
        (b"\n" * 2000 + b"rows\n1\n", "more than 1,000 lines: this is no file of totals"),
    ],
)
def test_what_cannot_be_read_is_told_by_line_and_rule_and_never_by_its_value(data: bytes, said: str) -> None:
    stated = read_totals(data, "workforce.control.csv", ["workforce"], WORDS)

    assert "; ".join(stated.problems) == said
    assert "Zebedee" not in said


@pytest.mark.parametrize(
    ("stated", "within"), [("98.75", "0.005"), ("98", "0.005"), ("98.125", "0.0005"), ("1E+2", "0.005")]
)
def test_a_total_holds_to_half_of_its_last_decimal_and_to_half_a_hundredth_at_most(
    stated: str, within: str
) -> None:
    assert half_of_last_decimal(Decimal(stated)) == Decimal(within)
