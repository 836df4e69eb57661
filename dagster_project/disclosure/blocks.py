"""Which counts of a month are hidden together, in which order, and how far each could move. One function a block.

Counts that bound or give back one another are hidden as one: average and band with the open cases, the ways a case ends
with one another, allocated with unallocated cases. `docs/confidentiality.md` tells it in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from dagster_project.disclosure.families import ANY, Block, Cell, Freedom, Tree, hidden_units

Counts = Mapping[str, float]
"""Figures of one unit by quantity; what was not delivered is not in it."""

STOCK = ("open_cases", "open_children")
ENDED = ("closed", "stepped_down", "transferred_out")
HELD = ("unallocated_cases", "dfe_cases")
IN_TIME = {
    "assessments_completed": "assessments_in_45_days",
    "visits_due": "visits_in_time",
    "strategy_meetings_due": "strategy_meetings_in_time",
}
LEAVERS = ("leavers_fte_12m", "voluntary_leavers_fte_12m")
NEW_TO_THE_WORK = ("qualified_under_18_months", "qualified_under_2_years")
OF_WORKERS = (*LEAVERS, *NEW_TO_THE_WORK, "asye_workers", "sickness_days_12m")
ADDS_UP = frozenset(
    {
        "open_cases", "open_children", "open_at_start", "received", *ENDED, "transferred_in", *HELD,
        "manager_held_cases", "cases_allocated", *IN_TIME, *IN_TIME.values(),
    }
)  # fmt: skip
"""Quantities whose units add up to the unit above; of others a child or worker may count in two units."""


@dataclass(frozen=True)
class Limits:
    """The smallest numbers that are shown, of children and of workers."""

    children: int
    workers: int


@dataclass
class MonthOfCouncil:
    """The figures of one council and month, and what is hidden of them so far."""

    tree: Tree
    counts: Mapping[str, Counts]
    limits: Limits
    hidden: dict[str, set[str]] = field(default_factory=dict)
    """Hidden units by quantity."""

    def is_small(self, value: float | None) -> bool:
        return value is not None and 0 < value < self.limits.children

    def units_with(self, *quantities: str) -> list[str]:
        return [unit for unit, counts in self.counts.items() if all(q in counts for q in quantities)]

    def small_cells(self, figures: Mapping[Cell, float]) -> frozenset[Cell]:
        return frozenset(cell for cell, value in figures.items() if self.is_small(value))

    def hide(self, units: Iterable[str], quantities: Iterable[str]) -> None:
        for quantity in quantities:
            there = {unit for unit in units if quantity in self.counts.get(unit, {})}
            self.hidden.setdefault(quantity, set()).update(there)

    def hidden_of(self, quantity: str) -> set[str]:
        return self.hidden.get(quantity, set())

    def close(
        self,
        figures: Mapping[Cell, float],
        freedom: Mapping[Cell, Freedom],
        *,
        must: Iterable[str] = (),
        small: frozenset[Cell] | None = None,
        wishes: Iterable[Cell] = (),
        pooled: frozenset[str] = frozenset(),
    ) -> frozenset[str]:
        """Hidden units of a block whose figures and freedoms are these."""
        small = self.small_cells(figures) if small is None else small
        units = {unit for unit, _ in freedom}
        tree, rest = self._with_own_rows(figures)
        first = frozenset({unit for unit, _ in {*small, *rest}} | (set(must) & units))
        if not first:
            return frozenset()
        size: dict[str, float] = {}
        for (unit, _), value in figures.items():
            size[unit] = size.get(unit, 0) + value
        return frozenset(
            unit
            for unit in hidden_units(
                tree,
                Block(
                    freedom={**freedom, **rest},
                    size=size,
                    must=first,
                    small=small | frozenset(wishes) | frozenset(rest),
                    least=self.limits.children,
                    pooled=pooled,
                ),
            )
            if unit in self.counts
        )

    def _with_own_rows(self, figures: Mapping[Cell, float]) -> tuple[Tree, dict[Cell, Freedom]]:
        """The tree with the rows of a unit itself as a unit below it, where they are few: totals give them back too."""
        rest: dict[Cell, Freedom] = {}
        below = {unit: list(units) for unit, units in self.tree.below.items()}
        above = dict(self.tree.above)
        for (unit, quantity), value in figures.items():
            if quantity not in ADDS_UP or unit not in self.tree.below:
                continue
            own = value - sum(figures.get((child, quantity), 0) for child in self.tree.below[unit])
            if self.is_small(own):
                name = f"{unit}/own"
                rest[name, quantity] = Freedom(ANY, own)
                above[name] = unit
                if name not in below[unit]:
                    below[unit].append(name)
        return (Tree(below, above) if rest else self.tree), rest


def hide_stock(month: MonthOfCouncil) -> None:
    """Open cases and children: all that is known of a unit's open cases goes with them."""
    figures = _figures(month, STOCK)
    freedom = {cell: Freedom(ANY, value) for cell, value in figures.items()}
    month.hide(month.close(figures, freedom), (*STOCK, *HELD, "manager_held_cases"))


