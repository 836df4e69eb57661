"""How dbt reaches an encrypted warehouse: a plugin attaches it, so that no profile, log or artifact has the key."""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from dagster_project.settings import Settings, load_settings
from dagster_project.warehouse_file import CATALOG, attach_warehouse

_offered: list[Settings] = []


def offer(settings: Settings) -> None:
    """The installation that dbt works on from now on in this process; the environment's where none was offered."""
    _offered[:] = [settings]


class Plugin(BasePlugin):  # type: ignore[misc]  # the adapter has no types
    """Named in profiles.yml; dbt attaches the same file again, if it is not there yet, and finds it there."""

    def configure_connection(self, conn: Any) -> None:
        settings = _offered[0] if _offered else load_settings()
        attach_warehouse(conn, settings, CATALOG, read_only=False)
