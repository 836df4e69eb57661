"""What stands beneath a table: the rules of its columns, its source, and what is odd with this month's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.metadata import version
from typing import Any

from dagster_project.extracts import load_specifications
from dagster_project.reference import Reference
from dagster_project.reports.contracts import Contract, plain_words
from dagster_project.reports.council_marts import CouncilMarts, Row
from dagster_project.reports.lineage import extracts_behind
from dagster_project.reports.measures import month_words, slug_words
from dagster_project.reports.paper.contents import Line
from dagster_project.reports.paper.sections import ShownTable
from dagster_project.reports.paper.wording import NO_VALUE, heading_of
from dagster_project.reports.policies import Policy, policies_in_force

PRODUCT = "caseload"
LOOKS_BACK = {1: " and the twelve months before", 2: " and earlier months"}
SUPPRESSED_NOTE = (
    "c: suppressed, because so small a number, or one that would give it away, could single out a person."
)
NO_VALUE_NOTE = (
    f"{NO_VALUE}: not delivered for this line, no target or price set, or nothing to divide by or compare."
)


@dataclass(frozen=True)
class Rules:
    """Everything that is said of a council's month besides its figures; `nodes` are the models of the last build."""

    marts: CouncilMarts
    reference: Reference
    nodes: Mapping[str, Any]
    as_at: date

    @cached_property
    def deliveries(self) -> Mapping[str, Row]:
        """The deliveries in force for the month by extract."""
        return {row["extract"]: row for row in self.marts.of_month("deliveries", {"is_in_force": [True]})}

    def rules(self, contract: Contract, shown: ShownTable) -> list[tuple[str, str]]:
        """The meaning of each column that the table names, as its contract says it, and the bands in force."""
        headings = {column.column: heading_of(contract, column) for column in shown.columns}
        found = [
            (headings.get(name, contract.measure(name).heading), plain_words(contract.columns[name].meaning))
            for name in shown.rules
        ]
        return found + [("Bands", f"{policy.words}.") for policy in self.policies(shown.policy)]

    def policies(self, metric: str | None) -> list[Policy]:
        return policies_in_force(self.reference, self.marts.council, metric, self.as_at) if metric else []

    def source(self, contract: Contract, shown: ShownTable) -> str:
        """Mart, product and load, the deliveries it is made from and the paper behind its bands."""
        parts = [f"mart {contract.mart}, {PRODUCT} {version(PRODUCT)}, load {self.marts.load_id}"]
        extracts = self._extracts(contract)
        named = self._deliveries_of(extracts)
        reach = self.nodes.get(contract.model, {}).get("config", {}).get("meta", {}).get("reach", 0)
        if named:
            parts.append(f"deliveries of {month_words(self.marts.month)}: {named}{LOOKS_BACK.get(reach, '')}")
        elif extracts:
            rows = [name for name in extracts if load_specifications()[name].grain == "rows"]
            month = month_words(self.marts.month)
            parts.append(f"what came of {', '.join(rows)} for {month}{LOOKS_BACK.get(reach, '')}")
        else:
            parts.append("reference data of the council and what loads recorded")
        policies = dict.fromkeys(policy.source for policy in self.policies(shown.policy))
        parts += [f"bands: {source}" for source in policies]
        return "; ".join(parts) + "."

    def absent(self, contract: Contract, shown: ShownTable) -> str:
        """Why a table has nothing to show."""
        if shown.nothing:
            return shown.nothing
        missing = [slug_words(name) for name in self.missing(self._extracts(contract))]
        what = f" ({', '.join(missing)} missing)" if missing else ""
        return f"{shown.title}: not delivered for {month_words(self.marts.month)}{what}."

    def missing(self, extracts: Sequence[str]) -> list[str]:
        """Those of the extracts of which neither rows nor totals that stand in for them are in force for the month."""
        if "deliveries" not in self.marts.columns:
            return []  # The public copy does not hold them: nothing can be said of what is missing.
        specifications = load_specifications()
        delivered = set(self.deliveries)
        for name in self.deliveries:
            delivered |= set(specifications[name].stands_in_for if name in specifications else ())
        return [name for name in extracts if specifications[name].grain == "rows" and name not in delivered]

    @property
    def expected_and_missing(self) -> list[str]:
        """The extracts expected each month that were not delivered, in words."""
        expected = [name for name, one in load_specifications().items() if one.expected_each_month]
        return [slug_words(name) for name in self.missing(expected)]

    def notes(self, contract: Contract, rows: Sequence[Row], lines: Sequence[Line]) -> list[str]:
        """What stands in the way of taking the table's figures as they are."""
        found = []
        unsure = [row for row in rows if row.get("is_complete") is False and "rows_rejected" in row.values]
        if unsure:
            rejected = unsure[0]["rows_rejected"]
            many = "" if rejected is None else f" Rows in quarantine: {rejected:,}."
            found.append(
                "Not complete: rows of the month are in quarantine or of no known unit, and the figures may still "
                f"change.{many}"
            )
        found += [note for name in self._extracts(contract) for note in self._not_counted(name)]
        kinds = {cell.kind for line in lines for cell in line.cells}
        if "suppressed" in kinds:
            found.append(SUPPRESSED_NOTE)
        if any(cell.text == NO_VALUE for line in lines for cell in line.cells):
            found.append(NO_VALUE_NOTE)
        return found

    def _not_counted(self, extract: str) -> list[str]:
        row = self.deliveries.get(extract)
        if not row or is_whole(row):
            return []
        quarantined, unmapped = row["rows_rejected"], row["rows_unmapped"]
        return [
            f"Of {slug_words(extract)}: {quarantined:,} rows in quarantine, {unmapped:,} of no known unit."
        ]

    def _extracts(self, contract: Contract) -> list[str]:
        return extracts_behind(self.nodes, contract.model) if contract.model in self.nodes else []

    def _deliveries_of(self, extracts: Sequence[str]) -> str:
        """The extracts in force, those of one load together, with the part of their deliveries' names that tells it."""
        by_load: dict[str, list[str]] = {}
        for extract in extracts:
            if extract in self.deliveries:
                name = str(self.deliveries[extract]["delivery"])
                load = name.removeprefix(f"{self.marts.council}-{self.marts.month:%Y-%m}-{extract}-")
                by_load.setdefault(load, []).append(extract)
        return "; ".join(f"{', '.join(names)} ({load})" for load, names in by_load.items())


def is_whole(row: Row) -> bool:
    return not row.get("rows_rejected") and not row.get("rows_unmapped")
