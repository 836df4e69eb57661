"""The search for personal values finds a planted one wherever it could hide; otherwise its silence means nothing."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from email.message import EmailMessage
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import workbook
from leaks import MARK, MARKED, SAMPLE_IDENTIFIER, leaks_in_files, leaks_in_text

NAME = f"{MARK} Smith"


def mail(encoding: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = "figures"
    message.set_content(f"of {NAME} é", cte=encoding)
    return message.as_bytes()


def a_text(path: Path) -> None:
    path.write_text(f"a line about {NAME.lower()}\n", encoding="utf-8")


def an_escaped_text(path: Path) -> None:
    path.write_text(json.dumps({"name": NAME}).replace("Z", "\\u005a"), encoding="ascii")


def a_wide_text(path: Path) -> None:
    path.write_text(NAME * 20, encoding="utf-16")


def a_workbook(path: Path) -> None:
    path.write_bytes(workbook({"rows": [["name"], [NAME]]}))


def a_zip_in_a_zip(path: Path) -> None:
    inner = path.with_suffix(".inner")
    a_workbook(inner)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("inner.xlsx", inner.read_bytes())
    inner.unlink()


def a_mail_in_base64(path: Path) -> None:
    path.write_bytes(mail("base64"))


def a_mail_quoted_printable(path: Path) -> None:
    path.write_bytes(
        mail("quoted-printable").replace(MARK.encode(), MARK[:4].encode() + b"=\n" + MARK[4:].encode())
    )


def a_parquet_file(path: Path) -> None:
    duckdb.execute(
        f"copy (select i, case when i = 7 then '{NAME}' end as words from range(9) as t(i)) "
        f"to '{path}' (format parquet, compression zstd)"
    )


def a_duckdb_file(path: Path) -> None:
    with duckdb.connect(str(path)) as database:
        database.execute(f"create table t as select ['x', '{NAME}'] as words")


def a_sqlite_file(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("create table t (words text)")
        database.execute("insert into t values (?)", (NAME,))


def a_row_deleted_from_a_sqlite_file(path: Path) -> None:
    a_sqlite_file(path)
    with sqlite3.connect(path) as database:
        database.execute("pragma secure_delete = off")
        database.execute("insert into t values ('another')")
        database.execute("delete from t where words <> 'another'")


def a_mail_in_a_sqlite_file(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("create table t (message blob)")
        database.execute("insert into t values (?)", (mail("base64"),))


def the_name_of_a_file(path: Path) -> None:
    (path.parent / f"{NAME}.txt").write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    "plant",
    [
        a_text,
        an_escaped_text,
        a_wide_text,
        a_workbook,
        a_zip_in_a_zip,
        a_mail_in_base64,
        a_mail_quoted_printable,
        a_parquet_file,
        a_duckdb_file,
        a_sqlite_file,
        a_row_deleted_from_a_sqlite_file,
        a_mail_in_a_sqlite_file,
        the_name_of_a_file,
    ],
)
def test_a_planted_value_is_found_in(tmp_path: Path, plant: object) -> None:
    assert callable(plant)
    plant(tmp_path / "file.bin")

    found = leaks_in_files(tmp_path, [MARKED])

    assert {leak.value.lower() for leak in found} == {MARK.lower()}


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    a_text(tmp_path / "kept" / "file")
    (tmp_path / "clean").write_text("a line about 1047 cases", encoding="utf-8")

    assert leaks_in_files(tmp_path, [MARKED], without=[tmp_path / "kept"]) == []


def test_an_identifier_of_the_samples_is_told_from_what_looks_like_one() -> None:
    landed = frozenset({"EX-C000017", "SW0000000062"})

    found = leaks_in_text("EX-C000017,EX-C999999,SW0000000062", [SAMPLE_IDENTIFIER], landed)

    assert found == landed


def test_a_few_letters_of_what_is_sealed_are_no_identifier_of_the_samples() -> None:
    assert leaks_in_text("gAAAAB EX-4 EXW-P07 EX-WP1", [SAMPLE_IDENTIFIER], None) == set()
    assert leaks_in_text("EXT-WP01 EX-POST0001", [SAMPLE_IDENTIFIER], None) == {"EXT-WP01", "EX-POST0001"}
