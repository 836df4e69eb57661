"""The columns of extracts.md and the kind of value each holds, from the spec and not the product."""

from __future__ import annotations

FORMS: dict[str, dict[str, str]] = {
    "caseload": {
        "case_id": "id", "child_id": "id", "family_id": "id", "case_type": "code", "team": "team",
        "worker_id": "id",
        "opened_on": "date", "allocated_on": "date", "closed_on": "date",
        "closure_outcome": "code", "transferred_to": "team",
        "plan_started_on": "date", "plan_ended_on": "date",
    },
    "workforce": {
        "worker_id": "id", "post_id": "id", "team": "team", "role": "role", "employment": "code",
        "fte": "fte", "started_on": "date", "ended_on": "date", "leaving_reason": "code",
        "qualified_on": "date",
        "registration_no": "id", "asye": "flag", "sickness_days": "number", "absent_at_month_end": "code",
    },
    "posts": {
        "post_id": "id", "team": "team", "role": "role", "fte": "fte", "newly_created": "flag",
        "created_on": "date", "funded_until": "date", "vacant_fte": "fte",
    },
    "offers": {
        "offer_id": "id", "team": "team", "role": "role", "employment": "code", "fte": "fte",
        "accepted_on": "date", "expected_start_on": "date",
    },
    "agency_spend": {
        "line_id": "id", "team": "team", "role": "role", "worker_id": "id", "supplier": "text",
        "contract_id": "id", "week_ending": "date", "hours": "number", "hourly_rate_gbp": "money",
        "amount_gbp": "money", "cost_type": "code",
    },
    "caseload_summary": {"unit": "team", "open_cases": "count", "fte_social_workers": "number"},
    "contacts": {
        "contact_id": "id", "received_on": "date", "source": "text", "outcome": "code", "referral_id": "id",
        "is_re_referral": "flag",
    },
    "assessments": {
        "assessment_id": "id", "case_id": "id", "team": "team", "started_on": "date", "completed_on": "date",
    },
    "visits": {"visit_id": "id", "case_id": "id", "team": "team", "due_on": "date", "seen_on": "date"},
    "strategy_meetings": {
        "meeting_id": "id", "case_id": "id", "team": "team", "due_on": "date", "held_on": "date",
        "attended_by_partners": "flag",
    },
    "establishment_summary": {
        "unit": "team", "role": "role", "posts_fte": "number", "newly_created_fte": "number",
        "vacant_fte": "number", "agency_fte": "number",
    },
    "offers_summary": {"role": "role", "employment": "code", "fte": "number", "expected_start_by": "date"},
    "workforce_summary": {
        "unit": "team", "in_post_fte": "number", "headcount": "count", "sickness_days": "number",
        "leavers_fte": "number", "voluntary_leavers_fte": "number", "qualified_under_18_months": "count",
        "financial_year": "year",
    },
    "demand_summary": {
        "contacts": "count", "referrals": "count", "children_in_need": "count", "child_protection": "count",
        "children_looked_after": "count", "children_0_17": "count", "mean_plan_days": "number",
    },
    "agency_spend_summary": {
        "unit": "team", "amount_gbp": "money", "is_forecast": "flag", "financial_year": "year",
    },
}  # fmt: skip

OPTIONAL_ROWS = ("contacts", "assessments", "visits", "strategy_meetings")
TOTALS = (
    "caseload_summary",
    "establishment_summary",
    "offers_summary",
    "workforce_summary",
    "demand_summary",
    "agency_spend_summary",
)

REQUIRED: dict[str, tuple[str, ...]] = {
    "caseload": ("case_id", "child_id", "case_type", "team", "opened_on"),
    "workforce": ("worker_id", "team", "role", "employment", "fte", "started_on"),
    "posts": ("post_id", "team", "role", "fte", "vacant_fte"),
    "offers": ("offer_id", "role", "employment", "fte", "expected_start_on"),
    "agency_spend": ("line_id", "team", "week_ending", "amount_gbp", "cost_type"),
    "caseload_summary": ("unit", "open_cases", "fte_social_workers"),
    "contacts": ("contact_id", "received_on", "outcome"),
    "assessments": ("assessment_id", "case_id", "started_on", "completed_on"),
    "visits": ("visit_id", "case_id", "due_on"),
    "strategy_meetings": ("meeting_id", "case_id", "held_on"),
    "establishment_summary": ("role",),
    "offers_summary": ("role", "employment"),
    "workforce_summary": (),
    "demand_summary": (),
    "agency_spend_summary": ("amount_gbp",),
}

OMITTABLE: dict[str, tuple[str, ...]] = {
    "caseload": ("plan_started_on", "plan_ended_on"),
    "workforce": ("sickness_days", "registration_no"),
    "posts": ("funded_until", "created_on"),
    "offers": ("accepted_on",),
    "agency_spend": ("supplier",),
    "caseload_summary": (),
    "contacts": ("source", "referral_id", "is_re_referral"),
    "assessments": ("team",),
    "visits": ("team", "seen_on"),
    "strategy_meetings": ("team", "due_on", "attended_by_partners"),
    "establishment_summary": (),
    "offers_summary": (),
    "workforce_summary": (),
    "demand_summary": (),
    "agency_spend_summary": ("is_forecast",),
}
"""Optional columns that a file may leave out: nothing is known of them then."""
