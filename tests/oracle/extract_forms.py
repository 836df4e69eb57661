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
}  # fmt: skip

REQUIRED: dict[str, tuple[str, ...]] = {
    "caseload": ("case_id", "child_id", "case_type", "team", "opened_on"),
    "workforce": ("worker_id", "team", "role", "employment", "fte", "started_on"),
    "posts": ("post_id", "team", "role", "fte", "vacant_fte"),
    "offers": ("offer_id", "role", "employment", "fte", "expected_start_on"),
    "agency_spend": ("line_id", "team", "week_ending", "amount_gbp", "cost_type"),
    "caseload_summary": ("unit", "open_cases", "fte_social_workers"),
}

OMITTABLE: dict[str, tuple[str, ...]] = {
    "caseload": ("plan_started_on", "plan_ended_on"),
    "workforce": ("sickness_days", "registration_no"),
    "posts": ("funded_until", "created_on"),
    "offers": ("accepted_on",),
    "agency_spend": ("contract_id", "supplier"),
    "caseload_summary": (),
}
"""Optional columns that a file may leave out: nothing is known of them then."""
