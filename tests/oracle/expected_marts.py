"""All marts this oracle expects of a council."""

from __future__ import annotations

from .expected_activity import caseload_bridge, demand, timeliness
from .expected_breaches import deliveries, threshold_breaches
from .expected_caseload import caseload_bands, throughput, worker_caseloads
from .expected_context import investment_context, investment_funding, investment_lines
from .expected_cost import agency_costs
from .expected_forecasts import agency_forecasts, caseload_forecasts, forecast_accuracy
from .expected_investments import investment_impact, support_officers
from .expected_options import capacity_options, managed_teams
from .expected_published import dfe_comparison, report_figures, survey_results
from .expected_quality import data_quality
from .expected_rows import ExpectedMart
from .expected_stability import workforce_stability
from .expected_targets import options_to_target
from .expected_workforce import establishment, recruitment_pipeline
from .truth import MadeUpCouncil


def expected_marts(council: MadeUpCouncil, pseudonym_key: str) -> list[ExpectedMart]:
    """Every mart, computed from the council's truth alone."""
    marts = [
        caseload_bands(council),
        worker_caseloads(council, pseudonym_key),
        agency_costs(council),
        establishment(council),
        recruitment_pipeline(council),
        throughput(council),
        workforce_stability(council),
        demand(council),
        timeliness(council),
        caseload_bridge(council),
        threshold_breaches(council, pseudonym_key),
        deliveries(council),
        caseload_forecasts(council),
        forecast_accuracy(council),
        agency_forecasts(council),
        support_officers(council),
        capacity_options(council),
        managed_teams(council),
        survey_results(council),
        report_figures(council),
    ]
    known = {mart.name: mart for mart in marts}
    return [
        *marts,
        investment_impact(council, marts),
        investment_lines(council, known),
        investment_funding(council, known),
        investment_context(council, known),
        options_to_target(council),
        dfe_comparison(council, marts),
        data_quality(council, known["throughput"]),
    ]
