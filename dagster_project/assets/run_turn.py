"""How a run's steps are run: in one process, or each in its own under the one lock that the run holds for all of them.

What steps of one process share in memory, those of several hand on through the warehouse folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
from dagster._core.definitions.executor_definition import IN_PROC_CONFIG, MULTI_PROC_CONFIG
from dagster._core.errors import raise_execution_interrupts

from dagster_project import warehouse
from dagster_project.deliveries import new_load_id
from dagster_project.installation_lock import Holder
from dagster_project.load import only_load
from dagster_project.settings import Settings
from dagster_project.warehouse.scope import ScopeRow

LONGEST_WAIT_SECONDS = 3600
"""A run waits this long for another load: the sensor may request many at once, and they take turns."""


def load_executor(settings: Settings) -> dg.ExecutorDefinition:
    """Steps in one process, unless a run's configuration asks for several as Dagster's own executors are asked."""

    @dg.executor(
        name="one_load",
        config_schema=dg.Field(
            dg.Selector({"in_process": IN_PROC_CONFIG, "multiprocess": MULTI_PROC_CONFIG}),  # type: ignore[no-untyped-call]
            default_value={"in_process": {}},
        ),
        requirements=lambda config: (
            dg.multiple_process_executor_requirements() if "multiprocess" in config else []
        ),
    )
    def one_load(context: dg.InitExecutorContext) -> dg.Executor:
        make: Any = dg.multi_or_in_process_executor.executor_creation_fn
        made: dg.Executor = make(context)
        return HoldingExecutor(made, settings) if "multiprocess" in context.executor_config else made

    return one_load


class HoldingExecutor(dg.Executor):
    """Another executor, run while the installation is held: no other load comes between its steps."""

    def __init__(self, inner: dg.Executor, settings: Settings) -> None:
        self._inner = inner
        self._settings = settings

    @property
    def retries(self) -> Any:
        return self._inner.retries

    @property
    def step_dependency_config(self) -> Any:
        return self._inner.step_dependency_config

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[Any]:
        held = only_load(
            self._settings,
            words_of_run(plan_context.run_id),
            LONGEST_WAIT_SECONDS,
            run=plan_context.run_id,
            load_id=new_load_id(datetime.now(UTC)),
            on_wait=lambda holder: say_for_whom(plan_context.log, holder),
        )
        # A run that waits can be cancelled.
        with raise_execution_interrupts():
            held.__enter__()
        try:
            yield from self._inner.execute(plan_context, execution_plan)
        finally:
            held.__exit__(None, None, None)


def words_of_run(run_id: str) -> str:
    return f"the Dagster run {run_id[:8]}"


def say_for_whom(log: dg.DagsterLogManager | None, holder: str) -> None:
    """In the run's log: whom it waits for."""
    if log:
        log.info("Waiting for another load: %s.", holder)


def hand_on(settings: Settings, holder: Holder, built: warehouse.Build) -> None:
    """Keep what a step built for the later steps of its run."""
    record = {
        "run": holder.run,
        "months": [[council, month.isoformat()] for council, month in sorted(built.months)],
        "is_full": built.is_full,
        "is_whole_marts_due": built.is_whole_marts_due,
        "scope": [
            {
                "council": row.council,
                "month": row.month.isoformat(),
                "as_at": row.as_at.isoformat(),
                "reach": row.reach,
                "is_loaded": row.is_loaded,
                "extracts": sorted(row.extracts),
            }
            for row in built.scope
        ],
    }
    being_written = settings.built_by_run.with_suffix(".writing")
    being_written.write_text(json.dumps(record), encoding="utf-8")
    os.replace(being_written, settings.built_by_run)


def handed_on(settings: Settings, holder: Holder) -> warehouse.Build | None:
    """What an earlier step of the same run built; None where none has."""
    if not settings.built_by_run.is_file():
        return None
    record = json.loads(settings.built_by_run.read_text(encoding="utf-8"))
    if record["run"] != holder.run:
        return None
    return warehouse.Build(
        months={(council, date.fromisoformat(month)) for council, month in record["months"]},
        is_full=record["is_full"],
        is_whole_marts_due=record["is_whole_marts_due"],
        scope=[
            ScopeRow(
                council=row["council"],
                month=date.fromisoformat(row["month"]),
                as_at=date.fromisoformat(row["as_at"]),
                reach=row["reach"],
                is_loaded=row["is_loaded"],
                extracts=frozenset(row["extracts"]),
            )
            for row in record["scope"]
        ],
    )
