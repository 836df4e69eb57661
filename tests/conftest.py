"""Every test starts without the machine's own CASELOAD_ settings; pyproject.toml keeps it off the network."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CASELOAD_")]:
        monkeypatch.delenv(name)
