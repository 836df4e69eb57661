"""The results of the checks as one page: each check with its rule, why it is one, how to mend it,
and its counts over the loads. Counts and councils only. Decides nothing.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.quality.suites import load_suite

NAME = "checks.html"
LOADS = 12
"""So many loads are compared, this one the last."""
_WORDS = {"ERROR": "Error", "WARN": "Warning", "INFO": "Information"}
_LOAD = re.compile(r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})")


@dataclass(frozen=True)
class Trend:
    """How much broke a check in each load, the last this one; None where it was not asked."""

    counts: tuple[int | None, ...]

    @property
    def bars(self) -> tuple[tuple[int, int], ...]:
        """Place and height, in twentieths of the highest."""
        most = max((count for count in self.counts if count), default=0)
        return tuple(
            (place, max(round(20 * count / most), 2))
            for place, count in enumerate(self.counts)
            if count and most
        )

    @property
    def words(self) -> str:
        return ", ".join("not asked" if count is None else str(count) for count in self.counts)

    @property
    def direction(self) -> str:
        known = [count for count in self.counts if count is not None]
        if len(known) < 2:
            return "first load"
        before, now = known[-2:]
        return "as before" if now == before else f"{abs(now - before)} {'more' if now > before else 'fewer'}"


@dataclass(frozen=True)
class Checked:
    """One check as the page shows it; `places` are councils with how many of their rows broke it.

    `rule` says what holds, `why` what it would lead to if it did not.
    """

    asset: str
    check: str
    severity: str
    count: int
    places: tuple[tuple[str, int], ...]
    trend: Trend
    rule: str
    why: str
    remedy: str


def write_page(folder: Path, results: Path, suites: Path) -> Path:
    """The page of the results in folder `results`, as it lies in `folder` afterwards, for its owner and group."""
    files = sorted(results.glob("[!.]*.json"))[-LOADS:]
    loads = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    checks = _checks(loads, suites)
    failed = [one for one in checks if one.count]
    counted = Counter(one.severity for one in failed)
    page = _render(
        load=_moment(files[-1].stem) if files else "",
        loads=[_moment(path.stem) for path in files],
        failed=failed,
        passed=[one for one in checks if not one.count],
        tally=[(_WORDS[severity], counted[severity]) for severity in _WORDS if counted[severity]],
        words=_WORDS,
    )
    path = folder / NAME
    path.write_text(page, encoding="utf-8")
    path.chmod(0o640)
    return path


def _checks(loads: Sequence[Sequence[Mapping[str, Any]]], suites: Path) -> list[Checked]:
    """Those of the last load, the gravest that failed first."""
    counts = [_counts(load) for load in loads]
    said = _meta(suites)
    found: dict[tuple[str, str], Checked] = {}
    for result in loads[-1] if loads else ():
        key = (str(result["asset"]), str(result["check"]))
        if key in found:
            continue
        broke = [
            row for other in loads[-1] if (other["asset"], other["check"]) == key for row in other["failing"]
        ]
        places = Counter(str(row["council"]) for row in broke)
        found[key] = Checked(
            asset=_plain(key[0]),
            check=_plain(key[1]),
            severity=str(result["severity"]),
            count=len(broke),
            places=tuple(sorted(places.items())),
            trend=Trend(tuple(count.get(key) for count in counts)),
            rule=said.get(key[1], {}).get("rule", ""),
            why=said.get(key[1], {}).get("why", ""),
            remedy=str(result["remedy"]),
        )
    order = list(_WORDS)
    return sorted(
        found.values(), key=lambda one: (not one.count, order.index(one.severity), one.asset, one.check)
    )


def _counts(load: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    counts: Counter[tuple[str, str]] = Counter()
    for result in load:
        counts[str(result["asset"]), str(result["check"])] += len(result["failing"])
    return dict(counts)


def _meta(suites: Path) -> dict[str, Mapping[str, str]]:
    """What each check's suite says of it."""
    return {
        expectation["meta"]["check"]: expectation["meta"]
        for path in sorted(suites.glob("*.json"))
        for expectation in load_suite(suites, path.stem)["expectations"]
    }


def _moment(load_id: str) -> str:
    found = _LOAD.match(load_id)
    return "{}-{}-{} {}:{} UTC".format(*found.groups()) if found else load_id


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _render(**values: object) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("checks.html.j2").render(**values)
