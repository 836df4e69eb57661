"""Which cells of a month are hidden besides the small ones, so that no total gives them back. Knows a tree and numbers.

A unit is its own rows and the units below it. A hidden cell stays hidden while other data would look the same from
outside: some hidden cell falls by as much as this one rises, and every total in between stays what it is. How far a
cell can rise and fall in its own row is what a `Freedom` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

ANY = 10**9
"""A cell that nothing in its own row keeps from rising."""

Cell = tuple[str, str]
"""Unit and quantity."""


@dataclass(frozen=True)
class Freedom:
    """How far a cell can rise and fall by changes of hidden cells of its own row."""

    rise: float
    fall: float


@dataclass(frozen=True)
class Tree:
    """The units of a month: `below` a unit its children; one unit has no parent."""

    below: Mapping[str, Sequence[str]]
    above: Mapping[str, str]

    @property
    def from_the_bottom(self) -> list[str]:
        """Every unit that has others below it, the deepest first."""
        return sorted(self.below, key=lambda unit: (-len(self.path(unit)), unit))

    def path(self, unit: str) -> list[str]:
        """The units above it, nearest first."""
        units: list[str] = []
        while unit in self.above:
            unit = self.above[unit]
            units.append(unit)
        return units


@dataclass(frozen=True)
class Block:
    """Cells that are hidden together, unit by unit.

    `freedom` holds a cell of each unit and quantity that was delivered. `must` are the units that are hidden anyway,
    `small` the cells among them that nobody may be able to tell. `pooled` quantities move only as far as all hidden
    units of a family have of it together. `least` is how many values a small cell has to be left with.
    """

    freedom: Mapping[Cell, Freedom]
    size: Mapping[str, float]
    must: frozenset[str]
    small: frozenset[Cell]
    least: float
    pooled: frozenset[str] = frozenset()


@dataclass
class _Wish:
    """A small cell that needs others to move against: how far it could, by its own row."""

    quantity: str
    own: Freedom
    pool: float = 0
    carried_by: set[str] = field(default_factory=set)


def hidden_units(tree: Tree, block: Block) -> frozenset[str]:
    """The units whose cells of the block are hidden: those that must be, and others until no total gives one back.

    Deterministic: of siblings that protect, the one with the smallest figure, then by slug; the unit above only where
    the siblings cannot.
    """
    return _Closing(tree, block).run()


class _Closing:
    def __init__(self, tree: Tree, block: Block) -> None:
        self.tree, self.block = tree, block
        self.units = {unit for unit, _ in block.freedom}
        self.quantities = sorted({quantity for _, quantity in block.freedom})
        self.hidden = set(block.must)
        self.wishes: dict[str, list[_Wish]] = {}
        for unit, quantity in sorted(block.small):
            freedom = block.freedom[unit, quantity]
            wish = _Wish(quantity, freedom, freedom.fall if quantity in block.pooled else 0)
            self.wishes.setdefault(unit, []).append(wish)

    def run(self) -> frozenset[str]:
        for parent in self.tree.from_the_bottom:
            self._protect_within(parent)
        for parent in reversed(self.tree.from_the_bottom):
            if parent in self.hidden:
                self._let_move(parent)
        return frozenset(self.hidden & self.units)

    def _protect_within(self, parent: str) -> None:
        """Hide siblings until each small cell can move against them; what they cannot do the unit above has to."""
        family = list(self.tree.below[parent])
        while unmet := self._unmet(family):
            helper = self._helper([u for u in family if u not in self.hidden and u in self.units], unmet)
            if helper is None:
                self.hidden.add(parent)
                self.wishes.setdefault(parent, []).extend(wish for _, wish in unmet)
                return
            self.hidden.add(helper)

    def _unmet(self, family: Iterable[str]) -> list[tuple[str, _Wish]]:
        family = list(family)
        return [
            (unit, wish)
            for unit in family
            for wish in self.wishes.get(unit, [])
            if not self._is_met(wish, [u for u in family if u != unit and u in self.hidden])
        ]

    def _is_met(self, wish: _Wish, others: Sequence[str]) -> bool:
        needed = self.block.least - 1
        freedoms = [self.block.freedom.get((unit, wish.quantity), Freedom(0, 0)) for unit in others]
        fall = sum(freedom.fall for freedom in freedoms)
        rise = sum(freedom.rise for freedom in freedoms)
        if wish.quantity in self.block.pooled:
            return bool(freedoms) and wish.pool + fall >= needed
        if wish.own.rise >= ANY:
            # With zeros alone beside it a total would be the small number itself.
            return fall > 0 and wish.own.fall + fall >= self.block.least
        # A visible whole may leave fewer values than that; then each of them has to stay possible.
        needed = min(needed, wish.own.rise + wish.own.fall)
        return bool(freedoms) and min(wish.own.rise, fall) + min(wish.own.fall, rise) >= needed

    def _helper(self, candidates: Sequence[str], unmet: Sequence[tuple[str, _Wish]]) -> str | None:
        """The smallest sibling that meets every wish, else the smallest that adds to one."""
        ordered = sorted(candidates, key=lambda unit: (self.block.size.get(unit, 0), unit))
        useful = [unit for unit in ordered if any(self._adds(unit, wish) for _, wish in unmet)]
        for unit in useful:
            self.hidden.add(unit)
            family = self.tree.below[self.tree.above[unit]]
            is_enough = not self._unmet(family)
            self.hidden.discard(unit)
            if is_enough:
                return unit
        return useful[0] if useful else None

    def _adds(self, unit: str, wish: _Wish) -> bool:
        freedom = self.block.freedom.get((unit, wish.quantity))
        if freedom is None:
            return False
        if wish.quantity in self.block.pooled:
            return freedom.fall > 0
        if wish.own.rise >= ANY:
            return freedom.fall > 0
        return (wish.own.rise > 0 and freedom.fall > 0) or (wish.own.fall > 0 and freedom.rise > 0)

    def _let_move(self, parent: str) -> None:
        """A hidden unit above teams moves only as its hidden units below do: enough of them have to be."""
        family = [unit for unit in self.tree.below[parent] if unit in self.units]
        while lacking := [q for q in self.quantities if self._lacks(parent, family, q)]:
            ordered = sorted(
                (unit for unit in family if unit not in self.hidden),
                key=lambda unit: (self.block.size.get(unit, 0), unit),
            )
            useful = [unit for unit in ordered if any(self._moves(unit, q) for q in lacking)]
            if not useful:
                return
            fit = [unit for unit in useful if not any(self._lacks(parent, family, q, unit) for q in lacking)]
            self.hidden.add((fit or useful)[0])

    def _moves(self, unit: str, quantity: str) -> bool:
        freedom = self.block.freedom.get((unit, quantity), Freedom(0, 0))
        return freedom.fall > 0 or (freedom.rise > 0 and quantity not in self.block.pooled)

    def _lacks(self, parent: str, family: Sequence[str], quantity: str, also: str | None = None) -> bool:
        own = self.block.freedom.get((parent, quantity))
        if own is None:
            return False
        freedoms = [
            self.block.freedom.get((unit, quantity), Freedom(0, 0))
            for unit in family
            if unit in self.hidden or unit == also
        ]
        least = self.block.least
        lacks_fall = sum(freedom.fall for freedom in freedoms) < min(own.fall, least)
        lacks_rise = sum(freedom.rise for freedom in freedoms) < min(own.rise, least)
        return lacks_fall or (lacks_rise and quantity not in self.block.pooled)
