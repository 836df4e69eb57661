"""Drawing the manager's site again, without a load."""

from __future__ import annotations

from dagster_project.commands.terminal import make_console
from dagster_project.settings import load_settings


def site() -> None:
    """Draw every page of the manager's site again from what is published.

    A load draws the pages that changed; this draws all of them, after a change of the product or a damaged file.
    """
    from dagster_project.errors import PlainError
    from dagster_project.load import only_load, redraw
    from dagster_project.reference import load_reference

    settings = load_settings()
    with only_load(settings, "a drawing of the site"):
        if not (settings.published / "current").exists():
            raise PlainError(
                f"nothing is published yet under {settings.published}: run `caseload load` first"
            )
        drawn = redraw(settings, load_reference(settings))
    place = settings.published / "current" / "site" / "index.html"
    make_console().print(f"{drawn.written:,} pages are drawn; open {place}", markup=False, highlight=False)
