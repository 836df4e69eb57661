"""The site of each tier built into a version that is being published. Only pages that changed are written anew.

A council none of whose rows changed keeps its pages as links to the files of the version before; of the others a page
that comes out the same does too. Reads published files only.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from dagster_project.alerts.known import Knowledge
from dagster_project.durable import put_in_place
from dagster_project.errors import was_interrupted, words_of_the_system, words_of_the_unexpected
from dagster_project.page_addresses import PROJECT, STYLE
from dagster_project.reference import Reference
from dagster_project.reports.measures import Measure
from dagster_project.settings import PROJECT_ROOT
from dagster_project.site import topics
from dagster_project.site.contents import Page, Section
from dagster_project.site.dictionary import dictionary
from dagster_project.site.index_page import Summary, index_page, summary_of
from dagster_project.site.overview import overview
from dagster_project.site.reading import CouncilData, ReferencesOf, TierMarts, opened
from dagster_project.site.region_page import page_of_region, region_name, regions_of
from dagster_project.site.rendering import html_of, section_html, style_sheet
from dagster_project.site.shared import Shared
from dagster_project.site.unit_page import page_of_unit

SITE = "site"
YOUNG = 1
"""What came since it was looked for last, for the collector of garbage."""
MEMORY = ".built.json"
"""What the pages were made from; lies beside them, for the next build."""
PLACES = {"internal": "", "restricted": "restricted", "public": "public"}
DRAWN_BY = ("dagster_project/site", "dagster_project/reports", "dbt/models/marts")
MODES = {"public": (0o755, 0o644), "internal": (0o750, 0o640), "restricted": (0o700, 0o600)}

KnownOf = Callable[[], Mapping[str, Knowledge]]
"""What the ledger of alerts knows, by council."""
DocsOf = Callable[[], Path | None]
"""Makes dbt's page of the project; None where there is none yet."""


def nothing_known() -> Mapping[str, Knowledge]:
    """For copies that hold nothing of who was told."""
    return {}


def no_docs() -> None:
    """For a site without dbt's page."""


@dataclass
class Built:
    """How many pages were written, how many are those of the version before, and why there are none, if so."""

    written: int = 0
    kept: int = 0
    problem: str = ""


def build_site(
    version: Path,
    before: Path | None,
    reference: Reference,
    references_of: ReferencesOf,
    known: KnownOf = nothing_known,
    project_docs: DocsOf = no_docs,
) -> Built:
    """Draw the site of every tier of a version from the marts in it; `before` is what was published last.

    `references_of` gives the restricted copy, and no other, the workers' own references; `known` gives every copy but
    the public one what the ledger of alerts knows of each council; the internal one takes dbt's page of the project in.
    Never raises, for figures do not wait for pages: where pages cannot be drawn there are none, and `problem` says why.
    """
    built = Built()
    try:
        docs = project_docs()
        tiers = []
        for tier, place in PLACES.items():
            folder = version / place
            if (folder / "marts.duckdb").is_file():
                last = before / place if before else None
                tiers.append(_Tier(tier, folder, last, reference, built, references_of, known, docs))
        _build(tiers)
    except Exception as error:
        if was_interrupted(error):
            raise
        for place in PLACES.values():
            shutil.rmtree(version / place / SITE, ignore_errors=True)
        return Built(problem=words_of_the_system(error) or words_of_the_unexpected(error))
    return built


def rebuild_site(
    current: Path,
    reference: Reference,
    references_of: ReferencesOf,
    known: KnownOf = nothing_known,
    project_docs: DocsOf = no_docs,
) -> Built:
    """Draw every page of what is published again, beside what stands there, and put it in its place."""
    built, docs = Built(), project_docs()
    for tier, place in PLACES.items():
        folder = current / place
        if not (folder / "marts.duckdb").is_file():
            continue
        one = _Tier(tier, folder, None, reference, built, references_of, known, docs, name=f".{SITE}.new")
        _build([one])
        old = folder / f".{SITE}.old"
        shutil.rmtree(old, ignore_errors=True)
        if (folder / SITE).exists():
            os.replace(folder / SITE, old)
        os.replace(folder / f".{SITE}.new", folder / SITE)
        shutil.rmtree(old, ignore_errors=True)
    return built


def retell_alerts(current: Path, reference: Reference, known: KnownOf) -> Built:
    """Draw the alerts pages again of what is published, of councils whose ledger says something else than they do.

    A page is put in the place of the old one, whose file an earlier version may share. Never raises, as `build_site`.
    """
    built = Built()
    try:
        for tier, place in PLACES.items():
            folder = current / place
            if tier != "public" and (folder / SITE / MEMORY).is_file():
                _Tier(tier, folder, None, reference, built, nobody, known).retell()
    except Exception as error:
        if was_interrupted(error):
            raise
        built.problem = words_of_the_system(error) or words_of_the_unexpected(error)
    return built


