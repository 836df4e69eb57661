"""How people write a council's units and roles: the names and aliases of `seeds/`, no list of its own."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from dagster_project.reference import name_key
from dagster_project.settings import PROJECT_ROOT

SEEDS = PROJECT_ROOT / "seeds"
# A role's first aliases are what HR systems print; later ones are rare forms and headings of papers.
USUAL_ROLE_SPELLINGS = 2


class Spellings:
    """Every spelling of one council's units and of the roles. Slugs are known, but people write names."""

    def __init__(self, council: str, seeds: Path = SEEDS) -> None:
        self.units: dict[str, list[str]] = {}
        self.roles: dict[str, list[str]] = {}
        self.social_work_roles: set[str] = set()
        self.case_roles: set[str] = set()
        self.manager_roles: set[str] = set()
        for row in _rows(seeds / "org_units.csv"):
            if row["council"] == council:
                self.units[row["unit"]] = [row["name"]]
        for row in _rows(seeds / "unit_aliases.csv"):
            if row["council"] == council:
                self.units[row["unit"]].append(row["alias"])
        for row in _rows(seeds / "roles.csv"):
            self.roles[row["role"]] = []
            if row["is_social_worker"] == "true":
                self.social_work_roles.add(row["role"])
            if row["carries_cases"] == "true":
                self.case_roles.add(row["role"])
            if row["role_group"] == "manager":
                self.manager_roles.add(row["role"])
        for row in _rows(seeds / "role_aliases.csv"):
            if row["council"] in ("", council):
                self.roles[row["role"]].append(row["alias"])
        self._known_units = {name_key(name) for slug, names in self.units.items() for name in (slug, *names)}
        self._known_roles = {name_key(name) for slug, names in self.roles.items() for name in (slug, *names)}

    def unit(self, slug: str, turn: int, typographic: bool = False) -> str:
        """A spelling of the unit; turns go round them all, or only round those with a curly apostrophe."""
        names = self.units[slug]
        if typographic:
            names = [name for name in names if not name.isascii()] or names
        return names[turn % len(names)]

    def role(self, slug: str, turn: int) -> str:
        names = self.roles[slug][:USUAL_ROLE_SPELLINGS]
        return names[turn % len(names)]

    def knows_unit(self, name: str) -> bool:
        return name_key(name) in self._known_units

    def knows_role(self, name: str) -> bool:
        return name_key(name) in self._known_roles


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
