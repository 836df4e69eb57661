"""What libraries hand on of the operating system is told in its words, and nothing else of theirs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import duckdb
import pytest

from dagster_project.errors import said_by_the_system


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (duckdb.IOException('Could not write "/x/Jane": No space left on device'), "No space left on device"),
        (duckdb.IOException('Cannot open "/x/Jane": Read-only file system'), "Read-only file system"),
        (sqlite3.OperationalError("database or disk is full"), "No space left on device"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "Read-only file system"),
        (sqlite3.OperationalError("disk I/O error"), "Input/output error"),
        (duckdb.FatalException("FATAL Error: fsync failed!"), "Input/output error"),
        (
            sqlite3.OperationalError("unable to open database file"),
            "unable to open database file: no room, no leave to write, or its folder is gone",
        ),
        (sqlite3.OperationalError("near Jane: syntax error"), ""),
        (ValueError("Jane: No space left on device"), ""),
    ],
)
def test_a_full_or_closed_disk_is_told_whoever_met_it(error: Exception, told: str) -> None:
    assert said_by_the_system(error) == told


INTERRUPTED_IN_A_QUERY = """
import os, signal, threading, time
import duckdb
from dagster_project import cli

def query():
    threading.Thread(target=lambda: (time.sleep(0.5), os.kill(os.getpid(), signal.SIGINT)), daemon=True).start()
    duckdb.sql("select count(*) from range(1000000000) a, range(100) b where a.range % 7 = b.range % 3").fetchall()

signal.signal(signal.SIGINT, signal.default_int_handler)
cli.app = query
cli.main()
"""


def test_ctrl_c_in_the_middle_of_a_query_is_no_fault_of_ours() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IN_A_QUERY],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
