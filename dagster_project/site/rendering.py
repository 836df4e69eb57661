"""Pages written as HTML by the templates beside this module, every value escaped. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path

import jinja2

from dagster_project.page_addresses import DICTIONARY, INDEX, PROJECT, STYLE, link, topic_page
from dagster_project.site.contents import Page, Section
from dagster_project.site.frame import TIERS
from dagster_project.site.table_html import cell_html, heat_map_html, table_html, tag_html

TEMPLATES = Path(__file__).resolve().parent / "templates"
LASTING_KEPT = 256


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(
        tag_html=tag_html, cell_html=cell_html, table_html=table_html, heat_map_html=heat_map_html
    )
    return environment.get_template(name)


def section_html(section: Section) -> str:
    return _lasting_html(section) if section.is_lasting else _html_of_section(section)


def _html_of_section(section: Section) -> str:
    return _template("section.html.j2").render(section=section)


_lasting_html = lru_cache(LASTING_KEPT)(_html_of_section)


def html_of(
    page: Page, tier: str, *, has_project: bool, section_html: Callable[[Section], str] = section_html
) -> str:
    """The page as one HTML document that needs the style sheet beside the index and nothing else."""
    return _template("page.html.j2").render(
        section_html=section_html,
        page=page,
        tier=tier,
        tier_name=TIERS[tier][0],
        tier_words=TIERS[tier][1],
        style=link(STYLE, page.address),
        home=link(INDEX, page.address),
        about=[(name, link(target, page.address)) for name, target in _about(page, has_project=has_project)],
    )


def _about(page: Page, *, has_project: bool) -> Iterator[tuple[str, str]]:
    """What explains the figures: at the foot of every page."""
    if page.council:
        yield "Definitions", topic_page(page.council, "definitions")
    yield "Data dictionary", DICTIONARY
    if has_project:
        yield "How each table is made (dbt)", PROJECT


def style_sheet() -> str:
    return (TEMPLATES / STYLE).read_text(encoding="utf-8")
