"""Which spelling of a team or role one delivery uses: systems differ, and change their minds over a year."""

from __future__ import annotations

from datetime import date

from dagster_project.samples.spellings import Spellings
from dagster_project.samples.writing import FileForm

EXTRACT_TURNS = {"caseload": 0, "workforce": 1, "posts": 1, "offers": 2, "agency_spend": 3, "visits": 1}


class MonthNames:
    """Spellings of one extract in one month, the same one throughout."""

    def __init__(self, spellings: Spellings, extract: str, month: date, form: FileForm) -> None:
        self._spellings = spellings
        self._turn = EXTRACT_TURNS.get(extract, 0) + month.month // 2
        self._typographic = form.typographic
        self._units: dict[str, str] = {}
        self._roles: dict[str, str] = {}

    def unit(self, slug: str) -> str:
        if slug not in self._units:
            self._units[slug] = self._spellings.unit(slug, self._turn, self._typographic)
        return self._units[slug]

    def role(self, slug: str) -> str:
        if slug not in self._roles:
            self._roles[slug] = self._spellings.role(slug, self._turn)
        return self._roles[slug]
