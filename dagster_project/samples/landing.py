"""Sample councils written as real ones deliver: files in landing, recipients in the council's reference."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

from dagster_project.extracts import load_specifications
from dagster_project.samples.activity import Activity
from dagster_project.samples.caseload import Caseload
from dagster_project.samples.cases import case_rows
from dagster_project.samples.chance import Chance
from dagster_project.samples.establishment import offer_rows, post_rows, workforce_rows
from dagster_project.samples.experience import qualify
from dagster_project.samples.fitting import Row, require_fit
from dagster_project.samples.ledger import Ledger
from dagster_project.samples.naming import MonthNames
from dagster_project.samples.nottinghamshire import NOTTINGHAMSHIRE
from dagster_project.samples.plan import CouncilPlan
from dagster_project.samples.spellings import Spellings
from dagster_project.samples.staffing import staff
from dagster_project.samples.tameside import TAMESIDE
from dagster_project.samples.west_sussex import WEST_SUSSEX
from dagster_project.samples.writing import FileForm, Sheet, file_bytes, pack_bytes, write_if_changed

PLANS = (NOTTINGHAMSHIRE, WEST_SUSSEX, TAMESIDE)
# Streams of chance, counted from a plan's seed: 0 is the workforce, 3 the bought team.
LEDGER_STREAM, CASE_STREAM, ACTIVITY_STREAM = 1, 2, 4


def write_samples(home: Path, councils: Collection[str] | None = None) -> list[Path]:
    """The landed files of the sample councils (all, or those named) lie under `home`, the same bytes on every run.

    Recipients are written only where the installation has none, for they are the council's own. Returns the
    landed files. Raises SampleError when a row does not fit its extract's specification.
    """
    plans = [plan for plan in PLANS if councils is None or plan.council in councils]
    landed = [path for plan in plans for path in _write_council(home, plan)]
    recipients = home / "reference" / "alert_recipients.csv"
    if not recipients.exists():
        write_if_changed(recipients, _recipients(plans))
    return landed


def _write_council(home: Path, plan: CouncilPlan) -> list[Path]:
    spellings = Spellings(plan.council)
    chance = Chance(plan.seed)
    workforce = staff(plan, chance)
    qualify(plan, workforce, spellings.social_work_roles, chance)
    ledger = Ledger(plan, Chance(plan.seed + LEDGER_STREAM))
    ledger.record(workforce)
    caseload = Caseload(plan, workforce, spellings, Chance(plan.seed + CASE_STREAM))
    activity = Activity(plan, ACTIVITY_STREAM)
    delivery = _Deliveries(home, plan, spellings)
    for month, cases in caseload.months():
        names = {extract: delivery.names(extract, month) for extract in load_specifications()}
        delivery.write("caseload", month, case_rows(cases, month, names["caseload"]))
        delivery.write(
            "workforce",
            month,
            workforce_rows(workforce, month, names["workforce"], spellings.social_work_roles, chance),
        )
        delivery.write("posts", month, post_rows(plan, workforce, month, names["posts"]))
        delivery.write("offers", month, offer_rows(workforce, month, names["offers"]))
        delivery.write("agency_spend", month, ledger.rows(month, names["agency_spend"]))
        delivery.write("contacts", month, activity.contact_rows(month))
        delivery.write("assessments", month, activity.assessment_rows(cases, month, names["assessments"]))
        delivery.write("visits", month, activity.visit_rows(cases, month, names["visits"]))
        meetings = activity.meeting_rows(cases, month, names["strategy_meetings"])
        delivery.write("strategy_meetings", month, meetings)
        delivery.write_pack(month)
    for table in plan.printed_tables:
        delivery.write(table.extract, table.month, table.rows, table.form)
    return delivery.landed


class _Deliveries:
    """Checks each delivery against its specification and lands it in the form the plan gives it."""

    def __init__(self, home: Path, plan: CouncilPlan, spellings: Spellings) -> None:
        self.folder = home / "landing" / plan.council
        self.plan = plan
        self.spellings = spellings
        self.landed: list[Path] = []
        self.sheets: list[Sheet] = []

    def names(self, extract: str, month: date) -> MonthNames:
        return MonthNames(self.spellings, extract, month, self._form(extract, month))

    def write(self, extract: str, month: date, rows: Sequence[Row], form: FileForm | None = None) -> None:
        form = form or self._form(extract, month)
        specification = load_specifications()[extract]
        require_fit(specification, rows, month, self.spellings)
        if month in self.plan.month_packs:
            self.sheets.append((specification, rows, form))
            return
        path = self.folder / f"{month:%Y-%m}" / f"{extract}.{form.suffix}"
        write_if_changed(path, file_bytes(specification, rows, form))
        self.landed.append(path)

    def write_pack(self, month: date) -> None:
        """The month's extracts as the sheets of one workbook, where the plan says that they come in one."""
        if month not in self.plan.month_packs:
            return
        path = self.folder / f"{month:%Y-%m}" / self.plan.month_packs[month]
        write_if_changed(path, pack_bytes(self.sheets))
        self.landed.append(path)
        self.sheets = []

    def _form(self, extract: str, month: date) -> FileForm:
        return self.plan.forms.get((month, extract), FileForm())


def _recipients(plans: Sequence[CouncilPlan]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["council", "unit", "severity", "channel", "role"])
    for plan in plans:
        writer.writerows([plan.council, r.unit, r.severity, r.channel, r.role] for r in plan.recipients)
    return text.getvalue().encode("utf-8")
