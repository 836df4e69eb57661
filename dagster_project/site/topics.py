"""Which pages a council has besides its overview and its units, in the order of the navigation."""

from __future__ import annotations

from dagster_project.site.alerts_page import alerts_page
from dagster_project.site.comparison import comparison
from dagster_project.site.definitions import definitions
from dagster_project.site.demand_page import demand_page
from dagster_project.site.frame import Topic, named
from dagster_project.site.investments_page import has_investments, investments_page
from dagster_project.site.managed_teams import managed_teams
from dagster_project.site.money import agency, options
from dagster_project.site.quality_page import quality_page

ALERTS = Topic("alerts", "Alerts", alerts_page, lambda data: data.marts.has("threshold_breaches"))
ALL = named(
    [
        Topic("agency", "Agency and cost", agency, lambda data: data.has_rows("agency_costs")),
        Topic(
            "options",
            "Options",
            options,
            lambda data: bool(data.rows("capacity_options") or data.rows("options_to_target")),
        ),
        Topic("investments", "Did it work?", investments_page, has_investments),
        Topic("demand", "Demand", demand_page, lambda data: bool(data.rows("demand"))),
        Topic("managed-teams", "Managed teams", managed_teams, lambda data: bool(data.rows("managed_teams"))),
        Topic("comparison", "Comparison", comparison, lambda data: bool(data.rows("dfe_comparison"))),
        Topic("data-quality", "Data quality", quality_page, lambda data: bool(data.of_month("data_quality"))),
        ALERTS,
        Topic("definitions", "Definitions", definitions, lambda data: True),
    ]
)
