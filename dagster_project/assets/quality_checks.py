"""Great Expectations on the marts as asset checks: one for each metric, with dbt's verdicts. No limits here."""

from collections import Counter
from collections.abc import Iterator, Sequence

import dagster as dg

from dagster_project import quality
from dagster_project.assets.load_session import LoadSession, told_plainly
from dagster_project.quality import CheckResult
from dagster_project.reference import Reference

MART_OF_METRICS = "threshold_breaches"
WHOLE_MART, WHOLE_CHECK = "caseload_bands", "no_row_of_the_month_is_left_out"


def metric_checks(reference: Reference) -> dg.AssetChecksDefinition:
    """A check for each metric that a policy knows, and one that the latest month is whole."""
    metrics = sorted({row["metric"] for row in reference.rows("threshold_policy")})
    specs = [
        dg.AssetCheckSpec(
            metric,
            asset=MART_OF_METRICS,
            description="No unit is flagged in the latest month of its council; severity as the policy in force says.",
        )
        for metric in metrics
    ]
    whole = dg.AssetCheckSpec(
        WHOLE_CHECK, asset=WHOLE_MART, description="The latest month's figures leave no row out."
    )

    @dg.multi_asset_check(
        name="thresholds", specs=[*specs, whole], can_subset=True, required_resource_keys={"session"}
    )
    def thresholds(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        session: LoadSession = context.resources.session
        with told_plainly():
            results = quality.check_marts(session.settings, session.reference, _councils(session))
        quality.write_results(session.settings.warehouse / "checks", session.load_id, results)
        for key in sorted(context.selected_asset_check_keys):
            asset = key.name if key.name in metrics else WHOLE_MART
            yield _result(key, [result for result in results if result.asset == asset])

    return thresholds


def _councils(session: LoadSession) -> list[str]:
    """The councils this run built; every council loaded, where the checks run alone."""
    if session.built:
        return sorted({row.council for row in session.built.scope if row.is_loaded})
    return sorted({council for council, _, _ in session.manifest.in_force()})


def _result(key: dg.AssetCheckKey, results: Sequence[CheckResult]) -> dg.AssetCheckResult:
    """Several expectations as one check: the gravest that failed gives the severity; units are told, never workers."""
    failed = sorted((r for r in results if not r.passed), key=lambda r: r.severity != "ERROR")
    flagged = Counter(
        (str(row["council"]), str(row["unit"]), str(row["month"]), result.severity)
        for result in failed
        for row in result.failing
    )
    records = [
        dg.TableRecord(
            {"council": council, "unit": unit, "month": month, "severity": severity, "flags": flags}
        )
        for (council, unit, month, severity), flags in flagged.items()
    ]
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not failed,
        severity=dg.AssetCheckSeverity[failed[0].severity] if failed else dg.AssetCheckSeverity.ERROR,
        description="; ".join(result.reason for result in failed) or None,
        metadata={
            "units_flagged": dg.MetadataValue.int(len(records)),
            "units": dg.MetadataValue.table(records, _FLAGGED),
            "remedy": dg.MetadataValue.text(" ".join(dict.fromkeys(result.remedy for result in failed))),
        },
    )


_FLAGGED = dg.TableSchema(
    [
        dg.TableColumn("council"),
        dg.TableColumn("unit"),
        dg.TableColumn("month"),
        dg.TableColumn("severity"),
        dg.TableColumn("flags", "int", "How many rows of the unit are flagged: one, or one for each worker."),
    ]
)
