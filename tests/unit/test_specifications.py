"""The declarative form of an extract: what ships is canonical, a slip is told by file and field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.extracts import SpecificationError, load_specifications, read_specification

SPECIFICATIONS = load_specifications()

# From the page on the monthly extracts: key columns, then required ones.
CANONICAL = {
    "caseload": ({"case_id"}, {"case_id", "child_id", "case_type", "team", "opened_on"}),
    "workforce": (
        {"worker_id", "post_id", "started_on"},
        {"worker_id", "team", "role", "employment", "fte", "started_on"},
    ),
    "posts": ({"post_id"}, {"post_id", "team", "role", "fte", "vacant_fte"}),
    "offers": ({"offer_id"}, {"offer_id", "role", "employment", "fte", "expected_start_on"}),
    "agency_spend": ({"line_id"}, {"line_id", "team", "week_ending", "amount_gbp", "cost_type"}),
    "caseload_summary": ({"unit"}, {"unit", "open_cases", "fte_social_workers"}),
    "contacts": ({"contact_id"}, {"contact_id", "received_on", "outcome"}),
    "assessments": ({"assessment_id"}, {"assessment_id", "case_id", "started_on", "completed_on"}),
    "visits": ({"visit_id"}, {"visit_id", "case_id", "due_on"}),
    "strategy_meetings": ({"meeting_id"}, {"meeting_id", "case_id", "held_on"}),
    "establishment_summary": ({"unit", "role"}, {"role"}),
    "offers_summary": ({"role", "employment", "expected_start_by"}, {"role", "employment"}),
    "workforce_summary": ({"unit", "financial_year"}, set()),
    "demand_summary": (set(), set()),
    "agency_spend_summary": ({"unit", "financial_year"}, {"amount_gbp"}),
}
PSEUDONYMISED = {
    "caseload": {"child_id": "child", "family_id": "family", "worker_id": "worker"},
    "workforce": {"worker_id": "worker", "registration_no": "registration"},
    "agency_spend": {"worker_id": "worker"},
}


@pytest.mark.parametrize("extract", CANONICAL)
def test_keys_and_required_columns_are_those_of_the_canonical_form(extract: str) -> None:
    key, required = CANONICAL[extract]

    assert {column.name for column in SPECIFICATIONS[extract].key} == key
    assert set(SPECIFICATIONS[extract].required_names) == required


@pytest.mark.parametrize("extract", sorted(SPECIFICATIONS))
def test_identifiers_of_people_are_pseudonymised_and_nothing_else_is(extract: str) -> None:
    found = {column.name: column.pseudonym for column in SPECIFICATIONS[extract].columns if column.pseudonym}

    assert found == PSEUDONYMISED.get(extract, {})
    for column in SPECIFICATIONS[extract].columns:
        if column.pseudonym:
            assert column.archived_name.endswith("_key") and column.archived_type == "BIGINT"


@pytest.mark.parametrize("extract", sorted(SPECIFICATIONS))
def test_only_extracts_that_always_have_rows_refuse_a_header_alone(extract: str) -> None:
    refused = SPECIFICATIONS[extract].header_only == "refused"

    assert refused == (extract in ("caseload", "workforce", "posts"))


SOUND = """\
extract: things
family: hr
grain: rows
title: One row per thing.
header_only: empty
columns:
  - {name: thing_id, type: identifier, key: true, required: true, meaning: the thing}
  - {name: kind, type: code, codes: [big, small], meaning: its kind}
  - {name: made_on, type: date, meaning: the day it was made}
"""


@pytest.fixture
def problem_of(tmp_path: Path) -> Callable[[str], str]:
    def read(text: str) -> str:
        path = tmp_path / "things.yml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SpecificationError) as error:
            read_specification(path)
        return str(error.value)

    return read


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "things.yml").write_text(SOUND, encoding="utf-8")

    (things,) = load_specifications(tmp_path).values()

    assert [column.name for column in things.columns] == ["thing_id", "kind", "made_on"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("type: date", "type: datum", "columns.2.type: Input should be"),
        ("type: date", "typ: date", "columns.2.typ: Extra inputs are not permitted"),
        ("family: hr", "family: hr\ncolour: red", "colour: Extra inputs are not permitted"),
        ("grain: rows", "grain: daily", "grain: Input should be 'rows' or 'summary'"),
        ("title: One row per thing.\n", "", "title: Field required"),
        ("name: made_on", "name: Made On", "columns.2.name: Value error, a column name is lower-case words"),
        ("name: made_on", "name: kind", "two columns have one name"),
        ("key: true, ", "", "an extract of rows needs at least one key column"),
        ("codes: [big, small], ", "", "`codes` go with type code"),
        ("type: date,", "type: date, codes: [a],", "`codes` go with type code"),
        ("type: date,", "type: date, pseudonym: child,", "only an identifier can be pseudonymised"),
        ("type: date,", "type: unit,", "`unknown` goes with type unit"),
        ("type: date,", "type: date, maximum: 1,", "ranges and percent go with numbers"),
        (
            "type: code,",
            "type: code, not_after: {bound: month_end},",
            "not_after and not_before go with dates",
        ),
        (
            "type: date,",
            "type: date, not_after: {bound: year_end},",
            "columns.2.not_after.bound: Input should be",
        ),
        (
            "type: date,",
            "type: date, required_when: {column: nothing},",
            "made_on refers to nothing, which is no column",
        ),
        ("extract: things", "extract: stuff", "describes stuff; file and extract share one name"),
        ("columns:", "columns: [", "not YAML"),
        (SOUND, "- a\n- b\n", "a mapping is wanted at the top"),
        (SOUND, "", "a mapping is wanted at the top"),
    ],
)
def test_a_slip_is_told_by_file_and_field(
    problem_of: Callable[[str], str], old: str, new: str, words: str
) -> None:
    assert old in SOUND

    problem = problem_of(SOUND.replace(old, new))

    assert problem.startswith("things.yml: ") and words in problem


def test_a_changed_file_has_another_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "things.yml"
    path.write_text(SOUND, encoding="utf-8")
    before = read_specification(path).source_hash
    path.write_text(SOUND.replace("small", "tiny"), encoding="utf-8")

    assert read_specification(path).source_hash != before


def test_every_number_has_a_least_and_a_largest_that_the_marts_can_hold() -> None:
    """Without one a single absurd cell is accepted and stops the marts of every council."""
    unbounded = [
        f"{specification.extract}.{column.name}"
        for specification in SPECIFICATIONS.values()
        for column in specification.columns
        if column.type in ("decimal", "money")
        and (
            (column.minimum is None and column.above is None)
            or (column.maximum is None and column.at_most is None)
        )
    ]

    assert unbounded == []
