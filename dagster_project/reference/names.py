"""Which unit or role a written name means. The only place where names are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, str]
LEVEL_DEPTH = {"council": 0, "division": 1, "service": 2, "team": 3}


@dataclass(frozen=True)
class UnitName:
    """One name a unit answers to while the unit is in force (`valid_to` exclusive, empty = still)."""

    council: str
    name_key: str
    unit: str
    valid_from: str
    valid_to: str


@dataclass(frozen=True)
class RoleName:
    """One name a role answers to in a council."""

    council: str
    name_key: str
    role: str


def name_key(name: str) -> str:
    """The form in which names are compared: without case and extra spaces."""
    return " ".join(name.lower().split())


def unit_names(org_units: Sequence[Row], aliases: Sequence[Row]) -> list[UnitName]:
    """Every name of every unit, each once per council and period.

    A slug beats an alias and an alias a name; of two units with one name the lower one is meant, for rows come
    from teams. Units whose periods do not overlap may share a name.
    """
    by_slug = {(unit["council"], unit["unit"]): unit for unit in org_units}
    claims: list[tuple[int, int, Row, str]] = []
    for unit in org_units:
        depth = -LEVEL_DEPTH.get(unit["level"], 0)
        claims.append((0, depth, unit, name_key(unit["unit"])))
        claims.append((2, depth, unit, name_key(unit["name"])))
    for alias in aliases:
        aliased = by_slug.get((alias["council"], alias["unit"]))
        if aliased:
            claims.append((1, -LEVEL_DEPTH.get(aliased["level"], 0), aliased, name_key(alias["alias"])))
    claims.sort(key=lambda claim: (claim[0], claim[1], claim[2]["council"], claim[2]["unit"], claim[3]))
    taken: dict[tuple[str, str], list[UnitName]] = {}
    for _, _, unit, key in claims:
        name = UnitName(unit["council"], key, unit["unit"], unit["valid_from"], unit["valid_to"])
        others = taken.setdefault((name.council, name.name_key), [])
        if not any(_overlap(name, other) for other in others):
            others.append(name)
    return [name for names in taken.values() for name in names]


def _overlap(one: UnitName, other: UnitName) -> bool:
    return (not one.valid_to or other.valid_from < one.valid_to) and (
        not other.valid_to or one.valid_from < other.valid_to
    )


def role_names(roles: Sequence[Row], aliases: Sequence[Row], councils: Iterable[str]) -> list[RoleName]:
    """Every name of every role for every council; a council's own alias beats a generic one, a slug both."""
    councils = sorted(councils)
    names: dict[tuple[str, str], RoleName] = {}
    generic = [alias for alias in aliases if not alias["council"]]
    own = [alias for alias in aliases if alias["council"]]
    for council in councils:
        for alias in [*generic, *(alias for alias in own if alias["council"] == council)]:
            key = name_key(alias["alias"])
            names[(council, key)] = RoleName(council, key, alias["role"])
        for role in roles:
            key = name_key(role["role"])
            names[(council, key)] = RoleName(council, key, role["role"])
    return list(names.values())
