"""Reference files as people keep them, in; rows that can be used, or sentences naming file, row and column, out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from deliveries_fixture import REFERENCE, make_home

from dagster_project.reference import Reference, ReferenceDataError, load_reference, name_key
from dagster_project.settings import Settings

COUNCILS, UNITS, ALIASES, ROLES = (
    REFERENCE[n] for n in ("councils", "org_units", "unit_aliases", "role_aliases")
)
POLICY = (
    "policy_id,council,unit,level,service_area,role_group,experience,metric,rounding,lower,upper,band,label,severity,"
    "target,valid_from,valid_to,source\n"
)
COSTS = "council,role,grade,is_default,annual_cost_gbp,set_up_cost_gbp,includes_on_costs,valid_from,valid_to,source\n"
LIMITS = "council,extract,max_rejected_percent,max_rejected_rows,source\n"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return make_home(tmp_path)


@pytest.fixture
def problems_of(home: Settings) -> Callable[[str, str | bytes], list[str]]:
    def read(file: str, content: str | bytes) -> list[str]:
        data = content if isinstance(content, bytes) else content.encode()
        (home.council_reference / file).write_bytes(data)
        with pytest.raises(ReferenceDataError) as error:
            load_reference(home)
        return error.value.problems

    return read


def with_file(home: Settings, name: str, content: str | bytes) -> Reference:
    (home.council_reference / f"{name}.csv").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    return load_reference(home)


def units_named(reference: Reference, council: str, name: str) -> list[str]:
    return [n.unit for n in reference.unit_names if (n.council, n.name_key) == (council, name_key(name))]


def roles_named(reference: Reference, council: str, name: str) -> list[str]:
    return [n.role for n in reference.role_names if (n.council, n.name_key) == (council, name_key(name))]


def bands(*rows: tuple[object, object, str, str]) -> str:
    """Bands of one policy: lower, upper, name and the first day it holds."""
    return POLICY + "".join(
        f"mine,northshire,,team,,,,average_caseload,integer,{lower},{upper},{name},{name},none,,{start},,paper\n"
        for lower, upper, name, start in rows
    )


def costs(*rows: tuple[str, str, str]) -> str:
    """Costs of one role: grade, first day, first day no more."""
    return COSTS + "".join(
        f"northshire,social_worker,{grade},true,1,0,,{first},{end},x\n" for grade, first, end in rows
    )


def test_what_ships_with_the_product_can_be_used_as_it_is(tmp_path: Path) -> None:
    assert "nottinghamshire" in load_reference(Settings(home=tmp_path)).councils


def test_the_council_s_rows_join_those_of_the_product(home: Settings) -> None:
    reference = load_reference(home)

    assert {"northshire", "southshire", "nottinghamshire"} <= set(reference.councils)
    assert roles_named(reference, "northshire", "Qualified Social Worker") == ["social_worker"]


def test_the_council_s_row_wins_over_the_product_s_of_the_same_key(home: Settings) -> None:
    reference = with_file(home, "councils", COUNCILS + "tameside,Our Tameside,,,,,\n")

    assert reference.councils["tameside"] == "Our Tameside"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (("\ufeff" + ALIASES).encode(), "Ashfield District CP Team"),
        ((ALIASES + "northshire,Zoë’s team,ash\n").encode("cp1252"), "zoë’s  TEAM"),
        ((ALIASES + "northshire,Zoë’s team,ash\n").encode(), "Zoë’s team"),
        (ALIASES.replace("\n", "\r\n").encode(), "Ashfield District CP Team"),
        ((ALIASES + '\n,,\nnorthshire,"Ash, field",ash').encode(), "Ash, field"),
        (b"unit,alias,council\nash, Turned round ,northshire\n", "turned round"),
    ],
)
def test_a_file_is_read_in_the_forms_that_spreadsheets_save(
    home: Settings, content: bytes, name: str
) -> None:
    assert units_named(with_file(home, "unit_aliases", content), "northshire", name) == ["ash"]


FILES: list[tuple[str, str | bytes, str]] = [
    ("unit_aliases.csv", b"", "reference/unit_aliases.csv: column council is missing"),
    ("unit_aliases.csv", "council,alias\n", "reference/unit_aliases.csv: column unit is missing"),
    ("unit_aliases.csv", "council,alias,unit,x\n", "reference/unit_aliases.csv: column 'x' is unknown"),
    ("unit_aliases.csv", "council,alias,unit,unit\n", "reference/unit_aliases.csv: column unit stands twice"),
    ("unit_aliases.csv", ALIASES.replace(",", ";"), "reference/unit_aliases.csv: column council is missing"),
    ("unit_aliases.csv", ALIASES + 'northshire,"x,ash\n', "reference/unit_aliases.csv: not a readable CSV"),
    (
        "unit_aliases.csv",
        ALIASES + "northshire,x,ash,y\n",
        "unit_aliases.csv, row 4: more fields than the header has",
    ),
    (
        "unit_aliases.csv",
        ALIASES + "northshire,x\n",
        "unit_aliases.csv, row 4, column unit: required and empty",
    ),
    (
        "unit_aliases.csv",
        ALIASES + ALIASES.split("\n")[1],
        "unit_aliases.csv, row 4: repeats the key of row 2",
    ),
    ("Councils.csv", COUNCILS, "Councils.csv: not read: reference data is a CSV named councils.csv"),
    ("councils.xlsx", b"PK", "councils.xlsx: not read: reference data is a CSV named councils.csv"),
    ("teams.csv", "a,b\n", "teams.csv: not a reference file; known are agency_price_caps, "),
    # Values.
    (
        "org_units.csv",
        UNITS.replace("true", "yes", 1),
        "org_units.csv, row 3, column frontline: not true or false",
    ),
    (
        "org_units.csv",
        UNITS.replace("2010-04-01", "01/04/2010", 1),
        "row 2, column valid_from: not a date as YYYY-MM-DD",
    ),
    (
        "org_units.csv",
        UNITS.replace(",team,", ",squad,", 1),
        "row 4, column level: not one of council, division, ",
    ),
    (
        "org_units.csv",
        UNITS.replace("2024-05-01", "2009-01-01"),
        "row 6, column valid_to: not after valid_from",
    ),
    (
        "org_units.csv",
        UNITS.replace(",ash,", ",unmapped,"),
        "row 4, column unit: 'unmapped' is a reserved name",
    ),
    ("delivery_limits.csv", LIMITS + ",posts,five,2,x\n", "column max_rejected_percent: not a plain number"),
    ("delivery_limits.csv", LIMITS + ",posts,5,2.5,x\n", "column max_rejected_rows: not a whole number"),
    ("delivery_limits.csv", LIMITS + ",posts,,2,x\n", "column max_rejected_percent: required and empty"),
    ("threshold_policy.csv", bands(("", "NaN", "low", "")), "row 2, column upper: not a plain number"),
    (
        "threshold_policy.csv",
        bands(("", "", "low", "")).replace(",none,", ",alarm,"),
        "column severity: not one of none, ",
    ),
    # References.
    (
        "unit_aliases.csv",
        ALIASES + "northshire,x,nope\n",
        "unit_aliases.csv, row 4, column unit: 'nope' is not in org_units",
    ),
    (
        "unit_aliases.csv",
        ALIASES + "northshire,x,duty\n",
        "unit_aliases.csv, row 4, column unit: 'duty' is not in org_units",
    ),
    (
        "unit_aliases.csv",
        ALIASES + "nowhere,x,ash\n",
        "row 4, column council: 'nowhere' is not in councils.csv",
    ),
    (
        "role_aliases.csv",
        ROLES + ",x,wizard\n",
        "role_aliases.csv, row 4, column role: 'wizard' is not in roles.csv",
    ),
    # One written name, one meaning.
    (
        "unit_aliases.csv",
        ALIASES + "northshire,ashfield  DISTRICT cp team,birch\n",
        "row 4, column alias: compares equal to reference/unit_aliases.csv, row 2, which names another unit",
    ),
    (
        "role_aliases.csv",
        ROLES + "northshire,FAMILY practitioner,advanced_practitioner\n",
        "compares equal to reference/role_aliases.csv, row 4, which names another role",
    ),
    (
        "org_units.csv",
        UNITS.replace("Birch Assessment", "ashfield  DCPT"),
        "row 5, column name: compares equal to the name in reference/org_units.csv, row 4, another team of",
    ),
    # The tree.
    (
        "org_units.csv",
        UNITS.replace("division,northshire", "council,"),
        "council northshire: one unit of level council",
    ),
    (
        "org_units.csv",
        UNITS.replace("council,,", "division,fieldwork,", 1),
        "northshire: one unit of level council",
    ),
    (
        "org_units.csv",
        UNITS.replace("team,fieldwork,child", "team,,child"),
        "row 4, column parent_unit: '' is no unit of",
    ),
    (
        "org_units.csv",
        UNITS.replace("team,fieldwork,child", "team,duty,child"),
        "row 4, column parent_unit: 'duty' is no unit",
    ),
    (
        "org_units.csv",
        UNITS.replace("team,fieldwork,child", "team,ash,child"),
        "row 4, column parent_unit: the unit lies below itself",
    ),
    (
        "org_units.csv",
        UNITS.replace("DCPT,team,fieldwork", "DCPT,team,birch").replace(
            "Assessment,team,fieldwork", "Assessment,team,ash"
        ),
        "row 4, column parent_unit: the unit lies below itself",
    ),
    (
        "org_units.csv",
        UNITS.replace("division,northshire", "division,ash"),
        "a division cannot lie below a team",
    ),
    # Bands and periods.
    (
        "threshold_policy.csv",
        bands(("", 20, "low", ""), (22, "", "high", "")),
        "a gap lies between bands low and high",
    ),
    ("threshold_policy.csv", bands(("", 20, "low", ""), (18, "", "high", "")), "bands low and high overlap"),
    ("threshold_policy.csv", bands(("", 20, "low", ""), ("", "", "high", "")), "bands high and low overlap"),
    (
        "threshold_policy.csv",
        bands(("", 20, "low", ""), (20, 30, "high", "")),
        "values from 30 on have no band",
    ),
    ("threshold_policy.csv", bands((5, 20, "low", ""), (20, "", "high", "")), "values below 5 have no band"),
    (
        "threshold_policy.csv",
        bands(("", 20, "low", "2020-01-01"), (20, "", "high", "2021-01-01")),
        "policy mine from 2020-01-01: values from 20 on have no band",
    ),
    (
        "threshold_policy.csv",
        bands(("", 20, "low", ""), (20, "", "high", "")).replace("integer,20", "one_decimal,20"),
        "policy mine: its bands are rounded in different ways",
    ),
    (
        "unit_costs.csv",
        costs(("G1", "2020-01-01", "2022-01-01"), ("G1", "2021-01-01", "")),
        "unit_costs.csv, row 3, column valid_from: its period overlaps reference/unit_costs.csv, row 2",
    ),
    (
        "unit_costs.csv",
        costs(("G1", "2020-01-01", ""), ("G2", "2021-01-01", "")),
        "two default grades of one role",
    ),
]


@pytest.mark.parametrize(
    "number", range(len(FILES)), ids=[f"{file} {words[-40:]}" for file, _, words in FILES]
)
def test_what_is_wrong_is_said_in_words_that_name_file_row_and_column(
    problems_of: Callable[[str, str | bytes], list[str]], number: int
) -> None:
    file, content, words = FILES[number]

    problems = problems_of(file, content)

    assert any(words in problem for problem in problems), problems


def test_every_problem_is_told_at_once(problems_of: Callable[[str, str | bytes], list[str]]) -> None:
    content = UNITS.replace("true", "yes", 1).replace("2010-04-01", "soon", 1)

    assert len(problems_of("org_units.csv", content)) == 2


def test_bands_that_follow_each_other_in_time_and_value_can_be_used(home: Settings) -> None:
    whole = bands(("", 20, "low", "2020-01-01"), (20, "", "high", "2020-01-01"))

    assert (
        len(
            [
                row
                for row in with_file(home, "threshold_policy", whole).rows("threshold_policy")
                if row["policy_id"] == "mine"
            ]
        )
        == 2
    )


@pytest.mark.parametrize(
    "name", ["ash", "ASH", "Ashfield DCPT", "  ashfield   dcpt ", "ashfield district\u00a0cp team"]
)
def test_a_unit_answers_to_slug_name_and_alias_in_any_case_and_spacing(home: Settings, name: str) -> None:
    assert units_named(load_reference(home), "northshire", name) == ["ash"]


def test_of_a_service_and_a_team_with_one_name_the_team_is_meant(home: Settings) -> None:
    reference = with_file(
        home, "org_units", UNITS.replace("fieldwork,Fieldwork", "fieldwork,Birch assessment")
    )

    assert units_named(reference, "northshire", "Birch Assessment") == ["birch"]


def test_units_that_follow_each_other_may_share_a_name(home: Settings) -> None:
    reference = with_file(
        home, "org_units", UNITS.replace("Closed Team", "One Team").replace("Future Team", "one team")
    )

    assert units_named(reference, "northshire", "ONE TEAM") == ["closed_team", "future_team"]


def test_a_slug_beats_an_alias_and_an_alias_a_name(home: Settings) -> None:
    aliases = ALIASES + "northshire,Ash,birch\nnorthshire,Fieldwork,birch\nnorthshire,Closed Team,birch\n"

    reference = with_file(home, "unit_aliases", aliases)

    assert units_named(reference, "northshire", "ash") == ["ash"]
    assert units_named(reference, "northshire", "fieldwork") == ["fieldwork"]
    assert units_named(reference, "northshire", "closed team") == ["birch"]


def test_aliases_hold_for_their_own_council_only(home: Settings) -> None:
    reference = load_reference(home)

    assert units_named(reference, "southshire", "Ashfield District CP Team") == []
    assert roles_named(reference, "southshire", "Family Practitioner") == []
    assert roles_named(reference, "southshire", "case  person") == ["social_worker"]


def test_a_council_s_own_role_alias_beats_the_one_for_all(home: Settings) -> None:
    reference = with_file(
        home, "role_aliases", ROLES + "northshire,Qualified social worker,advanced_practitioner\n"
    )

    assert roles_named(reference, "northshire", "Qualified Social Worker") == ["advanced_practitioner"]
    assert roles_named(reference, "southshire", "Qualified Social Worker") == ["social_worker"]


def test_a_slug_of_a_role_cannot_be_taken_by_an_alias(home: Settings) -> None:
    reference = with_file(home, "role_aliases", ROLES + "northshire,Social_Worker,advanced_practitioner\n")

    assert roles_named(reference, "northshire", "social_worker") == ["social_worker"]


def test_the_limit_that_names_most_holds(home: Settings) -> None:
    content = LIMITS + "northshire,,10,2,x\n,posts,20,2,x\nnorthshire,posts,30,2,x\n"

    reference = with_file(home, "delivery_limits", content)

    found = [reference.limits(*place)["max_rejected_percent"] for place in (
        ("northshire", "posts"), ("northshire", "caseload"), ("southshire", "posts"), ("southshire", "caseload"),
    )]  # fmt: skip
    assert found == ["30", "10", "20", "5"]


def test_a_council_s_fingerprint_changes_with_its_own_rows_only(home: Settings) -> None:
    before = load_reference(home)
    after = with_file(home, "unit_aliases", ALIASES + "northshire,Another name,ash\n")

    assert after.reading_fingerprint("northshire") != before.reading_fingerprint("northshire")
    assert after.reading_fingerprint("southshire") == before.reading_fingerprint("southshire")
    assert after.marts_fingerprint("southshire") == before.marts_fingerprint("southshire")


def test_a_threshold_changes_the_marts_but_not_how_files_are_read(home: Settings) -> None:
    before = load_reference(home)
    after = with_file(home, "threshold_policy", bands(("", "", "all", "2020-01-01")))

    assert after.reading_fingerprint("northshire") == before.reading_fingerprint("northshire")
    assert after.marts_fingerprint("northshire") != before.marts_fingerprint("northshire")
    assert after.marts_fingerprint("southshire") == before.marts_fingerprint("southshire")


def test_what_is_written_for_the_build_reads_back_as_the_same_rows(home: Settings, tmp_path: Path) -> None:
    reference = load_reference(home)
    reference.write(tmp_path / "merged")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "merged").iterdir()}

    reference.write(tmp_path / "merged")

    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "merged").iterdir()} == stamps
    lines = (tmp_path / "merged" / "unit_aliases.csv").read_text(encoding="utf-8").splitlines()
    assert "northshire,Ashfield District CP Team,ash" in lines
    assert len(lines) == len(reference.rows("unit_aliases")) + 1
