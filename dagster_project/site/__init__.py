"""The manager's site: pages of the published marts without server, script or outside request. Computes nothing."""

from dagster_project.site.building import Built, build_site, rebuild_site, retell_alerts
from dagster_project.site.reading import ReferencesOf

__all__ = ["Built", "ReferencesOf", "build_site", "rebuild_site", "retell_alerts"]
