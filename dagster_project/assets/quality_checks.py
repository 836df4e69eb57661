"""Great Expectations on the marts as asset checks: one for each policy, with dbt's verdicts. No limits here."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg

from dagster_project import quality
from dagster_project.assets.load_session import LoadSession, told_plainly
from dagster_project.quality import CheckResult, Declared, Standing
from dagster_project.reference import Reference

MART_OF_POLICIES = "threshold_breaches"
WHOLE_MART, WHOLE_CHECK = "caseload_bands", "no_row_of_the_month_is_left_out"
_GONE = Standing("Does not apply: the reference data has no such policy any more; reload the definitions")


def check_names(policies: Iterable[str]) -> dict[str, str]:
    """The name of each policy's check: its id, with an end made of the id where Dagster does not take all its signs.

    It depends on nothing but the id, so that a check keeps its history whatever policies come and go.
    """
    return {policy: _check_name(policy) for policy in policies}


def _check_name(policy: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9_]+", "_", policy)
    if safe != policy:
        safe = f"{safe.strip('_')}_{hashlib.sha256(policy.encode()).hexdigest()[:8]}"
    return f"policy_{safe}"


def policy_checks(reference: Reference) -> dg.AssetChecksDefinition:
    """A check for each policy of the reference data, and one that the latest month is whole."""
    policies = quality.declared_policies(reference, datetime.now(UTC).date())
    policy_of = {name: policy for policy, name in check_names(policies).items()}
    specs = [
        dg.AssetCheckSpec(
            name,
            asset=MART_OF_POLICIES,
            description=_words(policies[policy]),
            metadata={
                "policy": policy,
                "metric": policies[policy].metric,
                "severity": policies[policy].severity,
                "in_force": policies[policy].period_words,
                "source": policies[policy].source,
            },
        )
        for name, policy in policy_of.items()
    ]
    whole = dg.AssetCheckSpec(
        WHOLE_CHECK, asset=WHOLE_MART, description="The latest month's figures leave no row out."
    )

    @dg.multi_asset_check(
        name="thresholds", specs=[*specs, whole], can_subset=True, required_resource_keys={"session"}
    )
    def thresholds(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        session: LoadSession = context.resources.session
        councils = _councils(session)
        with told_plainly():
            results = quality.check_marts(session.settings, session.reference, councils)
            now = quality.declared_policies(session.reference, session.now.date())
            standing = quality.standing_policies(session.settings, now, councils)
        quality.write_results(session.settings.warehouse / "checks", session.load_id, results)
        if unknown := sorted(set(now) - set(policies)):
            context.log.warning(
                "Policies without a check, for they came after the definitions: %s. Reload the definitions.",
                ", ".join(unknown),
            )
        for key in sorted(context.selected_asset_check_keys):
            policy = policy_of.get(key.name)
            if policy is None:
                yield _result(key, [result for result in results if result.asset == WHOLE_MART])
            else:
                ours = [result for result in results if result.policy == policy]
                declared = now.get(policy, policies[policy])
                yield _policy_result(session.reference, key, declared, standing.get(policy, _GONE), ours)

    return thresholds


def _words(policy: Declared) -> str:
    source = f" Source: {policy.source}" if policy.source else ""
    return f"{policy.words} In force {policy.period_words}. Severity up to {policy.severity}.{source}"


def _councils(session: LoadSession) -> list[str]:
    """The councils this run built; every council loaded, where the checks run alone."""
    if session.built:
        return sorted({row.council for row in session.built.scope if row.is_loaded})
    return sorted({council for council, _, _ in session.manifest.in_force()})


def _policy_result(
    reference: Reference,
    key: dg.AssetCheckKey,
    policy: Declared,
    standing: Standing,
    results: Sequence[CheckResult],
) -> dg.AssetCheckResult:
    """What the policy says: the gravest that failed gives the severity; units are told, never workers."""
    kinds = {row["severity"]: row["check_severity"] for row in reference.rows("severities")}
    failed = _failed(results)
    records = [
        dg.TableRecord(
            {
                "council": one.council,
                "unit": one.unit,
                "month": one.month,
                "severity": one.severity,
                "label": one.label,
                "flags": one.count,
            }
        )
        for one in standing.flagged
    ]
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not failed,
        severity=_severity(failed[0].severity if failed else kinds.get(policy.severity, "")),
        description=standing.tally,
        metadata={
            "state": dg.MetadataValue.text(standing.state if not records else "In force"),
            "severity": dg.MetadataValue.text(standing.flagged[0].severity if standing.flagged else "none"),
            "units_flagged": dg.MetadataValue.int(standing.units),
            "judged": dg.MetadataValue.int(standing.judged),
            "units": dg.MetadataValue.table(records, _FLAGGED),
            "rule": dg.MetadataValue.text(policy.words),
            "in_force": dg.MetadataValue.text(policy.period_words),
            "source": dg.MetadataValue.text(policy.source),
            **_remedy(failed),
        },
    )


def _result(key: dg.AssetCheckKey, results: Sequence[CheckResult]) -> dg.AssetCheckResult:
    """Expectations on a whole mart as one check."""
    failed = _failed(results)
    places = {
        (str(row["council"]), str(row["unit"]), str(row["month"])) for one in failed for row in one.failing
    }
    records = [
        dg.TableRecord({"council": council, "unit": unit, "month": month})
        for council, unit, month in sorted(places)
    ]
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not failed,
        severity=_severity(failed[0].severity if failed else ""),
        description="; ".join(result.reason for result in failed) or None,
        metadata={
            "units_flagged": dg.MetadataValue.int(len(records)),
            "units": dg.MetadataValue.table(records, _PLACES),
            **_remedy(failed),
        },
    )


def _failed(results: Sequence[CheckResult]) -> list[CheckResult]:
    return sorted((one for one in results if not one.passed), key=lambda one: one.severity != "ERROR")


def _severity(named: str) -> dg.AssetCheckSeverity:
    """Dagster's own word; what is for information only never fails a check, so it warns of nothing graver."""
    words: Mapping[str, dg.AssetCheckSeverity] = {
        "INFO": dg.AssetCheckSeverity.WARN,
        "WARN": dg.AssetCheckSeverity.WARN,
    }
    return words.get(named, dg.AssetCheckSeverity.ERROR)


def _remedy(failed: Sequence[CheckResult]) -> dict[str, dg.MetadataValue]:
    return (
        {"remedy": dg.MetadataValue.text(" ".join(dict.fromkeys(one.remedy for one in failed)))}
        if failed
        else {}
    )


_PLACES = dg.TableSchema([dg.TableColumn("council"), dg.TableColumn("unit"), dg.TableColumn("month")])
_FLAGGED = dg.TableSchema(
    [
        *_PLACES.columns,
        dg.TableColumn("severity"),
        dg.TableColumn("label", description="The policy's words for the band."),
        dg.TableColumn("flags", "int", "How many rows of the unit are flagged: one, or one for each worker."),
    ]
)