def hide_start(month: MonthOfCouncil, hidden_before: Iterable[str]) -> None:
    """Cases open at the start: hidden where the end of the month before is, for the two mostly are one number."""
    figures = _figures(month, ["open_at_start"])
    freedom = {cell: Freedom(ANY, value) for cell, value in figures.items()}
    month.hide(month.close(figures, freedom, must=hidden_before), ["open_at_start"])


def hide_flows(month: MonthOfCouncil) -> None:
    """Cases in and out. Start + received - ended = end in each row, so hidden ones move in pairs."""
    quantities = ("received", *ENDED)
    units = month.units_with(*quantities)
    starts, ends = month.hidden_of("open_at_start"), month.hidden_of("open_cases")
    figures: dict[Cell, float] = {}
    freedom: dict[Cell, Freedom] = {}
    few_ended: set[str] = set()
    for unit in units:
        counts = month.counts[unit]
        received, ended = counts["received"], sum(counts[q] for q in ENDED)
        figures[unit, "received"] = received
        freedom[unit, "received"] = Freedom(ANY, min(received, ended))
        for quantity in ENDED:
            freedom[unit, quantity] = Freedom(ANY, min(counts[quantity], received))
        if "cases_allocated" in counts:
            figures[unit, "cases_allocated"] = counts["cases_allocated"]
            freedom[unit, "cases_allocated"] = Freedom(ANY, counts["cases_allocated"])
        is_stock_hidden = unit in starts or unit in ends
        freedom[unit, "net"] = Freedom(0, received + ended if is_stock_hidden else min(received, ended))
        if month.is_small(ended):
            few_ended.add(unit)
    small = month.small_cells(figures)
    whole = few_ended | starts | ends | {unit for unit, _ in small}
    wishes = {(u, q) for u in whole for q in ENDED if u in units and month.is_small(month.counts[u][q])}
    wishes |= {(unit, "net") for unit in starts ^ ends if (unit, "net") in freedom}
    hidden = month.close(figures, freedom, must=whole, small=small, wishes=wishes, pooled=frozenset({"net"}))
    month.hide(hidden, (*quantities, "cases_allocated"))
    figures, freedom = {}, {}
    for unit in units:
        counts = month.counts[unit]
        for quantity in ENDED:
            figures[unit, quantity] = counts[quantity]
            others = sum(counts[q] for q in ENDED if q != quantity)
            freedom[unit, quantity] = Freedom(others, counts[quantity])
    small = month.small_cells(figures) - wishes
    month.hide(month.close(figures, freedom, must=hidden, small=small), ENDED)


def hide_transfers(month: MonthOfCouncil) -> None:
    """Transfers in, and those inside a unit: these bound one another all over a council."""
    figures = _figures(month, ["transferred_in"])
    freedom = {cell: Freedom(ANY, value) for cell, value in figures.items()}
    month.hide(month.close(figures, freedom, must=month.hidden_of("received")), ["transferred_in"])
    inside = {
        unit: month.counts[unit]["internal_transfers"] for unit in month.units_with("internal_transfers")
    }
    below = {unit for unit in inside if unit in month.tree.above}
    if not any(month.is_small(value) for value in inside.values()):
        below &= month.hidden_of("transferred_in") | month.hidden_of("transferred_out")
    # Of the whole council the two are one number.
    whole = {unit for unit in month.hidden_of("transferred_in") if unit not in month.tree.above}
    month.hide(below | whole, ["internal_transfers"])


def hide_held(month: MonthOfCouncil) -> None:
    """Cases without a worker and cases held by social workers: mostly the one is what the other leaves."""
    stock = month.hidden_of("open_cases")
    for names in (HELD, ("manager_held_cases",)):
        figures = _figures(month, names)
        freedom, allocated = {}, {}
        for unit, quantity in figures:
            counts = month.counts[unit]
            is_free = names == HELD or unit in month.hidden_of("unallocated_cases")
            others = 0 if is_free else counts.get("unallocated_cases", 0)
            room = counts.get("open_cases", 0) - others - figures[unit, quantity]
            freedom[unit, quantity] = Freedom(ANY if unit in stock else max(room, 0), figures[unit, quantity])
            if quantity == "unallocated_cases" and unit not in stock:
                allocated[unit, quantity] = room
        small = month.small_cells(figures) | month.small_cells(allocated)
        month.hide(month.close(figures, freedom, must=stock, small=small), names)


def hide_in_time(month: MonthOfCouncil) -> None:
    """What was done, what of it in time, and what was late."""
    for whole, part in IN_TIME.items():
        done = _figures(month, [whole])
        parts = _figures(month, [part])
        late = {cell: month.counts[cell[0]][whole] - value for cell, value in parts.items()}
        few = month.small_cells(done)
        freedom = {cell: Freedom(ANY, value) for cell, value in {**done, **parts}.items()}
        freedom |= {(unit, "late"): Freedom(ANY, value) for (unit, _), value in late.items()}
        units = {unit for unit, _ in few}
        wishes = {cell for cell in month.small_cells(parts) if cell[0] in units}
        wishes |= {(unit, "late") for unit, _ in month.small_cells(late) if unit in units}
        hidden = month.close(done, freedom, small=few, wishes=wishes)
        month.hide(hidden, [whole, part])
        moves = {cell: Freedom(late[cell], value) for cell, value in parts.items()}
        small = (month.small_cells(parts) | month.small_cells(late)) - wishes
        small = frozenset(cell for cell in small if cell[0] not in units)
        month.hide(month.close(parts, moves, must=hidden, small=small), [part])


