"""Runs launched in the code server, and whether one is still there: for `run_launcher` of a dagster.yaml.

Dagster's own launcher cannot say that a run went with the code server it ran in; the run would be *started* for ever
and hold up every other.
"""

from __future__ import annotations

import json

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import GetCurrentRunsResult
from dagster._serdes import deserialize_value


class WatchedRunLauncher(DefaultRunLauncher):
    """As Dagster's own; run monitoring fails a run that its code server does not know any more."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        place = json.loads(run.tags.get(GRPC_INFO_TAG, "{}"))
        if not place:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "not launched in a code server")
        client = DagsterGrpcClient(
            host=place.get("host"),
            port=place.get("port"),
            socket=place.get("socket"),
            use_ssl=bool(place.get("use_ssl")),
        )
        try:
            found = deserialize_value(client.get_current_runs(), GetCurrentRunsResult)
        except Exception:  # noqa: BLE001  whatever keeps it from answering
            # It is being started again; what ran in it is told when it answers.
            return CheckRunHealthResult(
                WorkerStatus.RUNNING, "the code server does not answer", transient=True
            )
        if run.run_id in found.current_runs:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(
            WorkerStatus.FAILED, "the code server does not know the run: it was started again meanwhile"
        )