class _Tier:
    """One tier's site while it is built."""

    def __init__(
        self,
        tier: str,
        folder: Path,
        before: Path | None,
        reference: Reference,
        built: Built,
        references_of: ReferencesOf,
        known: KnownOf,
        project_docs: Path | None = None,
        name: str = SITE,
    ) -> None:
        self._tier, self._file, self._reference, self._built = tier, folder / "marts.duckdb", reference, built
        self._references_of = references_of if tier == "restricted" else nobody
        self._project_docs = project_docs if tier == "internal" else None
        self._site = folder / name
        self._has_project = bool(self._project_docs)
        self._before = before / SITE if before else None
        self._drawn_by = _drawn_by()
        self._folder_mode, self._file_mode = MODES[tier]
        self._known = _remembered(self._before, self._drawn_by)
        self._knowledge_of = known if tier != "public" else nothing_known

    @property
    def shares(self) -> bool:
        """Whether its pages may take sections over from another copy's: the public one's figures are others."""
        return self._tier != "public"

    @contextmanager
    def building(self) -> Iterator[_TierBuild]:
        """Within, councils are drawn one by one; then what leads to them."""
        shutil.rmtree(self._site, ignore_errors=True)
        self._folder(self._site)
        with opened(self._file) as marts:
            started = _TierBuild(self, marts)
            yield started
        self._finish(marts.measures, started.summaries, started.memory)

    def _finish(
        self,
        measures: Mapping[str, Mapping[str, Measure]],
        summaries: list[Summary],
        memory: Mapping[str, object],
    ) -> None:
        self._write_text(STYLE, style_sheet())
        regions = regions_of(summaries)
        names = {code: region_name(self._reference, code) for code in regions}
        for code, councils in regions.items():
            self._write(page_of_region(code, names[code], councils))
        self._write(index_page(summaries, self._tier, names))
        self._write(dictionary(measures, self._reference, self._tier, has_project=bool(self._project_docs)))
        if self._project_docs:
            self._write_text(PROJECT, self._project_docs.read_text(encoding="utf-8"))
        self._remember(memory)

    def council(
        self, marts: TierMarts, council: str, fingerprint: str, shared: Shared
    ) -> tuple[Summary, dict[str, object]]:
        rules = self._reference.marts_fingerprint(council)
        known = self._known.get(council)
        knowledge = self._knowledge_of().get(council, Knowledge())
        data = CouncilData(marts, self._reference, council, self._references_of, knowledge, shared.rows)
        print_of = hashlib.sha256(
            f"{fingerprint} {rules} {data.neighbour_rates} {self._has_project}".encode()
        ).hexdigest()
        if known and known["made_of"] == print_of and self._keep_all(known["pages"]):
            if known.get("told") != _fingerprint(knowledge):
                self._replace_alerts(data, known)
            return summary_of(data), {**known, "told": _fingerprint(knowledge)}
        pages = {
            page.address: self._write(page, shared.html_of) for page in pages_of(data, self._tier, shared)
        }
        return summary_of(data), {
            "made_of": print_of,
            "told": _fingerprint(knowledge),
            "pages": pages,
        }

    def retell(self) -> None:
        """Afterwards the alerts pages say what the ledger knows; the other pages are as they were."""
        self._has_project = (self._site / PROJECT).is_file()
        memory = _remembered(self._site, self._drawn_by)
        told = {council: self._knowledge_of().get(council, Knowledge()) for council in memory}
        due = {
            council: knowledge
            for council, knowledge in told.items()
            if memory[council].get("told") != _fingerprint(knowledge)
        }
        if not due:
            return
        with opened(self._file) as marts:
            for council, knowledge in due.items():
                data = CouncilData(marts, self._reference, council, nobody, knowledge)
                self._replace_alerts(data, memory[council])
                memory[council]["told"] = _fingerprint(knowledge)
        self._remember(memory)

    def _replace_alerts(self, data: CouncilData, remembered: dict[str, object]) -> None:
        if not topics.ALERTS.has(data):
            return
        page = topics.ALERTS.make(data, self._tier)
        text = self._html_of(page)
        self._put(page.address, text)
        if isinstance(remembered["pages"], dict):
            remembered["pages"][page.address] = _sum_of(text.encode("utf-8"))
        self._built.written += 1

    def _remember(self, memory: Mapping[str, object]) -> None:
        self._put(MEMORY, json.dumps({"drawn_by": self._drawn_by, "councils": memory}, sort_keys=True))

    def _put(self, address: str, text: str) -> None:
        """Afterwards the file says so, and whoever shares the old one keeps it."""
        aside = self._site / f"{address}.new"
        aside.write_text(text, encoding="utf-8")
        aside.chmod(self._file_mode)
        put_in_place(aside, self._site / address)

    def _keep_all(self, pages: object) -> bool:
        """Whether every page of the version before could be taken over: one that is gone or damaged cannot."""
        before = self._before
        if before is None or not isinstance(pages, dict):
            return False
        if not all(_is_as_drawn(before / address, told) for address, told in pages.items()):
            return False
        for address in pages:
            self._take_over(before, address)
        return True

    def _write(self, page: Page, written: Callable[[Section], str] = section_html) -> str:
        """The page is there; its checksum."""
        text = self._html_of(page, written)
        self._write_text(page.address, text)
        return _sum_of(text.encode("utf-8"))

    def _html_of(self, page: Page, written: Callable[[Section], str] = section_html) -> str:
        return html_of(page, self._tier, has_project=self._has_project, section_html=written)

    def _write_text(self, address: str, text: str) -> None:
        content = text.encode("utf-8")
        before = self._before
        if before and (before / address).is_file() and (before / address).read_bytes() == content:
            self._take_over(before, address)
            return
        path = self._site / address
        self._folder(path.parent)
        path.write_bytes(content)
        path.chmod(self._file_mode)
        self._built.written += 1

    def _take_over(self, before: Path, address: str) -> None:
        self._link(before / address, address)
        self._built.kept += 1

    def _link(self, source: Path, address: str) -> None:
        path = self._site / address
        self._folder(path.parent)
        try:
            os.link(source, path)
        except OSError:
            # Not every file system links.
            shutil.copy2(source, path)

    def _folder(self, path: Path) -> None:
        if not path.is_dir():
            if path != self._site:
                self._folder(path.parent)
            path.mkdir()
            path.chmod(self._folder_mode)


