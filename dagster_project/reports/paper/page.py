"""A paper as one HTML file: no script, nothing fetched from elsewhere, pictures inside."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from dagster_project.reports.charts import TINTS
from dagster_project.reports.paper.contents import Paper, Picture

TEMPLATES = Path(__file__).parent


def page(paper: Paper) -> str:
    """The text of the paper's page."""
    return _template().render(paper=paper, tints=TINTS, source_of=_inline)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.j2")


def _inline(picture: Picture) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(picture.drawing.svg.encode("utf-8")).decode(
        "ascii"
    )
