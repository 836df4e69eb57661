"""What landed since the last look. Looks at names, sizes and times of files; reading them is the run's work."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from dagster_project.assets.partitions import CouncilMonth, partition_key
from dagster_project.assets.service_watch import record_tick
from dagster_project.deliveries import discover
from dagster_project.extracts import load_specifications
from dagster_project.reference import load_reference
from dagster_project.settings import Settings

SECONDS_BETWEEN_LOOKS = 60
SECONDS_STILL_BEING_WRITTEN = 30
MOST_RUNS_A_LOOK = 24
"""A long history landed at once is requested over several looks: requests cost the daemon time."""


@dataclass(frozen=True)
class LandedMonth:
    """The delivery files of a council month: a fingerprint of them, and when the youngest was written."""

    fingerprint: str
    youngest: float


def landing_sensor(
    settings: Settings, job: dg.UnresolvedAssetJobDefinition, partitions: dg.MultiPartitionsDefinition
) -> dg.SensorDefinition:
    """Requests a run for each council month with new or changed delivery files, once for each state of them."""

    @dg.sensor(
        name="landing_area",
        job=job,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        description="Asks for each council month whose delivery files are new or changed. A file that may still be "
        "being written is left to the next look.",
    )
    def landing_area(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        record_tick(settings, "landing_area", datetime.now(UTC))
        known: dict[str, str] = json.loads(context.cursor or "{}")
        there = landed_months(settings)
        seen = {name: known[name] for name in map(_name, there) if name in known}
        requests: list[dg.RunRequest] = []
        left_out = []
        for place, landed in sorted(there.items(), key=lambda item: (item[0][1], item[0][0])):
            name, key = _name(place), partition_key(*place)
            if known.get(name) == landed.fingerprint:
                continue
            if not partitions.has_partition_key(key):
                left_out.append(name)
            elif not _may_still_change(landed) and len(requests) < MOST_RUNS_A_LOOK:
                seen[name] = landed.fingerprint
                requests.append(dg.RunRequest(run_key=f"{name} {landed.fingerprint}", partition_key=key))
        reason = None
        if left_out:
            reason = (
                f"Not a partition: {', '.join(left_out)}. Register the council in councils.csv and reload the "
                "definitions; months before the first partition are loaded by `caseload load`."
            )
            context.log.warning(reason)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else reason or "Nothing new has landed.",
            cursor=json.dumps(seen, sort_keys=True),
        )

    return landing_area


def landed_months(settings: Settings) -> dict[CouncilMonth, LandedMonth]:
    """Every council month in landing that has delivery files."""
    reference = load_reference(settings)
    landing = discover(
        settings.landing, load_specifications(), reference.councils, source_of=reference.source_of
    )
    lines: dict[CouncilMonth, list[tuple[str, float]]] = {}
    for landed in [*landing.deliveries, *landing.packs]:
        for path in landed.files:
            lines.setdefault((landed.council, landed.month), []).extend(_states(path, landed.refused_because))
    for control in landing.controls:
        states = _states(control.path, control.unusable_because)
        lines.setdefault((control.council, control.month), []).extend(states)
    return {place: _landed_month(files) for place, files in lines.items()}


def _states(path: Path, refused_because: str | None) -> Iterator[tuple[str, float]]:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    state = [path.name, status.st_size, status.st_mtime_ns, refused_because]
    yield json.dumps(state), max(status.st_mtime, status.st_ctime)


def _landed_month(files: list[tuple[str, float]]) -> LandedMonth:
    states = sorted(state for state, _ in files)
    digest = hashlib.sha256("\n".join(states).encode()).hexdigest()[:16]
    return LandedMonth(digest, max((changed for _, changed in files), default=0.0))


def _may_still_change(landed: LandedMonth) -> bool:
    """Whether it is too young; a time in the future is a clock that is wrong, not a file that is young."""
    return abs(time.time() - landed.youngest) < SECONDS_STILL_BEING_WRITTEN


def _name(place: CouncilMonth) -> str:
    council, month = place
    return f"{council} {month:%Y-%m}"
