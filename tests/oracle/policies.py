"""Which policy holds for a unit or worker on a day, and the band a value falls into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from .arithmetic import half_up
from .reference_rows import SHIPPED_BANDS
from .truth import Band, MadeUpCouncil, Unit, holds

if TYPE_CHECKING:
    from .expected_caseload import WorkerMeasures

SEVERITIES = ("none", "info", "warning", "breach")


def policy_for(
    council: MadeUpCouncil, metric: str, on: date, unit: Unit | None, worker: WorkerMeasures | None = None
) -> list[Band]:
    """The most specific policy in force: the unit's, else the council's, else every council's."""
    level = "worker" if worker else unit.level if unit else ""
    group = council.roles[worker.role].role_group if worker else ""
    fitting: list[tuple[int, Band]] = []
    for band in [*council.bands, *SHIPPED_BANDS]:
        fits = (
            band.metric == metric
            and holds(band.valid_from, band.valid_to, on)
            and band.unit in ("", unit.unit if unit else "")
            and band.level in ("", level)
            and band.service_area in ("", unit.service_area if unit else "")
            and band.role_group in ("", group)
            and (not band.experience or bool(worker and worker.is_asye))
        )
        if fits:
            fitting.append((2 if band.unit else 0 if band.shipped else 1, band))
    best = max((rank for rank, _ in fitting), default=None)
    chosen = [band for rank, band in fitting if rank == best]
    assert len({band.policy_id for band in chosen}) <= 1, "two policies as specific as each other"
    return chosen


def rounded(value: Fraction, rounding: str) -> Fraction:
    """The value as the policy compares it."""
    places = {"integer": 0, "one_decimal": 1}.get(rounding)
    return value if places is None else Fraction(half_up(value, places) or 0)


def band_of(policy: Sequence[Band], value: Fraction | None) -> Band | None:
    """The band that holds the rounded value; None without a policy or a value."""
    if not policy or value is None:
        return None
    compared = rounded(value, policy[0].rounding)
    for band in policy:
        low = band.lower is None or band.lower <= compared
        if low and (band.upper is None or compared < band.upper):
            return band
    raise AssertionError(f"{policy[0].policy_id} has no band for {compared}")
