"""What may be told of a file's name: the words files are called by, and the shape of any other."""

from __future__ import annotations

import pytest

from dagster_project.deliveries.file_names import LONGEST_NAME, printable, shown


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("caseload.csv", "caseload.csv"),
        ("Month pack 2024-05.xlsx", "Month pack 2024-05.xlsx"),
        ("HR_Staff_List 2024-05.csv", "HR_Staff_List 2024-05.csv"),
        ("caseload_20240531 B.csv", "caseload_20240531 B.csv"),
        ("ssd_cin_episodes.csv", "ssd_cin_episodes.csv"),
        ("caseload Mary O'Hara.csv", "caseload Aaaa O'Aaaa.csv"),
        ("zqxjkvor_smith.xlsx", "aaaaaaaa_aaaaa.xlsx"),
        ("visits SW1234567890.csv", "visits AA9999999999.csv"),
        ("posts 104711.csv", "posts 999999.csv"),
        ("\u202egnp.csv", "?aaa.csv"),
        ("Łukasz Żak.ods", "Aaaaaa Aaa.ods"),
    ],
)
def test_a_word_that_may_be_a_name_is_told_by_its_shape(name: str, told: str) -> None:
    assert shown(name) == told
    assert shown(told) == told


def test_a_name_is_printed_no_longer_than_a_file_system_allows() -> None:
    assert len(printable("x" * 10_000)) == LONGEST_NAME
    assert printable("a\x1b[2Jb\u202ec\x00d") == "a?[2Jb?c?d"
