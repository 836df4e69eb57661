"""A month beside a spreadsheet with known mistakes, as its user meets it: a file in, words and a workbook out."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import KEY, Row, land, workbook
from filelock import FileLock
from landing import COUNCIL, first_day, land_month, last_day, make_small_council, month_rows
from python_calamine import CalamineWorkbook
from test_cli import DONE, FAILED, WRONG_USAGE, Ran, run

from dagster_project.deliveries.pseudonyms import pseudonym
from dagster_project.reference import load_reference
from dagster_project.settings import Settings
from dagster_project.shadow.evidence import gather, lay_out
from dagster_project.shadow.measures import Month, declared_measures, read_published
from dagster_project.shadow.rules import load_rulebook
from dagster_project.shadow.search import Search, units_below

pytestmark = pytest.mark.long

BEFORE, NUMBER = 3, 4
MONTH = f"{first_day(NUMBER):%Y-%m}"
WORDS = {rule.name: rule.words for rule in load_rulebook().rules}
ALL_WORKERS = [f"W{number}" for number in range(9)]


def key(worker_id: str) -> str:
    return str(pseudonym(KEY.encode(), "worker", COUNCIL, worker_id))


def month_of_the_story() -> dict[str, list[Row]]:
    """The small council's month with siblings, endings on its last day, an absence, travel and rows set aside."""
    rows = month_rows(NUMBER)
    pattern = next(row for row in rows["caseload"] if row["case_id"] == "L0")

    def case(case_id: str, team: str, worker_id: str, **more: str) -> Row:
        return {
            **pattern,
            "case_id": case_id,
            "child_id": f"CH-{case_id}",
            "team": team,
            "worker_id": worker_id,
            **more,
        }

    ended = {"closed_on": str(last_day(NUMBER)), "closure_outcome": "closed"}
    rows["caseload"] += [
        *(case(f"Z{n}", "North", "W0", **ended) for n in range(3)),
        *(case(f"S{n}", "South", "W5", child_id="CH-TWINS", family_id="F-TWINS") for n in range(3)),
        case("GONE", "South", "W9"),
        case("R0", "North", "W0", case_type="no code"),
    ]
    rows["caseload"].append(rows["caseload"][-3])
    for worker in rows["workforce"]:
        worker["absent_at_month_end"] = "maternity" if worker["post_id"] == "P1" else ""
    line = rows["agency_spend"][0]
    rows["agency_spend"] += [
        {**line, "line_id": "T0", "amount_gbp": "80.10", "cost_type": "travel"},
        {**line, "line_id": "LATE", "amount_gbp": "1000.00", "week_ending": str(first_day(NUMBER - 1))},
    ]
    return rows


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two months are loaded."""
    settings = make_small_council(tmp_path_factory.mktemp("shadow") / "home")
    land_month(settings, BEFORE)
    for extract, rows in month_of_the_story().items():
        land(settings, f"{extract}.csv", rows, MONTH, COUNCIL)
    loaded = run(settings.home, "load")
    assert loaded.code == DONE, loaded.words
    return settings


def figure(known: Settings, unit: str, measure: str) -> Decimal:
    mart, column = measure.split(".")
    whole = " and role_group = 'total'" if mart == "establishment" else ""
    with duckdb.connect(str(known.published / "current" / "marts.duckdb"), read_only=True) as marts:
        found = marts.execute(
            f"select {column} from {mart} where unit = ? and month = ?{whole}", [unit, first_day(NUMBER)]
        ).fetchone()
    assert found
    return Decimal(found[0])


def shadow(
    known: Settings, content: str | bytes | Sequence[Sequence[object]], name: str = "sheet.csv"
) -> Ran:
    path = known.home.parent / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        lines = [["unit", "measure", "value"], *content]
        path.write_text("\n".join(",".join(f'"{cell}"' for cell in line) for line in lines) + "\n", "utf-8")
    return run(known.home, "shadow", str(path), "--council", COUNCIL, "--month", MONTH)


def sheet_of(known: Settings, name: str) -> list[Mapping[str, str]]:
    book = CalamineWorkbook.from_path(str(known.warehouse / "shadow" / f"{COUNCIL}-{MONTH}.xlsx"))
    header, *lines = book.get_sheet_by_name(name).to_python()
    return [dict(zip(map(str, header), map(str, line), strict=True)) for line in lines]


def moved(known: Settings, what: str) -> set[str]:
    """Identifiers of what makes the difference: of cases and lines their own, of workers their keys."""
    column = "worker_key" if what == "worker" else "identifier"
    return {row[column] for row in sheet_of(known, "rows") if row["what"] == what}


SINGLE_RULES = [
    # unit, measure, by how much theirs differs, the rule, what makes the difference
    ("South", "open cases", "-2", "children", "case", {"S1", "S2"}),
    ("North", "open cases", "3", "closed_on_last_day", "case", {"Z0", "Z1", "Z2"}),
    ("North", "open_children", "3", "closed_on_last_day", "case", {"Z0", "Z1", "Z2"}),
    ("North", "FTE", "1", "with_managers", "worker", {key("W6")}),
    ("North", "FTE", "-0.6", "only_present", "worker", {key("W1")}),
    ("South", "Social Workers", "-0.775", "without_agency", "worker", {key("W3")}),
    ("South", "FTE social workers", "1.025", "headcount", "worker", {key(w) for w in ("W1", "W2", "W3")}),
    ("Westshire", "agency spend", "-80.10", "without_travel", "ledger line", {"T0"}),
    ("Westshire", "Agency cost", "50.25", "gross_of_credits", "ledger line", {f"{NUMBER}-2"}),
    ("south", "agency_cost_gbp", "-1000", "by_week_ending", "ledger line", {"LATE"}),
    ("South", "agency cost", "120.50", "with_unmapped", "ledger line", {f"{NUMBER}-1"}),
    ("Care", "closed", "-3", "ended_on_last_day_left_out", "case", {"Z0", "Z1", "Z2"}),
]


@pytest.mark.parametrize(
    ("unit", "measure", "by", "rule", "what", "expected"),
    SINGLE_RULES,
    ids=[f"{row[0]} {row[1]} {row[3]}" for row in SINGLE_RULES],
)
def test_a_difference_with_a_known_cause_is_explained_by_its_rule_and_the_very_rows(
    known: Settings, unit: str, measure: str, by: str, rule: str, what: str, expected: set[str]
) -> None:
    exact = {"FTE social workers": Decimal("2.975"), "Social Workers": Decimal("2.975")}
    ours = exact.get(measure) or figure(known, unit.lower(), MEASURES[measure])
    theirs = ours + Decimal(by)

    ran = shadow(known, [[unit, measure, f"{theirs:,}"]])

    assert ran.code == DONE, ran.words
    assert WORDS[rule] in ran.words
    assert "1 cells compared: 0 agree, 1 explained, 0 unexplained" in ran.words
    assert moved(known, what) == expected


MEASURES = {
    "open cases": "caseload_bands.open_cases",
    "open_children": "caseload_bands.open_children",
    "FTE": "caseload_bands.fte_social_workers",
    "agency spend": "agency_costs.agency_cost_gbp",
    "Agency cost": "agency_costs.agency_cost_gbp",
    "agency_cost_gbp": "agency_costs.agency_cost_gbp",
    "agency cost": "agency_costs.agency_cost_gbp",
    "closed": "throughput.closed",
}


def test_rows_in_quarantine_and_repeats_are_found_in_the_landed_file(known: Settings) -> None:
    north, south = (figure(known, unit, "caseload_bands.open_cases") for unit in ("north", "south"))

    ran = shadow(known, [["North", "open cases", north + 1], ["South", "open cases", south + 1]])

    assert ran.code == DONE, ran.words
    assert WORDS["rejected_rows"] in ran.words and WORDS["repeated_rows"] in ran.words
    rows = {(row["unit"], row["identifier"]) for row in sheet_of(known, "rows")}
    assert rows == {("north", "R0"), ("south", "S2")}


def test_an_average_takes_every_pairing_of_numerators_and_denominators(known: Settings) -> None:
    cases = figure(known, "south", "caseload_bands.open_cases") - 2
    theirs = f"{cases / 4:.2f}"

    ran = shadow(known, [["South", "average caseload", theirs]])

    assert ran.code == DONE, ran.words
    assert f"{WORDS['children']} and {WORDS['headcount']}" in ran.words
    assert moved(known, "case") == {"S1", "S2"}
    assert moved(known, "worker") == {key(worker) for worker in ("W1", "W2", "W3")}


def test_the_mean_of_teams_and_the_published_definition_are_recognised(known: Settings) -> None:
    averages = [
        figure(known, unit, "caseload_bands.open_cases") / fte
        for unit, fte in (("north", Decimal("1.6")), ("south", Decimal("2.975")))
    ]
    mean = (sum(averages, Decimal(0)) / 2).quantize(Decimal("0.01"))
    dfe = figure(known, "care", "caseload_bands.dfe_average_caseload")

    ran = shadow(known, [["Care", "average caseload", mean], ["Care", "caseload", dfe]])

    assert ran.code == DONE, ran.words
    assert WORDS["mean_of_teams"] in ran.words and WORDS["dfe_definition"] in ran.words


@pytest.mark.parametrize(
    ("unit", "measure", "by", "rules", "what", "expected"),
    [
        (
            "Westshire",
            "agency cost",
            "-29.85",
            ("without_travel", "gross_of_credits"),
            "ledger line",
            {"T0", f"{NUMBER}-2"},
        ),
        ("South", "FTE", "0.225", ("without_agency", "with_managers"), "worker", {key("W3"), key("W4")}),
    ],
)
def test_two_rules_together_explain_what_neither_does_alone(
    known: Settings, unit: str, measure: str, by: str, rules: Sequence[str], what: str, expected: set[str]
) -> None:
    ours = Decimal("2.975") if measure == "FTE" else figure(known, unit.lower(), MEASURES[measure])

    ran = shadow(known, [[unit, measure, ours + Decimal(by)]])

    assert ran.code == DONE, ran.words
    assert " and ".join(WORDS[rule] for rule in rules) in ran.words
    assert moved(known, what) == expected


def test_what_nothing_explains_is_said_and_exits_1_with_the_nearest(known: Settings) -> None:
    north = figure(known, "north", "caseload_bands.open_cases")

    ran = shadow(known, [["North", "open cases", north + 500]])

    assert ran.code == FAILED
    assert "nothing tried explains all of it; nearest: " in ran.words
    assert "1 cells compared: 0 agree, 0 explained, 1 unexplained" in ran.words


def test_a_figure_agrees_as_it_is_rounded_to_the_decimals_it_was_written_with(known: Settings) -> None:
    cases, fte = figure(known, "south", "caseload_bands.open_cases"), Decimal("2.975")
    exact = cases / fte
    lines: list[list[object]] = [
        ["South", "average caseload", half_up(exact, 1)],
        ["South", "Average  Caseload", half_up(exact, 0)],
        ["South", "cases per FTE", half_up(exact, 6)],
        ["South", "vacancy_rate", f"{figure(known, 'south', 'establishment.vacancy_rate')}%"],
        ["South", "FTE", "3.0"],
    ]

    ran = shadow(known, lines)

    assert ran.code == DONE, ran.words
    assert ran.words.count("agrees as rounded") == 4
    assert "5 cells compared: 5 agree, 0 explained, 0 unexplained" in ran.words


def test_one_more_or_less_in_the_last_decimal_written_does_not_agree(known: Settings) -> None:
    exact = figure(known, "south", "caseload_bands.open_cases") / Decimal("2.975")

    ran = shadow(known, [["South", "average caseload", half_up(exact, 3) + Decimal("0.001")]])

    assert "0 agree" in ran.words


def half_up(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def test_a_unit_and_a_measure_nobody_knows_are_rows_by_themselves(known: Settings) -> None:
    cases = figure(known, "north", "caseload_bands.open_cases")
    lines = [
        ["Jane Smith", "open cases", 3],
        ["North", "Jane Smiths cases", 3],
        ["north cp team", "Open Cases", cases],
    ]

    ran = shadow(known, lines)

    assert ran.code == FAILED
    assert "no unit is known by this name" in ran.words and "no measure is known by this name" in ran.words
    assert "1 cells compared: 1 agree" in ran.words and "2 not compared" in ran.words
    assert "Jane" not in ran.words and "jane" not in ran.words


def test_cells_that_cannot_be_read_are_named_by_file_row_column_and_rule(known: Settings) -> None:
    cases = figure(known, "north", "caseload_bands.open_cases")

    ran = shadow(known, [["North", "open cases", cases], ["North", "FTE", "ask Jane"], ["", "open cases", 4]])

    assert ran.code == FAILED
    assert "Not read: sheet.csv, row 3, column value: number, expected a number" in ran.words
    assert "Not read: sheet.csv, row 4, column unit: required" in ran.words
    assert "1 cells compared: 1 agree" in ran.words and "Jane" not in ran.words


def test_a_workbook_with_titles_notes_and_percentages_kept_as_shares_is_read(known: Settings) -> None:
    rate = figure(known, "care", "establishment.vacancy_rate")
    cases = figure(known, "care", "caseload_bands.open_cases")
    lines: list[list[object]] = [
        ["Caseloads of August", None, None],
        ["Unit", "Measure", "Value"],
        ["Care", "vacancy rate", float(rate / 100)],
        ["Care", "open cases", float(cases)],
        ["Note: as agreed with the service", None, None],
    ]

    ran = shadow(known, workbook({"Summary": lines}), "sheet.xlsx")

    assert ran.code == DONE, ran.words
    assert "2 cells compared: 2 agree" in ran.words and "notes 1, title rows 1" in ran.words


def test_a_wide_sheet_has_a_column_for_each_measure(known: Settings) -> None:
    north, south = (figure(known, unit, "caseload_bands.open_cases") for unit in ("north", "south"))
    content = f"Unit,Open cases,FTE,Remarks\nNorth,{north},1.6,quiet\nSouth,{south - 2},n/a,\n"

    ran = shadow(known, content)

    assert ran.code == DONE and "3 cells compared: 2 agree, 1 explained" in ran.words, ran.words
    assert WORDS["children"] in ran.words and "unknown columns 1" in ran.words


def test_nothing_personal_is_printed_and_the_private_workbook_is_its_owners_alone(known: Settings) -> None:
    cases = figure(known, "north", "caseload_bands.open_cases")

    ran = shadow(known, [["North", "open cases", cases + 3], ["North", "FTE", "2.6"]])

    printed = (ran.out + ran.err).replace(str(known.home), "")
    for personal in ("Z0", "Z1", "CH-", *(key(worker) for worker in ALL_WORKERS)):
        assert personal not in printed
    path = known.warehouse / "shadow" / f"{COUNCIL}-{MONTH}.xlsx"
    assert path.name in ran.out.replace("\n", "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_rule_that_explains_most_of_the_sheet_is_named_first(known: Settings) -> None:
    south = figure(known, "south", "caseload_bands.open_children")
    alone = shadow(known, [["Care", "open cases", figure(known, "care", "caseload_bands.open_cases") + 3]])
    care = figure(known, "care", "caseload_bands.open_children")

    ran = shadow(known, [["South", "open cases", south], ["Care", "open cases", care]])

    assert alone.code == DONE and ran.code == DONE, ran.words
    assert f"(1) {WORDS['children']}" in ran.words and "(2)" not in ran.words.split("(1) ")[1]


def test_a_month_that_is_not_loaded_is_said_with_those_that_are(known: Settings) -> None:
    path = known.home.parent / "sheet.csv"
    path.write_text("unit,measure,value\nNorth,open cases,1\n")

    ran = run(known.home, "shadow", str(path), "--council", COUNCIL, "--month", "2030-01")

    assert ran.code == FAILED and f"loaded are 2 months, {first_day(BEFORE):%Y-%m} to {MONTH}" in ran.words


def test_while_a_load_is_at_work_a_difference_is_not_looked_into_and_that_is_said(known: Settings) -> None:
    with FileLock(known.home / ".load.lock"):
        ran = shadow(known, [["North", "open cases", 999]])

    assert ran.code == FAILED and "another load is at work" in ran.words


def test_a_warehouse_that_another_program_writes_to_is_said(known: Settings) -> None:
    holds = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(known.database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout and writer.stdout.readline() == b"open\n"
        ran = shadow(known, [["North", "open cases", 999]])
        writer.communicate()

    assert ran.code == FAILED and "the warehouse cannot be opened" in ran.words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("team;figure\nNorth;3\n", "required columns missing: unit, measure, value"),
        ("", "the file is empty"),
        (b"PK\x03\x04" + b"no workbook" * 40, "unreadable as a workbook, or cut short"),
        ("unit,measure,value\nNorth,open cases,3\nNorth,Open cases\n", "the file was cut short"),
        ("unit,measure,value\nNorth,open cases,3\nNorth,open cases,4\n", "one key (unit, measure)"),
    ],
)
def test_a_file_that_is_no_such_sheet_is_an_error_that_names_it(
    known: Settings, content: str | bytes, words: str
) -> None:
    ran = shadow(known, content)

    assert ran.code == FAILED and "Error: sheet.csv: " in ran.words and words in ran.words, ran.words


def test_wrong_usage_and_a_file_that_is_not_there_are_said(known: Settings, tmp_path: Path) -> None:
    missing = run(known.home, "shadow", str(tmp_path / "no.csv"), "--council", COUNCIL, "--month", MONTH)
    nowhere = run(known.home, "shadow", "x.csv", "--council", "nowhere", "--month", MONTH)
    nothing = run(tmp_path / "empty", "shadow", "x.csv", "--council", "tameside", "--month", MONTH)

    assert missing.code == FAILED and "no.csv: there is no such file" in missing.words
    assert nowhere.code == WRONG_USAGE and "is not registered" in nowhere.words
    assert nothing.code == FAILED and "nothing is published yet" in nothing.words


def test_every_published_figure_that_rules_know_comes_out_of_its_rows(known: Settings) -> None:
    """The search starts from the rows: they have to give the very figures that are published, in every unit."""
    reference = load_reference(known)
    month, book = Month(COUNCIL, first_day(NUMBER)), load_rulebook()
    with duckdb.connect(str(known.published / "current" / "marts.duckdb"), read_only=True) as marts:
        published = read_published(marts, declared_measures(known), month, reference)
    tables = gather(known, reference, book, month, book.rows)
    teams, below = units_below(reference, month, published.units)
    with duckdb.connect(":memory:") as connection:
        search = Search(
            book, lay_out(connection, book, month, tables, published.units), published, teams, below
        )
        known_figures = [
            (unit, name)
            for (unit, name), v in published.figures.items()
            if name in book.measures and v is not None
        ]
        assert len(known_figures) > 150
        assert [at for at in known_figures if not search.has_rows(at[0], published.measures[at[1]])] == []
