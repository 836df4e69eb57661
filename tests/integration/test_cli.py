"""The command line as its user meets it: arguments in, words and an exit code out; no traceback, no raw identifier."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import (
    KEY,
    REFERENCE,
    Row,
    arrive,
    csv_bytes,
    land,
    lines_of,
    make_home,
    rows_of,
    workbook,
    write_reference,
)
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.cli import main
from dagster_project.settings import Settings

DONE, FAILED, WRONG_USAGE = 0, 1, 2


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Both streams, with the line breaks of a narrow terminal taken out."""
        return " ".join((self.out + " " + self.err).split())


def run(home: Path, *arguments: str, key: str | None = KEY, **environment: str) -> Ran:
    """The command in this process, with its own environment."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["caseload", *arguments])
        for name in [name for name in os.environ if name.startswith("CASELOAD_")]:
            patched.delenv(name)
        for name, value in {
            "CASELOAD_HOME": str(home),
            "CASELOAD_PSEUDONYM_KEY": key or "",
            **environment,
        }.items():
            patched.setenv(name, value)
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main()
                code: object = DONE
            except SystemExit as end:
                code = end.code or DONE
    assert isinstance(code, int), code
    return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "home").home


MARK = "ZQX"


def marked(extract: str, count: int) -> list[Row]:
    """Rows whose identifiers and other words of their own all carry one mark."""
    rows = rows_of(extract, count)
    for row in rows:
        for column in row:
            if column.endswith(("_id", "_no")) and row[column]:
                row[column] = f"{MARK}{row[column]}"
    return rows


@dataclass(frozen=True)
class Loaded:
    settings: Settings
    first: Ran
    again: Ran
    status: Ran


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """One month with every kind of bad row and one refused file, loaded twice by the command."""
    known = make_home(tmp_path_factory.mktemp("installation"))
    recipients = (
        "council,unit,severity,channel,role\nnorthshire,,info,mailto:head@example.org,head of service\n"
    )
    odd_name = REFERENCE["org_units"].replace("Birch Assessment", "Birch [/b] Assessment")
    write_reference(known, alert_recipients=recipients, org_units=odd_name)
    cases = marked("caseload", 100)
    cases[0]["case_type"] = f"{MARK} Jane Smith"
    cases[1]["opened_on"] = f"{MARK}-2024"
    cases[2]["worker_id"] = ""
    cases[3]["team"] = f"{MARK} team of Jane Smith"
    cases[4]["case_id"] = "1.23E+05"
    cases[5] |= {
        "closed_on": "2024-05-09",
        "closure_outcome": "transferred",
        "transferred_to": f"{MARK} away",
    }
    land(known, "caseload.csv", csv_bytes([*cases, cases[9]]) + f"Note: {MARK} told us\r\n".encode())
    land(known, "workforce.csv", marked("workforce", 6))
    land(
        known,
        "agency_spend.csv",
        [{**row, "supplier": f"{MARK} Ltd"} for row in marked("agency_spend", 3)],
    )
    posts = marked("posts", 4)
    land(known, "posts.csv", [*posts, {**posts[0], "fte": "0.25"}])
    land(known, "offers.csv", b'offer_id,role,employment,fte,expected_start_on\r\n"' + MARK.encode())
    return Loaded(known, run(known.home, "load"), run(known.home, "load"), run(known.home, "status"))


def test_a_load_with_a_refused_file_prints_why_publishes_the_rest_and_exits_1(loaded: Loaded) -> None:
    assert loaded.first.code == FAILED
    assert "posts.csv: one key (post_id) with different values, rows 2 and 6" in loaded.first.words
    assert "offers.csv: unreadable near line 2: an open quote" in loaded.first.words
    assert "Ashfield DCPT" in loaded.first.out and "Birch [/b] Assessment" in loaded.first.out
    assert (loaded.settings.published / "current" / "marts.duckdb").is_file()


def test_a_load_in_a_pipe_tells_its_phases_on_standard_error_and_draws_no_bar(loaded: Loaded) -> None:
    assert loaded.first.err.splitlines()[0] == "... reading what landed"
    assert "\x1b" not in loaded.first.out + loaded.first.err


def test_the_same_load_again_says_that_nothing_is_new_and_exits_0(loaded: Loaded) -> None:
    assert loaded.again.code == DONE
    assert "Nothing new: the marts are as they were." in loaded.again.out
    assert "3 deliveries were loaded before and have not changed." in loaded.again.out
    assert "Refused before, unchanged since" in loaded.again.out


def test_status_shows_refusals_missing_extracts_and_quarantine_by_rule(loaded: Loaded) -> None:
    words = loaded.status.words

    assert loaded.status.code == DONE
    assert "posts.csv: one key (post_id) with different values" in words
    for rule in ("digits_lost", "code", "date"):
        assert f" {rule} " in words
    assert "repeated rows in 1" in words and "unmapped rows in 1" in words and "notes in 1" in words


def test_no_raw_identifier_is_printed(loaded: Loaded) -> None:
    for ran in (loaded.first, loaded.again, loaded.status):
        for raw in (MARK, "Jane", "Smith", "1.23E+05"):
            assert raw.lower() not in (ran.out + ran.err).lower()


def test_no_raw_identifier_lies_in_manifest_logs_checks_or_mail(loaded: Loaded) -> None:
    known = loaded.settings
    looked_at = [known.manifest, known.alert_ledger, *known.outbox.rglob("*.eml")]
    looked_at += [
        path for path in (known.warehouse / "dbt").rglob("*") if path.suffix in {".log", ".json", ".sql"}
    ]
    looked_at += [*(known.warehouse / "checks").rglob("*.json"), *known.merged_reference.rglob("*.csv")]
    assert any(path.suffix == ".eml" for path in looked_at) and any(
        path.suffix == ".json" for path in looked_at
    )
    for path in looked_at:
        content = path.read_bytes()
        assert MARK.encode() not in content and b"Jane" not in content, path
    for path in known.outbox.rglob("*.eml"):
        for part in message_from_bytes(path.read_bytes(), policy=policy.default).walk():
            assert part.is_multipart() or MARK not in str(part.get_content())


def test_no_raw_identifier_lies_in_the_published_internal_files(loaded: Loaded) -> None:
    current = loaded.settings.published / "current"
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{(current / 'marts.duckdb').resolve()}' as marts (read_only)")
        tables = [f"marts.main.{row[0]}" for row in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'marts'").fetchall()]  # fmt: skip
        tables += [f"'{path}'" for path in (current / "parquet").iterdir()]
        assert len(tables) > 10
        for table in tables:
            found = connection.execute(
                f"select count(*) from {table} as t where contains(cast(t as varchar), '{MARK}')"
            ).fetchone()
            assert found == (0,), table


def test_people_without_the_right_read_neither_archive_nor_restricted_marts(loaded: Loaded) -> None:
    for folder in (loaded.settings.archive, (loaded.settings.published / "current" / "restricted").resolve()):
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0, folder


def test_publish_copies_the_internal_tier_and_the_restricted_when_asked(
    loaded: Loaded, tmp_path: Path
) -> None:
    plain = run(loaded.settings.home, "publish", "--to", str(tmp_path / "share"))
    assert plain.code == DONE and "files copied to" in plain.words
    assert not (tmp_path / "share" / "restricted").exists()
    assert not [path for path in (tmp_path / "share").rglob("*") if path.is_symlink()]

    assert run(loaded.settings.home, "publish", "--to", str(tmp_path / "safe"), "--restricted").code == DONE
    assert (tmp_path / "safe" / "restricted" / "marts.duckdb").is_file()


def test_publish_copies_the_public_tier_alone(loaded: Loaded, tmp_path: Path) -> None:
    site = tmp_path / "site"

    assert run(loaded.settings.home, "publish", "--to", str(site), "--tier", "public").code == DONE

    with duckdb.connect(str(site / "marts.duckdb"), read_only=True) as public:
        tables = {name for (name,) in public.execute("select table_name from duckdb_tables()").fetchall()}
        small = public.execute(
            "select count(*) from caseload_bands where open_cases between 1 and 4"
        ).fetchone()
        columns = [row[0] for row in public.execute("describe caseload_bands").fetchall()]
    assert {"caseload_bands", "throughput", "threshold_breaches"} <= tables
    assert not tables & {"worker_caseloads", "data_quality", "deliveries", "caseload_bridge"}
    assert small == (0,) and columns[-1] == "suppressed"
    assert sorted(path.name for path in site.iterdir()) == ["marts.duckdb", "parquet", "site"]
    assert stat.S_IMODE((site / "marts.duckdb").stat().st_mode) == 0o644
    wrong = run(loaded.settings.home, "publish", "--to", str(site), "--tier", "secret")
    assert wrong.code == 2


def test_publish_to_a_folder_that_cannot_be_written_exits_1_with_a_sentence(
    loaded: Loaded, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")

    ran = run(loaded.settings.home, "publish", "--to", str(tmp_path / "file" / "below"))

    assert ran.code == FAILED and ran.err.startswith("Error: cannot write to ") and ran.out == ""


def test_publish_before_a_first_load_exits_1_with_a_sentence(home: Path, tmp_path: Path) -> None:
    ran = run(home, "publish", "--to", str(tmp_path / "share"))

    assert (
        ran.code == FAILED and "nothing is published yet" in ran.words and not (tmp_path / "share").exists()
    )


def test_a_load_of_nothing_exits_0(home: Path) -> None:
    ran = run(home, "load")

    assert ran.code == DONE and "Nothing new" in ran.out


def test_a_load_of_nothing_without_a_key_says_so_too(home: Path) -> None:
    ran = run(home, "load", key=None)

    assert ran.code == FAILED and "CASELOAD_PSEUDONYM_KEY is not set" in ran.words


def test_a_load_without_a_key_exits_1_and_says_how_to_set_one(home: Path) -> None:
    land(Settings(home=home), "caseload.csv", rows_of("caseload", 3))

    ran = run(home, "load", key=None)

    assert ran.code == FAILED and "CASELOAD_PSEUDONYM_KEY is not set" in ran.words


def test_a_load_with_another_key_exits_1_and_names_the_council(home: Path) -> None:
    known = Settings(home=home, pseudonym_key_variable=KEY)
    land(known, "caseload.csv", rows_of("caseload", 3))
    arrive(known)
    land(known, "caseload.csv", rows_of("caseload", 4))

    ran = run(home, "load", key="another")

    assert ran.code == FAILED and "not the key the archive of northshire was made with" in ran.words
    assert "another" not in ran.words.replace("another key", "")


def test_a_load_beside_another_one_exits_1_with_a_sentence(home: Path) -> None:
    with FileLock(home / ".load.lock"):
        ran = run(home, "load")

    assert ran.code == FAILED and "another load is at work" in ran.words


def test_reference_data_that_cannot_be_used_exits_1_and_lists_every_problem(home: Path) -> None:
    (home / "reference" / "unit_aliases.csv").write_text(
        "council,alias,unit\nnorthshire,x,nope\nnorthshire,y,no\n"
    )

    ran = run(home, "load")

    assert ran.code == FAILED and "The reference data cannot be used" in ran.words
    assert "row 2, column unit: 'nope'" in ran.words and "row 3, column unit: 'no'" in ran.words


def test_status_before_a_first_load_says_what_to_do(home: Path) -> None:
    ran = run(home, "status")

    assert ran.code == DONE and "Nothing has been loaded yet" in ran.words


def test_status_reports_a_gap_between_the_months_loaded(home: Path) -> None:
    known = Settings(home=home, pseudonym_key_variable=KEY)
    for month in ("2024-05", "2024-01", "2024-04"):
        land(known, "caseload.csv", [{**r, "opened_on": "2023-11-06"} for r in rows_of("caseload", 3)], month)
        arrive(known)

    assert "Months missing between those loaded: 2024-02, 2024-03" in run(home, "status").words


def test_status_remarks_on_what_was_no_data_though_nothing_is_in_quarantine(home: Path) -> None:
    known = Settings(home=home, pseudonym_key_variable=KEY)
    land(known, "caseload.csv", csv_bytes(rows_of("caseload", 3)) + b"Total,3,,,,,,,,,,,\r\n")
    arrive(known)

    assert "Remarked: total rows in 1" in run(home, "status").words


def test_status_forgets_a_refused_month_pack_that_could_be_opened_later(home: Path) -> None:
    known = Settings(home=home, pseudonym_key_variable=KEY)
    whole = workbook({"caseload": lines_of(rows_of("caseload", 3))})
    land(known, "pack.xlsx", whole[:200])
    arrive(known)
    assert "pack.xlsx: unreadable as a workbook" in run(home, "status").words
    land(known, "pack.xlsx", whole)
    arrive(known)

    assert "pack.xlsx" not in run(home, "status").words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["load", "--month", "2018"], "--month '2018' is not a month: write it as YYYY-MM"),
        (["load", "--month", "2018-13"], "is not a month"),
        (["load", "--month", "2018-05", "--from", "2018-01"], "give either --month, or --from and --to"),
        (["load", "--from", "2018-05", "--to", "2018-01"], "--from 2018-05 is later than --to 2018-01"),
        (["load", "--council", "nowhere"], "--council 'nowhere' is not registered; known are "),
        (["load", "--colour", "red"], "No such option"),
        (["load", "extra"], "unexpected extra argument"),
        (["lode"], "No such command"),
        (["publish"], "Missing option"),
        (["status", "--from", "x"], "is not a month"),
        ([], "Exit codes"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_wrong(home: Path, arguments: Sequence[str], words: str) -> None:
    ran = run(home, *arguments)

    plain = " ".join(ran.words.replace("│", " ").split())
    assert ran.code == WRONG_USAGE and words in plain, plain


@pytest.mark.parametrize("path", ["archive", "archive/manifest.sqlite", "published", "landing"])
def test_an_installation_with_a_stray_file_in_place_of_its_own_ends_in_a_sentence(
    home: Path, path: str
) -> None:
    if path != "landing":
        land(Settings(home=home), "caseload.csv", rows_of("caseload", 3))
    if path != "published":
        (home / path).parent.mkdir(exist_ok=True)
        (home / path).write_bytes(b"neither a folder nor a database " * 100)
    (home / "warehouse").write_text("not a folder")

    ran = run(home, "load")

    assert ran.code in (DONE, FAILED) and "Traceback" not in ran.words
    assert ran.code == DONE or ran.err.splitlines()[-1].startswith("Error: ")


def test_settings_that_cannot_be_used_exit_1_with_a_sentence(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    assert "CASELOAD_SMTP_PORT is 'abc'" in run(home, "load", CASELOAD_SMTP_PORT="abc").words
    for odd in (str(tmp_path / "file"), "~nobody-of-that-name/x"):
        ran = run(home, "load", CASELOAD_HOME=odd)
        assert ran.code == FAILED and ran.err.startswith("Error: ") and "Traceback" not in ran.words


ARGUMENTS = st.lists(
    st.one_of(
        st.sampled_from(
            ["--council", "--month", "--from", "--to", "--restricted", "--help", "--", "-x", "2018-05"]
        ),
        st.sampled_from(
            ["northshire", "2024-02-30", "0000-01", "9999-12", "", "[/bold]", "../..", "-1", "²"]
        ),
        st.text(max_size=6),
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["load", "status", "publish", "lode"]), ARGUMENTS)
def test_whatever_is_typed_ends_in_an_exit_code_and_no_traceback(
    home: Path, command: str, arguments: list[str]
) -> None:
    ran = run(home, command, *arguments)

    assert ran.code in (DONE, FAILED, WRONG_USAGE)
    assert "Traceback" not in ran.words and "Unexpected" not in ran.err.replace("Unexpected extra", "")


def test_the_installed_command_teaches_itself() -> None:
    command = Path(sys.executable).with_name("caseload")

    shown = subprocess.run([command, "load", "--help"], capture_output=True, text=True, check=False)

    assert shown.returncode == DONE and "caseload load --from 2023-04 --to 2024-03" in " ".join(
        shown.stdout.split()
    )


def test_the_installed_command_exits_1_without_a_key(home: Path) -> None:
    land(Settings(home=home), "caseload.csv", rows_of("caseload", 3))
    environment = {"PATH": os.environ["PATH"], "CASELOAD_HOME": str(home)}
    command = Path(sys.executable).with_name("caseload")

    ended = subprocess.run([command, "load"], capture_output=True, text=True, check=False, env=environment)

    assert ended.returncode == FAILED and ended.stderr.strip().splitlines()[-1].startswith(
        "Error: CASELOAD_PSEUDONYM_KEY"
    )
