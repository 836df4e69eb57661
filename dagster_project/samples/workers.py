"""The people of a sample council: workers, posts and the spells that workers hold them for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from dagster_project.samples.months import month_end


@dataclass(eq=False)
class Worker:
    worker_id: str
    registration_no: str | None = None
    qualified_on: date | None = None
    asye_until: date | None = None
    absences: list[tuple[str, date, date]] = field(default_factory=list)

    def absence(self, day: date) -> str | None:
        return next((reason for reason, first, last in self.absences if first <= day <= last), None)


@dataclass(eq=False)
class Post:
    """A funded post, or with an empty `post_id` the place of a supernumerary worker.

    `fte` and every other FTE here is in hundredths, so that totals are exact.
    """

    post_id: str
    unit: str
    role: str
    fte: int
    created_on: date | None = None

    def exists(self, day: date) -> bool:
        return self.created_on is None or self.created_on <= day


@dataclass(eq=False)
class Spell:
    """One worker in one post from a first to a last day. `load` is the cases held now.

    `contract_id` names the managed contract that the worker came with.
    """

    worker: Worker
    post: Post
    employment: str
    fte: int
    started_on: date
    ended_on: date | None = None
    leaving_reason: str | None = None
    accepted_on: date | None = None
    load: int = 0
    contract_id: str | None = None

    @property
    def unit(self) -> str:
        return self.post.unit

    @property
    def role(self) -> str:
        return self.post.role

    def in_post(self, day: date) -> bool:
        return self.started_on <= day and (self.ended_on is None or self.ended_on >= day)

    def overlaps(self, month: date) -> bool:
        return self.started_on <= month_end(month) and (self.ended_on is None or self.ended_on >= month)

    def end(self, day: date, reason: str) -> None:
        self.ended_on, self.leaving_reason = day, reason


@dataclass
class Workforce:
    posts: list[Post] = field(default_factory=list)
    spells: list[Spell] = field(default_factory=list)

    def in_post(self, day: date) -> list[Spell]:
        return [spell for spell in self.spells if spell.in_post(day)]


def partition(hundredths: int, part_time: bool) -> list[int]:
    """Contracts in hundredths of an FTE that add up exactly: mostly full time, some 0.8, 0.6 and 0.5."""
    pattern = (100, 100, 80, 100, 100, 60, 100, 100, 50, 100) if part_time else (100,)
    parts: list[int] = []
    while hundredths - sum(parts) > 200:
        parts.append(pattern[len(parts) % len(pattern)])
    rest = hundredths - sum(parts)
    if rest <= 100:
        return [*parts, rest] if rest else parts
    first = 100 if rest >= 150 else rest - 50
    return [*parts, first, rest - first]
