"""docs/start.md is walked: its reference rows, files and decisions, up to what a load accepts and refuses."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from deliveries_fixture import KEY, arrive
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.settings import PROJECT_ROOT, Settings

PAGE = (PROJECT_ROOT / "docs" / "start.md").read_text(encoding="utf-8")
SENT = PROJECT_ROOT / "docs" / "fernshire"
MAPPINGS = {"fernshire_hr": "HR Staff List October 2026.csv", "fernshire_ledger": "agency ledger 2026-10.csv"}


def _counts(home: Settings) -> dict[str, tuple[int, int, bool]]:
    return {d.extract: (d.rows_accepted, d.rows_rejected, d.is_refused) for d in arrive(home).recorded}


def test_the_first_hour_ends_with_the_month_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Settings(home=tmp_path, pseudonym_key_variable=KEY)
    monkeypatch.setenv("CASELOAD_HOME", str(tmp_path))
    written = re.findall(r"^`(\w+)\.csv`.*?```csv\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    home.council_reference.mkdir(parents=True)
    for name, rows in written:
        if name != "council_sources":
            (home.council_reference / f"{name}.csv").write_text(rows, encoding="utf-8")
    for name, file in MAPPINGS.items():
        words = ["inspect", str(SENT / file), "--council", "fernshire", "--write", name]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
    (codes,) = re.findall(r"^ +cost_type: .*codes.*\n", PAGE, re.MULTILINE)
    for mapping in home.council_sources.glob("*.yml"):
        proposed = mapping.read_text(encoding="utf-8")
        agreed = re.sub(r"^      # ([a-z_]*: \{headers)", r"      \1", proposed, flags=re.MULTILINE)
        lines = agreed.splitlines(keepends=True)
        lines = [codes if line.startswith("      cost_type: ") else line for line in lines]
        mapping.write_text("".join(lines), encoding="utf-8")
    (home.council_reference / "council_sources.csv").write_text(dict(written)["council_sources"])
    month = home.landing / "fernshire" / "2026-10"
    shutil.copytree(SENT, month)

    assert _counts(home) == {
        "workforce": (12, 0, False),
        "agency_spend": (6, 0, False),
        "caseload": (0, 2, True),
    }

    (alias,) = re.findall(r"echo '(fernshire,.*)' >>", PAGE)
    with (home.council_reference / "unit_aliases.csv").open("a", encoding="utf-8") as aliases:
        aliases.write(alias + "\n")
    assert _counts(home) == {"caseload": (58, 2, False)}
