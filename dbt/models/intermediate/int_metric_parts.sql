{#- A part that metrics.csv can name: its mart, its name, and where it is no column of the relation, its SQL. -#}
with due as (
    {{ months_due() }}
),

establishment as (
    select
        council,
        month,
        unit,
        grain,
        sum(vacant_fte) as vacant_fte,
        sum(agency_fte) as agency_fte,
        sum(vacant_fte) + sum(in_post_fte) as vacant_and_in_post_fte,
        sum(agency_fte) + sum(in_post_fte) as agency_and_in_post_fte
    from {{ ref('int_establishment_totals') }}
    group by council, month, unit, grain
),

officers as (
    select
        officers.*,
        caseload.grain
    from {{ ref('int_support_officers') }} as officers
    inner join {{ ref('int_caseload_totals') }} as caseload
        on
            officers.council = caseload.council
            and officers.month = caseload.month
            and officers.unit = caseload.unit
),

demand as (
    select
        totals.*,
        councils.unit
    from {{ ref('int_demand_totals') }} as totals
    inner join {{ ref('org_units') }} as councils
        on
            totals.council = councils.council
            and councils.level = 'council'
),

-- Of two contracts of one unit the one that ends first is spoken of.
contracts as (
    select
        council,
        month,
        unit,
        min(days_to_end) as days_to_end
    from {{ ref('int_contract_ends') }}
    where not is_decided
    group by council, month, unit
)

{{ metric_parts(ref('int_caseload_totals'), 'caseload_bands', {
    'open_cases': none,
    'fte_social_workers': none,
    'unallocated_cases': none,
    'manager_held_cases': none,
    'cases_without_social_workers': 'case
        when measured.open_cases is null then null
        when measured.fte_social_workers = 0 then measured.open_cases
        when measured.fte_social_workers > 0 then 0
    end',
    'dfe_cases': none,
    'dfe_fte': none,
}) }}

union all

{{ metric_parts(ref('int_agency_totals'), 'agency_costs', {
    'agency_cost_gbp': none,
    'agency_fte': none,
    'variance_times_months_gbp': 'measured.forecast_times_months_gbp - measured.months_loaded * measured.budget_gbp',
    'budget_times_months_gbp': 'measured.months_loaded * measured.budget_gbp',
}) }}

union all

{{ metric_parts('officers', 'support_officers', {
    'social_worker_fte': none,
    'officer_fte': none,
    'all_officer_fte': 'measured.officer_fte + measured.senior_officer_fte',
}) }}

union all

{{ metric_parts('establishment', 'establishment', {
    'vacant_fte': none,
    'agency_fte': none,
    'vacant_and_in_post_fte': none,
    'agency_and_in_post_fte': none,
}) }}

union all

{{ metric_parts(ref('int_stability_totals'), 'workforce_stability', {
    'in_post_fte': none,
    'headcount': none,
    'heads_of_rows': none,
    'leavers_fte_12m': none,
    'voluntary_leavers_fte_12m': none,
    'sickness_days_12m': none,
    'in_post_working_days': 'measured.in_post_fte * measured.working_days',
    'qualified_under_18_months': none,
    'qualified_under_2_years': none,
    'asye_workers': none,
    'agency_headcount': none,
    'agency_and_own_headcount': 'measured.agency_headcount + measured.heads_of_rows',
}) }}

union all

{{ metric_parts('demand', 'demand', {
    'contacts': none,
    'referrals': none,
    're_referrals': none,
    'children_in_need': none,
    'child_protection': none,
    'children_looked_after': none,
    'children_0_17': none,
    'plan_days': none,
    'plans_of_plan_days': none,
}) }}

union all

{{ metric_parts(ref('throughput'), 'throughput', {
    'received': none,
    'closed': none,
    'stepped_down': none,
    'transferred_out': none,
}) }}

union all

{{ metric_parts(ref('timeliness'), 'timeliness', {
    'median_days_to_allocation': none,
    'median_assessment_working_days': none,
    'assessments_in_45_days': none,
    'assessments_completed': none,
    'visits_in_time': none,
    'visits_due': none,
    'strategy_meetings_in_time': none,
    'strategy_meetings_due': none,
    'open_children': none,
    'child_workers_12m': none,
}) }}

union all

{{ metric_parts(ref('int_agency_rule_totals'), 'agency_rules', {
    'agency_lines_over_price_cap': none,
    'agency_workers_under_experience': none,
    'agency_workers_returned_early': none,
    'managed_team_lines_without_worker': none,
    'managed_team_lines_without_contract': none,
    'managed_team_lines_not_split': none,
}) }}

union all

{{ metric_parts('contracts', 'managed_teams', {'days_to_end': none}, {
    'level': "'contract'",
    'grain': "'rows'",
}) }}

union all

{{ metric_parts(ref('int_worker_totals'), 'worker_caseloads', {
    'open_cases': none,
    'open_children': none,
    'fte': none,
}, {
    'worker_key': 'measured.worker_key',
    'level': "'worker'",
    'role_group': 'measured.role_group',
    'experience': "case when measured.is_asye then 'asye' end",
    'grain': "'rows'",
}) }}
