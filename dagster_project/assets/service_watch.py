"""How the service runs, as Dagster shows it: a sensor that sends what is due, failed runs, and checks of freshness.
Nothing is decided here.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg

from dagster_project import health
from dagster_project.alerts.ledger import open_ledger
from dagster_project.assets.load_session import told_plainly
from dagster_project.extracts import load_specifications
from dagster_project.reference import load_reference
from dagster_project.settings import Settings

SECONDS_BETWEEN_LOOKS = 900
ARRIVED, RUNS_WELL = "arrived_by_its_due_day", "service_runs"
ALERTS = dg.AssetKey("alerts")


def service_watch(settings: Settings) -> dg.SensorDefinition:
    """Every quarter of an hour what is due is sent, and the checks say what is wrong; it starts no run."""

    @dg.sensor(
        name="service_watch",
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        asset_selection=dg.AssetSelection.assets(ALERTS),
        description="Sends what waits, what nobody acknowledged and faults of the service, and enters its findings as "
        "checks of freshness. `caseload alerts send` does the same for another scheduler.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        with told_plainly():
            now = datetime.now(UTC)
            sent = health.send_due(settings, load_reference(settings), now)
            record_tick(settings, "service_watch", now)
        return dg.SensorResult(
            skip_reason=f"{len(sent.messages)} messages offered; {len(sent.problems)} things are wrong.",
            asset_events=[_evaluation(key, sent.problems) for key in _checks()],
        )

    return watch


def failed_runs(settings: Settings) -> dg.SensorDefinition:
    """A run that failed is a load that failed: kept in the ledger, and told like one."""

    @dg.run_failure_sensor(
        name="failed_runs",
        description="Keeps that a run failed, so that the data engineer is told once and caseload health says so.",
    )
    def failed(context: dg.RunFailureSensorContext) -> None:
        # The run's own page has the words; an error of a library could quote a value.
        steps = sorted({str(event.step_key) for event in context.get_step_failure_events()})
        words = f"the run {context.dagster_run.run_id[:8]} failed in {', '.join(steps) or 'no step'}"
        with told_plainly():
            now = datetime.now(UTC)
            health.failed_elsewhere(settings, health.LOAD, words, now)
            health.send_due(settings, load_reference(settings), now)

    return failed


def record_tick(settings: Settings, what: str, now: datetime) -> None:
    """Keep that a schedule or sensor came by."""
    with open_ledger(settings.alert_ledger) as ledger:
        health.tick(ledger, what, now)


def service_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """For each extract that nothing expected is late, and of the alerts that the service runs. They hold no lock.

    Two steps: where nothing was delivered the alerts are skipped, and what is late has to be seen all the same.
    """
    keys = _checks()
    return [
        _checks_of(
            settings, "freshness", keys[:-1], "Nothing of this extract is late by expected_deliveries.csv."
        ),
        _checks_of(
            settings,
            "service",
            keys[-1:],
            "Loads succeed, messages are taken, what runs by itself ticks. A failed check fails no run.",
        ),
    ]


def _checks_of(
    settings: Settings, name: str, keys: Sequence[dg.AssetCheckKey], description: str
) -> dg.AssetChecksDefinition:
    specs = [dg.AssetCheckSpec(key.name, asset=key.asset_key, description=description) for key in keys]

    @dg.multi_asset_check(name=name, specs=specs, can_subset=True)
    def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        with told_plainly():
            wrong = health.now_wrong(settings, load_reference(settings), datetime.now(UTC))
        for key in sorted(context.selected_asset_check_keys):
            found = _evaluation(key, wrong)
            yield dg.AssetCheckResult(
                asset_key=key.asset_key,
                check_name=key.name,
                passed=found.passed,
                severity=found.severity,
                description=found.description,
                metadata=found.metadata,
            )

    return checks


def _checks() -> list[dg.AssetCheckKey]:
    return [
        *(dg.AssetCheckKey(dg.AssetKey(["archive", name]), ARRIVED) for name in load_specifications()),
        dg.AssetCheckKey(ALERTS, RUNS_WELL),
    ]


def _evaluation(key: dg.AssetCheckKey, wrong: Sequence[health.Problem]) -> dg.AssetCheckEvaluation:
    if key.name == ARRIVED:
        extract = key.asset_key.path[-1]
        ours = [one for one in wrong if one.kind == "delivery" and one.subject.endswith(f" {extract}")]
    else:
        ours = [one for one in wrong if one.kind != "delivery"]
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not ours,
        severity=dg.AssetCheckSeverity.WARN if key.name == ARRIVED else dg.AssetCheckSeverity.ERROR,
        description="; ".join(one.words for one in ours[:5]) or None,
        metadata={
            "wrong": dg.MetadataValue.int(len(ours)),
            "lines": dg.MetadataValue.md("\n".join(f"- {one.words}" for one in ours)),
        },
    )
