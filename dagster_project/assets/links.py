"""From an asset to its documentation and its page: addresses where the settings name them, else files here."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from dagster_project.page_addresses import DICTIONARY, INDEX, PROJECT
from dagster_project.settings import PROJECT_ROOT, Settings

Links = Mapping[str, dg.MetadataValue]


def docs_of(settings: Settings, page: str, anchor: str = "") -> Links:
    """A page of docs/, and where on it."""
    place = f"#{anchor}" if anchor else ""
    if settings.docs_url:
        return {"docs": dg.MetadataValue.url(f"{settings.docs_url.rstrip('/')}/{page}.html{place}")}
    return {"docs": dg.MetadataValue.path(f"{PROJECT_ROOT / 'docs' / page}.md{place}")}


def extract_links(settings: Settings, extract: str) -> Links:
    """What a file of the extract has to hold."""
    return docs_of(settings, "extracts", extract)


def model_links(settings: Settings, unique_id: str, mart: str | None) -> Links:
    """How a model is made; of a mart also what its columns mean and how its figures are worked out."""
    project = {"how_it_is_made": _page(settings, f"{PROJECT}#!/model/{unique_id}")}
    if mart is None:
        return project
    columns = {"page": _page(settings, f"{DICTIONARY}#table-{mart.replace('_', '-')}")}
    return {**docs_of(settings, "analyst", mart), **columns, **project}


def site_links(settings: Settings) -> Links:
    """The manager's site, and what is said of it."""
    return {**docs_of(settings, "site"), "page": _page(settings, INDEX)}


def _page(settings: Settings, address: str) -> dg.MetadataValue:
    if settings.site_url:
        return dg.MetadataValue.url(f"{settings.site_url.rstrip('/')}/{address}")
    return dg.MetadataValue.path(str(settings.published / "current" / "site" / address))
