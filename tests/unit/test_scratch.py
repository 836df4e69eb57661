"""What a reading spills to disk can be read by nobody."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from dagster_project.scratch import in_memory

MARK = "WORKER-0047"


def test_rows_that_do_not_fit_in_memory_are_written_encrypted_and_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with in_memory() as connection:
        connection.execute("set memory_limit = '40MB'; set threads = 1; set preserve_insertion_order = false")
        connection.execute(
            f"create temp table sent as select range as row_number, '{MARK}' || repeat(md5(range::varchar), 3) as cell "
            "from range(600000)"
        )
        spilled = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in spilled) > 1_000_000
        assert not any(MARK.encode() in path.read_bytes() for path in spilled)
        found = connection.execute(f"select count(*) from sent where cell like '{MARK}%'").fetchone()
        assert found == (600000,)
    assert not list(tmp_path.iterdir())
