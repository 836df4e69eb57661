"""Great Expectations suites run on small frames. The suites' numbers come by name; none is written here."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

STATISTICS = "scipy.stats"
"""Half of Great Expectations' import, for expectations of distributions, which no suite has."""
CHECK_SEVERITIES = {"critical": "ERROR", "warning": "WARN", "info": "INFO"}


class SuiteError(Exception):
    """A suite could not be evaluated: a fault of the suite or of the frame, not a finding."""


@dataclass(frozen=True)
class CheckResult:
    """One expectation's verdict on one asset: `failing` holds the index values of the rows that broke it.

    `policy` is the policy whose verdicts alone it is about, where it is about one.
    """

    suite: str
    asset: str
    check: str
    severity: str
    passed: bool
    failing: tuple[Mapping[str, Any], ...]
    reason: str
    remedy: str
    policy: str = ""


def load_suite(folder: Path, name: str) -> dict[str, Any]:
    """The suite as it is written in `expectations/`."""
    content: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return content


def run_suite(
    folder: Path,
    name: str,
    asset: str,
    frame: pd.DataFrame,
    parameters: Mapping[str, Any],
    index: Sequence[str],
) -> list[CheckResult]:
    """Every expectation of suite `name` on `frame`; `index` columns name the rows that fail.

    Raises SuiteError when an expectation cannot be evaluated.
    """
    suite = load_suite(folder, name)
    gx = _great_expectations()
    batch = (
        _context()
        .data_sources.add_or_update_pandas(name=f"{name}.{asset}")
        .add_dataframe_asset(name=asset)
        .add_batch_definition_whole_dataframe("whole")
        .get_batch({"dataframe": frame})
    )
    outcome = batch.validate(
        gx.ExpectationSuite(name=name, expectations=suite["expectations"]),
        expectation_parameters=dict(parameters),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": list(index)},
    )
    return [_result(name, asset, result.to_json_dict(), index) for result in outcome.results]


def _result(suite: str, asset: str, result: dict[str, Any], index: Sequence[str]) -> CheckResult:
    config = result["expectation_config"]
    meta = config["meta"]
    if result["exception_info"].get("raised_exception"):
        raise SuiteError(f"suite {suite}, check {meta['check']}: the expectation could not be evaluated")
    failing = result["result"].get("unexpected_index_list") or []
    return CheckResult(
        suite=suite,
        asset=asset,
        check=meta["check"],
        severity=CHECK_SEVERITIES[config.get("severity", "critical")],
        passed=bool(result["success"]),
        failing=tuple({name: row.get(name) for name in index} for row in failing),
        reason=meta["reason"],
        remedy=meta["remedy"],
    )


def _great_expectations() -> Any:
    """The library, imported only where a suite runs: it takes seconds. It may not call home."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    _import_when_asked(STATISTICS)
    import great_expectations as gx

    # One of its modules asks for INFO of its own accord.
    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return gx


def _import_when_asked(name: str) -> None:
    """Afterwards the module is there for whoever imports it, and is read when somebody asks it for something."""
    found = None if name in sys.modules else importlib.util.find_spec(name)
    if found is None or found.loader is None:
        return
    found.loader = importlib.util.LazyLoader(found.loader)
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    found.loader.exec_module(module)
    package, _, own = name.rpartition(".")
    setattr(sys.modules[package], own, module)


@cache
def _context() -> Any:
    gx = _great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context
