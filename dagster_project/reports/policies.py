"""The policies in force for a measure, in words and as bands of a chart: rows of threshold_policy, no verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dagster_project.reference import Reference
from dagster_project.reports.charts import Band
from dagster_project.reports.measures import slug_words

# The smallest step between two values after rounding: the last value of a band lies one step below the next band.
STEPS = {"integer": Decimal(1), "one_decimal": Decimal("0.1")}


@dataclass(frozen=True)
class Policy:
    """One set of bands with its target: where it holds, what it says and which paper it is from."""

    scopes: tuple[str, ...]
    bands: tuple[Band, ...]
    labels: tuple[str, ...]
    step: Decimal | None
    target: Decimal | None
    source: str

    @property
    def words(self) -> str:
        """The bands in words, as values are compared with them."""
        parts = [
            f"{_stretch(band, self.step)}: {label}"
            for band, label in zip(self.bands, self.labels, strict=True)
        ]
        target = f"; target {self.target.normalize():f}" if self.target is not None else ""
        return f"{', '.join(self.scopes)}: {'; '.join(parts)}{target}"


def policies_in_force(reference: Reference, council: str, metric: str, day: date) -> list[Policy]:
    """Each set of bands that holds for the council on a day; units under equal sets and one source stand together.

    A set for every council is left out where the council has its own for all of its units.
    """
    on = day.isoformat()
    rows = [
        row
        for row in reference.rows("threshold_policy")
        if row["metric"] == metric
        and row["council"] in ("", council)
        and (not row["valid_from"] or row["valid_from"] <= on)
        and (not row["valid_to"] or on < row["valid_to"])
    ]
    narrowing = ("unit", "level", "service_area", "role_group", "experience")
    if any(row["council"] and not any(row[name] for name in narrowing) for row in rows):
        rows = [row for row in rows if row["council"]]
    by_id: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_id.setdefault(row["policy_id"], []).append(dict(row))
    found: dict[tuple[object, ...], Policy] = {}
    for bands in by_id.values():
        policy = policy_of_rows(reference, council, bands)
        key = (policy.bands, policy.labels, policy.step, policy.target, policy.source)
        before = found.get(key)
        scopes = (*(before.scopes if before else ()), *policy.scopes)
        found[key] = Policy(
            tuple(dict.fromkeys(scopes)),
            policy.bands,
            policy.labels,
            policy.step,
            policy.target,
            policy.source,
        )
    return list(found.values())


def policy_of_rows(reference: Reference, council: str, rows: Sequence[Mapping[str, str]]) -> Policy:
    """The rows of one policy and period as its bands, the lowest first."""
    rows = sorted(rows, key=lambda row: Decimal(row["lower"] or "-Infinity"))
    first = rows[0]
    return Policy(
        scopes=(_scope(reference, council, first),),
        bands=tuple(
            Band(_bound(row["lower"]), _bound(row["upper"]), slug_words(row["band"]), row["severity"])
            for row in rows
        ),
        labels=tuple(row["label"] or slug_words(row["band"]) for row in rows),
        step=STEPS.get(first["rounding"]),
        target=Decimal(first["target"]) if first["target"] else None,
        source=first["source"],
    )


def _scope(reference: Reference, council: str, row: Mapping[str, str]) -> str:
    if row["unit"]:
        return reference.unit_titles.get((council, row["unit"]), slug_words(row["unit"]))
    named = [slug_words(row[name]) for name in ("service_area", "role_group", "experience") if row[name]]
    if row["level"]:
        return " ".join([f"each {row['level']}", *(f"of {name}" for name in named)])
    return f"units of {' and '.join(named)}" if named else "every unit"


def _bound(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _stretch(band: Band, step: Decimal | None) -> str:
    lower, upper = (None if bound is None else f"{bound.normalize():f}" for bound in (band.lower, band.upper))
    if band.upper is None:
        return f"{lower} or more" if lower else "any value"
    if lower is None or band.lower == 0:
        return f"under {upper}"
    if step is None:
        return f"{lower} to under {upper}"
    last = f"{(band.upper - step).normalize():f}"
    return lower if last == lower else f"{lower} to {last}"
