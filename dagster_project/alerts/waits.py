"""When what was not taken is offered again, and when no more: rows of send_waits.csv. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

GIVEN_UP = None


@dataclass(frozen=True)
class Waits:
    """Minutes to wait after so many failures of a kind; None: give up. Without rows: at once, and for ever."""

    minutes: Mapping[tuple[str, int], int | None] = field(default_factory=dict)

    def after(self, kind: str, failures: int) -> timedelta | None:
        """How long to wait after that many failures; the row with the most failures holds for all later ones."""
        rows = {count: wait for (of, count), wait in self.minutes.items() if of == kind and count <= failures}
        if not rows:
            return timedelta(0)
        wait = rows[max(rows)]
        return GIVEN_UP if wait is None else timedelta(minutes=wait)

    @property
    def longest(self) -> timedelta:
        """No message waits longer than this from now on."""
        return timedelta(minutes=max((wait for wait in self.minutes.values() if wait is not None), default=0))


NO_WAITS = Waits()


def read_waits(rows: Iterable[Mapping[str, str]]) -> Waits:
    return Waits(
        {
            (row["kind"], int(row["failures"])): int(row["wait_minutes"]) if row["wait_minutes"] else None
            for row in rows
        }
    )