def hide_workers(month: MonthOfCouncil) -> None:
    """Leavers, sickness and experience: of units with few workers, and where few are counted."""
    few = {
        u for u in month.units_with("headcount") if 0 < month.counts[u]["headcount"] < month.limits.workers
    }
    sickness = _figures(month, ["sickness_days_12m"])
    _hide_measures(month, ["sickness_days_12m"], sickness, few, frozenset())
    leavers = _figures(month, LEAVERS)
    for unit in month.units_with(*LEAVERS):
        leavers[unit, "others"] = leavers[unit, LEAVERS[0]] - leavers[unit, LEAVERS[1]]
    _hide_measures(month, LEAVERS, leavers, few, month.small_cells(leavers))
    for names in (NEW_TO_THE_WORK, ("asye_workers",)):
        figures = _figures(month, names)
        rest = {
            cell: month.counts[cell[0]]["headcount"] - value
            for cell, value in figures.items()
            if "headcount" in month.counts[cell[0]]
        }
        small = month.small_cells(figures) | month.small_cells(rest)
        _hide_measures(month, names, figures, few, small, rest)


def _hide_measures(
    month: MonthOfCouncil,
    names: Iterable[str],
    figures: Mapping[Cell, float],
    few: set[str],
    small: frozenset[Cell],
    rise: Mapping[Cell, float] | None = None,
) -> None:
    freedom = {
        cell: Freedom(ANY if rise is None else max(rise.get(cell, 0), 0), value)
        for cell, value in figures.items()
    }
    of_few = frozenset(cell for cell in figures if cell[0] in few)
    month.hide(month.close(figures, freedom, small=small | of_few), names)


def hide_demand(month: MonthOfCouncil) -> None:
    """The council's own counts: no unit adds up to them, but parts and kinds of children give back one another."""
    for part, whole in {"referrals": "contacts", "re_referrals": "referrals"}.items():
        for unit in month.units_with(part):
            counts = month.counts[unit]
            left = counts[whole] - counts[part] if whole in counts else None
            if month.is_small(counts[part]) or month.is_small(left) or unit in month.hidden_of(whole):
                month.hide([unit], [part])
    for quantity in ("contacts", "plans_ended"):
        units = [u for u in month.units_with(quantity) if month.is_small(month.counts[u][quantity])]
        month.hide(units, [quantity, "referrals", "re_referrals"] if quantity == "contacts" else [quantity])
    kinds = ("children_in_need", "child_protection", "children_looked_after")
    for unit in month.units_with(*kinds):
        ordered = sorted(kinds, key=lambda kind: (month.counts[unit][kind], kind))
        few = [kind for kind in ordered if month.is_small(month.counts[unit][kind])]
        # The kinds nearly add up to the council's open children: one alone would follow.
        others = [kind for kind in ordered if kind not in few and month.counts[unit][kind]]
        month.hide([unit], [*few, *others[:1]] if len(few) == 1 else few)


def _figures(month: MonthOfCouncil, quantities: Iterable[str]) -> dict[Cell, float]:
    return {
        (unit, quantity): month.counts[unit][quantity]
        for quantity in quantities
        for unit in month.units_with(quantity)
    }


BLOCKS: tuple[Callable[[MonthOfCouncil], None], ...] = (
    hide_flows,
    hide_transfers,
    hide_held,
    hide_in_time,
    hide_workers,
    hide_demand,
)
"""In their order, after the open cases: what an earlier one hides a later one takes for granted."""


def hide_month(month: MonthOfCouncil, hidden_before: Iterable[str]) -> None:
    """Afterwards `month.hidden` says it all; `hidden_before` are the units whose open cases the month before hides."""
    hide_stock(month)
    hide_start(month, hidden_before)
    for block in BLOCKS:
        block(month)
    _show_what_follows(month)


def _show_what_follows(month: MonthOfCouncil) -> None:
    """A zero that follows from a zero above it, or a figure that is hidden alone, says nothing more when it is shown.

    No small figure is hidden alone: it would have been given company.
    """
    for quantity in ADDS_UP & set(month.hidden):
        hidden = month.hidden[quantity]
        for parent in reversed(month.tree.from_the_bottom):
            if parent in hidden or quantity not in month.counts.get(parent, {}):
                continue
            below = [unit for unit in month.tree.below[parent] if quantity in month.counts.get(unit, {})]
            there = [unit for unit in below if unit in hidden]
            has_own_rows = month.counts[parent][quantity] != sum(month.counts[u][quantity] for u in below)
            is_alone = len(there) == 1 and not month.is_small(month.counts[there[0]][quantity])
            if (
                there
                and not has_own_rows
                and (is_alone or all(month.counts[unit][quantity] == 0 for unit in there))
            ):
                hidden.difference_update(there)
