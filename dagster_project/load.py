"""A load, the whole way once: deliveries, marts, checks, the published copy, alerts. Each step is a package's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from time import perf_counter

from dagster_project import alerts, deliveries, health, quality, quarantine, rotated_keys, site, warehouse
from dagster_project.alerts.ended import read_ended
from dagster_project.alerts.known import Knowledge, known_of_alerts
from dagster_project.alerts.ledger import open_ledger
from dagster_project.alerts.recipient_lint import lint_recipients
from dagster_project.alerts.since_told import (
    as_unknown,
    read_clear,
    read_figures,
    read_unknown,
    read_without_rows,
)
from dagster_project.alerts.source import read_breaches, read_over
from dagster_project.alerts.waits import read_waits
from dagster_project.deliveries.lookups import own_references
from dagster_project.errors import PlainError, words_of_the_unexpected
from dagster_project.extracts import load_specifications
from dagster_project.installation_lock import Holder, holding
from dagster_project.reference import Finding, Reference, ReferenceDataError, load_reference
from dagster_project.release import RELEASE, is_newer
from dagster_project.run_log import RunLog, logged
from dagster_project.settings import Settings, SettingsError, make_home
from dagster_project.settings import close_to_others as close_folder
from dagster_project.steps import reached
from dagster_project.warehouse_file import check_warehouse_key, held_open, remove_warehouse

Progress = Callable[[str, int, int, str], None]
"""Told as a phase goes on: its name, how much is done, of how much, and what is being worked on."""


class RestoreUnfinishedError(PlainError):
    """A restore was cut off: part of the home is what it was, part what it should be."""


class NewerDataError(PlainError):
    """A later release has built what lies in the home; this one may not know all of it."""


@dataclass
class LoadReport:
    """What one load did: what arrived, was built, checked, published and told, and how long each took.

    `to_mend` are the workbooks of all rows in quarantine, of this load or an earlier one; `recipients` what is wrong
    with the rows of recipients. `was_damaged` where nothing was new and what was published is not what was written.
    """

    load_id: str
    reference: Reference
    arrival: deliveries.Arrival
    build: warehouse.Build | None = None
    checks: list[quality.CheckResult] = field(default_factory=list)
    at_the_border: list[quality.CheckResult] = field(default_factory=list)
    published: Path | None = None
    was_damaged: bool = False
    pages: site.Built | None = None
    announcement: alerts.Announcement | None = None
    to_mend: list[Path] = field(default_factory=list)
    recipients: list[Finding] = field(default_factory=list)
    sealed: deliveries.Sealed = field(default_factory=deliveries.Sealed)
    compacted: deliveries.Compacted = field(default_factory=deliveries.Compacted)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def changed_nothing(self) -> bool:
        return self.build is None and not self.arrival.recorded

    @property
    def has_refusals(self) -> bool:
        return bool(self.arrival.refused)

    @property
    def has_failures(self) -> bool:
        """Whether somebody has to look: a delivery was refused, or the pages could not be drawn."""
        return self.has_refusals or bool(self.pages and self.pages.problem)


MADE_BY = "release"
"""The mark of the release that last built and published."""
PUBLISHED = "published"
"""The mark of which version was published last, and the checksum of its marts as they were written; empty where its
pages could not be drawn.
"""


def _refuse_newer(settings: Settings) -> None:
    made_by = deliveries.Manifest(settings.manifest).mark(MADE_BY) if settings.manifest.is_file() else None
    if made_by and is_newer(made_by):
        raise NewerDataError(
            f"{settings.home} was built by a later release, {made_by}, and this is {RELEASE}: run the later one, or "
            "restore a backup from before it"
        )


@contextmanager
def only_load(
    settings: Settings,
    what: str,
    wait_seconds: float = 0,
    *,
    run: str = "",
    load_id: str = "",
    on_wait: Callable[[str], None] = lambda words: None,
    is_restoring: bool = False,
) -> Iterator[Holder]:
    """Hold the installation for one load, or for `what` else it is; with `run`, for the steps of that run.

    Raises LoadInProgressError when another has it and keeps it for longer than `wait_seconds`, and
    RestoreUnfinishedError where a restore was cut off, which only a restore may find, and NewerDataError where a later
    release has built what lies there.
    """
    make_home(settings)
    with holding(settings, what, wait_seconds, run=run, load_id=load_id, on_wait=on_wait) as holder:
        _make_ready(settings, is_restoring=is_restoring)
        yield holder


def _make_ready(settings: Settings, *, is_restoring: bool = False) -> None:
    if settings.being_restored.exists() and not is_restoring:
        raise RestoreUnfinishedError(
            f"a restore of {settings.home} was cut off: run `caseload restore` with the same backup again"
        )
    _refuse_newer(settings)
    if not is_restoring:
        if settings.alert_ledger.is_file():
            # One that is damaged or emptied is told of before anything is done.
            with open_ledger(settings.alert_ledger):
                pass
        deliveries.finish_compaction(settings)
        deliveries.record_missing_sums(settings)


def load(
    settings: Settings,
    *,
    council: str | None = None,
    months: deliveries.Months = (None, None),
    progress: Progress = lambda phase, done, total, what: None,
    now: datetime | None = None,
    wait_seconds: float = 0,
    on_wait: Callable[[str], None] = lambda words: None,
    engine: warehouse.Engine = warehouse.Engine.DUCKDB,
) -> LoadReport:
    """Load everything new in landing; afterwards the published marts say what the archive says.

    Another load that is at work is waited for, for `wait_seconds`; `on_wait` is told who it is. Raises
    ReferenceDataError, SettingsError, TransformationError, LoadInProgressError or EngineError; what was published
    before stays, and what was archived is built by the next load.
    """
    warehouse.check_engine(settings, engine)
    make_home(settings)
    with holding(settings, "caseload load", wait_seconds, on_wait=on_wait):
        # Its time is that after the wait: what it takes in came after what the load before it took in.
        now = now or datetime.now(UTC)
        load_id = deliveries.new_load_id(now)
        with (
            health.told_run(settings, health.LOAD, now, words_of=words_of_failure),
            logged(settings, load_id) as log,
        ):
            settings.pseudonym_key()
            _make_ready(settings)
            report = _load(settings, council, months, progress, now, load_id, log, engine)
            log.tell("result", published=report.published is not None, refused=len(report.arrival.refused))
            return report


def _load(
    settings: Settings,
    council: str | None,
    months: deliveries.Months,
    progress: Progress,
    now: datetime,
    load_id: str,
    log: RunLog,
    engine: warehouse.Engine,
) -> LoadReport:
    reached("the lock is held")
    reference = load_reference(settings)
    finish_rotation(settings, progress=progress)
    check_warehouse_key(settings)
    deliveries.reseal(settings)
    watch = _Watch()
    at_the_border: list[quality.CheckResult] = []

    def receive(as_load: str, council: str | None, months: deliveries.Months) -> deliveries.Arrival:
        with watch.phase("arrive"):
            received = deliveries.receive(
                settings,
                reference,
                load_specifications(),
                quality.judge_deliveries(settings, at_the_border),
                load_id=as_load,
                now=now,
                council=council,
                months=months,
                progress=lambda done, total, what: progress("arrive", done, total, what),
            )
        for one in received.recorded:
            log.tell(
                "delivery",
                council=one.council,
                month=f"{one.month:%Y-%m}",
                extract=one.extract,
                delivery=one.delivery,
                is_refused=one.is_refused,
                rows_accepted=one.rows_accepted,
                rows_rejected=one.rows_rejected,
            )
        return received

    arrival = receive(load_id, council, months)
    report = LoadReport(load_id, reference, arrival, at_the_border=at_the_border, seconds=watch.seconds)
    manifest = deliveries.Manifest(settings.manifest)
    due = warehouse.months_due(settings, manifest, reference)
    # Before the marts: a load that is killed from here on has its months due again, and writes them with the next.
    if arrival.recorded or due.is_needed:
        report.to_mend = quarantine.refresh_workbooks(settings, reference)
        reached("the workbooks are written")
    if not (due.is_needed or arrival.recorded):
        report.was_damaged = settings.database.is_file() and not _is_as_published(settings, manifest)
    if due.is_needed or arrival.recorded or report.was_damaged:
        try:
            _build_and_publish(settings, reference, manifest, due, report, progress, watch, now, engine)
        except deliveries.DamagedFileError:
            # What is kept of their deliveries is read again, whoever they are of; once, for then it is known.
            again = receive(deliveries.new_load_id(now), None, (None, None))
            arrival.recorded += again.recorded
            arrival.problems += again.problems
            arrival.damaged |= again.damaged
            if not again.accepted:
                raise
            due = warehouse.months_due(settings, manifest, reference)
            _build_and_publish(settings, reference, manifest, due, report, progress, watch, now, engine)
    with watch.phase("alert"):
        report.announcement = announce(settings, reference, load_id, now)
        reached("the alerts are told")
        report.recipients = lint_recipients(
            reference, settings.channels, now.date(), manifest.councils_loaded()
        )
    with watch.phase("seal"):
        report.sealed = deliveries.seal_landed(
            settings, reference, load_specifications(), now=now, council=council, months=months
        )
        if arrival.accepted:
            report.compacted = deliveries.compact_where_many(settings, reference, load_id, now)
            deliveries.clear_begun(settings)
        close_to_others(settings)
        reached("the originals are sealed")
    return report


def words_of_failure(error: BaseException) -> str:
    """What may be told of a failed load by mail: of errors that could quote a value, only their kind."""
    if isinstance(error, ReferenceDataError):
        return f"the reference data cannot be used; of {len(error.problems)} problems the first: {error.problems[0]}"
    if isinstance(error, warehouse.TransformationError):
        return f"the marts could not be built ({len(error.failures)} failures); `caseload load` says which"
    if isinstance(error, (PlainError, SettingsError, quality.SuiteError, warehouse.PublishingError)):
        return str(error)
    return words_of_the_unexpected(error)


def close_to_others(settings: Settings) -> None:
    """What lies in the folders that hold keys of children and workers is for its owner only."""
    for folder in (settings.archive, settings.warehouse, settings.outbox):
        close_folder(folder)


def rebuild(
    settings: Settings,
    reference: Reference,
    *,
    progress: Progress = lambda phase, done, total, what: None,
    now: datetime | None = None,
    engine: warehouse.Engine = warehouse.Engine.DUCKDB,
) -> LoadReport | None:
    """Build and publish what is due without looking at landing; None when nothing is. For who holds the lock.

    Works where nothing was ever loaded: marts that need no delivery have their rows then. Raises TransformationError;
    what was published before stays.
    """
    check_warehouse_key(settings)
    deliveries.prepare_archive(settings, load_specifications())
    manifest = deliveries.Manifest(settings.manifest)
    due = warehouse.months_due(settings, manifest, reference)
    if not (due.is_needed or due.is_full or not (settings.published / "current").exists()):
        return None
    now = now or datetime.now(UTC)
    load_id = deliveries.new_load_id(now)
    report = LoadReport(load_id, reference, deliveries.Arrival(load_id))
    _build_and_publish(
        settings, reference, manifest, due, report, progress, _Watch(report.seconds), now, engine
    )
    return report


def finish_rotation(
    settings: Settings,
    *,
    progress: Progress = lambda phase, done, total, what: None,
    reached: Callable[[int], None] = lambda step: None,
) -> None:
    """Do what an interrupted change of key left to do; nothing where none was. For who holds the lock."""
    if not rotated_keys.is_unfinished(settings):
        return
    rotated_keys.map_ledger(settings)
    reached(1)
    manifest = deliveries.Manifest(settings.manifest)
    if manifest.in_force():
        # It may be encrypted with the key that was used before.
        remove_warehouse(settings)
        rebuild(settings, load_reference(settings), progress=progress)
    reached(2)
    rotated_keys.clear_up(settings)
    reached(3)


def _build_and_publish(
    settings: Settings,
    reference: Reference,
    manifest: deliveries.Manifest,
    due: warehouse.Build,
    report: LoadReport,
    progress: Progress,
    watch: _Watch,
    now: datetime,
    engine: warehouse.Engine = warehouse.Engine.DUCKDB,
) -> None:
    with watch.phase("build"):
        done: list[str] = []

        def on_node(name: str) -> None:
            done.append(name)
            progress("build", len(done), 0, name)

        report.build = warehouse.build(settings, manifest, reference, due, on_node, engine)
    with watch.phase("check"), held_open(settings):
        progress("check", 0, 0, "checks on the marts")
        councils = sorted({row.council for row in due.scope if row.is_loaded})
        report.checks = quality.check_marts(settings, reference, councils)
        results = [*report.at_the_border, *report.checks]
        quality.write_results(settings.warehouse / "checks", report.load_id, results)
        reached("the checks are written")
    with watch.phase("publish"):
        progress("publish", 0, 0, "the marts")
        report.published, report.pages = publish_with_pages(settings, reference, report.load_id)
        warehouse.confirm(manifest, reference, settings, due, report.load_id, now)
        manifest.set_mark(MADE_BY, RELEASE)
        reached("the months are confirmed")


def publish_with_pages(settings: Settings, reference: Reference, load_id: str) -> tuple[Path, site.Built]:
    """Publish the marts with the pages drawn from them; the folder, and what became of the pages.

    Marts are published whatever becomes of the pages: those that cannot be drawn are left out and it is said why.
    """
    before = settings.published / "current"
    pages = site.Built()

    def draw(version: Path) -> None:
        nonlocal pages
        quality.write_page(version, settings.warehouse / "checks", settings.expectations)
        last = before.resolve() if before.exists() else None
        pages = site.build_site(
            version,
            last,
            reference,
            references_of(settings),
            known_of(settings, reference),
            lambda: warehouse.project_docs(settings),
        )

    version = warehouse.publish(settings, load_id, draw)
    words = "" if pages.problem else _words_of_version(version)
    deliveries.Manifest(settings.manifest).set_mark(PUBLISHED, words)
    return version, pages


def _is_as_published(settings: Settings, manifest: deliveries.Manifest) -> bool:
    """Whether readers find the marts that were published last, with pages; of an earlier release, whether any."""
    current, told = settings.published / "current", manifest.mark(PUBLISHED)
    return current.exists() and told in (None, _words_of_version(current.resolve()))


def _words_of_version(version: Path) -> str:
    return f"{version.name} {warehouse.sum_of_marts(version)}"


def redraw(settings: Settings, reference: Reference) -> site.Built:
    """Draw every page of what is published again. For who holds the lock."""
    current, manifest = (settings.published / "current").resolve(), deliveries.Manifest(settings.manifest)
    built = site.rebuild_site(
        current,
        reference,
        references_of(settings),
        known_of(settings, reference),
        lambda: warehouse.project_docs(settings),
    )
    if manifest.mark(PUBLISHED) == "":
        manifest.set_mark(PUBLISHED, _words_of_version(current))
    return built


def retell(settings: Settings, reference: Reference) -> site.Built:
    """The alerts pages of what is published say who knows of what by now. For who holds the lock."""
    current = settings.published / "current"
    if not current.exists():
        return site.Built()
    return site.retell_alerts(current.resolve(), reference, known_of(settings, reference))


def known_of(settings: Settings, reference: Reference) -> Callable[[], Mapping[str, Knowledge]]:
    """What the ledger knows, read once when the first page asks."""
    return cache(lambda: known_of_alerts(settings.alert_ledger, reference.parent_units, datetime.now(UTC)))


def references_of(settings: Settings) -> site.ReferencesOf:
    """The workers' own references for the restricted pages; each council's look-up is logged."""

    def found(council: str, keys: Sequence[int]) -> Mapping[int, str]:
        return own_references(settings, council, keys, "pages of the restricted copy")

    return found


def announce(
    settings: Settings, reference: Reference, load_id: str, now: datetime
) -> alerts.Announcement | None:
    """Tell recipients what is new, worse or resolved in the latest month of each council; None before a first build."""
    if not settings.database.is_file():
        return None
    with held_open(settings):
        told = _announce(settings, reference, load_id, now)
    retell(settings, reference)
    return told


def _announce(settings: Settings, reference: Reference, load_id: str, now: datetime) -> alerts.Announcement:
    breaches, latest_months = read_breaches(settings, reference)
    missing = health.overdue(settings, reference, now)
    without_rows = read_without_rows(settings)
    doubted = [
        breach
        for breach in breaches
        if breach.state == "resolved"
        and breach.worker_key is None
        and (breach.council, breach.unit, breach.metric, breach.month) in without_rows
        and breach.month == latest_months.get((breach.council, breach.metric))
    ]
    return alerts.announce(
        [breach for breach in breaches if breach not in doubted],
        latest_months,
        reference.rows("alert_recipients"),
        reference.parent_units,
        settings,
        now,
        load_id,
        waits=read_waits(reference.rows("send_waits")),
        over=read_over(settings) - {(breach.council, breach.unit, breach.metric) for breach in doubted},
        clear=read_clear(settings),
        unknown=[*read_unknown(settings, reference, missing), *(as_unknown(breach) for breach in doubted)],
        ended=read_ended(settings, reference),
        figures=read_figures(settings),
        reached=reached,
    )


class _Watch:
    def __init__(self, seconds: dict[str, float] | None = None) -> None:
        self.seconds: dict[str, float] = {} if seconds is None else seconds

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        started = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = perf_counter() - started


def parse_month(text: str) -> date:
    """The first day of a month written YYYY-MM.

    Raises ValueError for anything else.
    """
    return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