def _fingerprint(knowledge: Knowledge) -> str:
    return hashlib.sha256(repr(knowledge).encode()).hexdigest()


def _sum_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_as_drawn(path: Path, told: str) -> bool:
    try:
        return _sum_of(path.read_bytes()) == told
    except OSError:
        return False


def nobody(_council: str, _keys: Sequence[int]) -> Mapping[int, str]:
    """No reference of anybody: for the copies that hold no worker."""
    return {}


class _TierBuild:
    """One tier of which councils are being drawn: what is told of each and kept for the next build."""

    def __init__(self, tier: _Tier, marts: TierMarts) -> None:
        self.tier, self.summaries, self.memory = tier, list[Summary](), dict[str, object]()
        self._marts, self._fingerprints = marts, marts.fingerprints()
        self.councils = marts.councils

    def draw(self, council: str, shared: Shared) -> None:
        if council in self.councils:
            fingerprint = self._fingerprints.get(council, "")
            summary, entry = self.tier.council(self._marts, council, fingerprint, shared)
            self.summaries.append(summary)
            self.memory[council] = entry


def _build(tiers: Sequence[_Tier]) -> None:
    """Draw every tier, council by council, so that what two copies of one have in common is made once and not kept."""
    with ExitStack() as opened_files, _uncollected():
        started = [opened_files.enter_context(tier.building()) for tier in tiers]
        for council in sorted({council for one in started for council in one.councils}):
            in_common = Shared()
            for one in started:
                one.draw(council, in_common if one.tier.shares else Shared())
            gc.collect(YOUNG)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Within, rings of objects are looked for by who says so alone: of the rows and cells of pages, which come by the
    million and are in none, the search is an eighth of a page's time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def pages_of(data: CouncilData, tier: str, shared: Shared) -> Iterable[Page]:
    """Every page of a council."""
    yield overview(data, tier)
    for topic in topics.ALL:
        if topic.has(data):
            yield topic.make(data, tier)
    for unit in data.units.values():
        yield page_of_unit(data, unit, tier, partial(shared.section, data, unit.unit))


def _remembered(site: Path | None, drawn_by: str) -> Mapping[str, dict[str, object]]:
    path = site / MEMORY if site else None
    if path is None or not path.is_file():
        return {}
    try:
        memory = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return memory["councils"] if memory.get("drawn_by") == drawn_by else {}


@cache
def _drawn_by() -> str:
    """Changes with the code that draws pages and the contracts they explain."""
    found = hashlib.sha256()
    for folder in DRAWN_BY:
        for path in sorted((PROJECT_ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()
