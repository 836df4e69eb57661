"""The manager's site: pages of the published marts without server, script or outside request. Computes nothing."""

from dagster_project.site.building import Built, build_site, rebuild_site

__all__ = ["Built", "build_site", "rebuild_site"]
