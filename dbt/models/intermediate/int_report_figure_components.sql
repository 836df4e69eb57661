{%- set from_establishment = [
    'posts_fte', 'in_post_fte', 'newly_created_fte', 'vacant_fte', 'agency_fte', 'uncovered_fte'
] -%}
{%- set from_pipeline = [
    'agency_offers_fte', 'permanent_offers_fte', 'pipeline_fte', 'remaining_gap_fte', 'surplus_fte'
] -%}
{%- set from_stability = {
    'sickness_days_per_fte': ('sickness_days_12m', 'in_post_fte'),
    'voluntary_turnover_rate': ('100 * voluntary_leavers_fte_12m', 'in_post_fte'),
    'share_qualified_under_18_months': ('100 * qualified_under_18_months', 'headcount'),
    'asye_share': ('100 * asye_workers', 'headcount'),
    'agency_share': ('100 * agency_headcount', 'agency_headcount + headcount'),
    'agency_to_permanent_share': ('100 * agency_headcount', 'headcount'),
    'share_under_2_years_of_all': ('100 * qualified_under_2_years', 'agency_headcount + headcount'),
    'share_qualified_under_2_years': ('100 * qualified_under_2_years', 'headcount'),
    'share_qualified_2_years_and_more': ('100 * (headcount - qualified_under_2_years)', 'headcount'),
    'share_2_years_and_more_of_all': ('100 * (headcount - qualified_under_2_years)', 'agency_headcount + headcount'),
} -%}
{%- set changes_of_demand = [
    'contacts', 'referrals', 'children_in_need', 'child_protection', 'children_looked_after'
] -%}
{%- set looked_up = ['measure', 'council', 'unit', 'month', 'item', 'from_on', 'to_on'] | join(', ') -%}
with sources as (
    select
        figure_id,
        {{ looked_up }}
    from {{ ref('report_figure_measures') }}

    union all

    -- Other ways to read a figure are looked up in the same places.
    select
        reading_id as figure_id,
        {{ looked_up }}
    from {{ ref('report_readings') }}
),

caseload as (
    select
        sources.figure_id,
        case sources.measure
            when 'average_caseload' then cast(totals.open_cases as decimal(38, 15))
            when 'fte_to_target' then totals.open_cases - policies.target * totals.fte_social_workers
            when 'cost_of_whole_fte_to_target'
                then
                    cast(
                        {{ ratio_half_up(
                            'totals.open_cases - policies.target * totals.fte_social_workers', 'policies.target', 0, 18
                        ) }} as decimal(18, 0)
                    ) * costs.annual_cost_gbp
        end as numerator,
        case sources.measure
            when 'average_caseload' then totals.fte_social_workers
            when 'fte_to_target' then cast(policies.target as decimal(38, 15))
            when 'cost_of_whole_fte_to_target' then cast(1 as decimal(38, 15))
        end as denominator
    from sources
    inner join {{ ref('int_caseload_totals') }} as totals
        on
            sources.council = totals.council
            and sources.month = totals.month
            and sources.unit = totals.unit
    left join {{ ref('int_policies_chosen') }} as policies
        on
            totals.council = policies.council
            and totals.month = policies.month
            and totals.unit = policies.unit
            and policies.metric = 'average_caseload'
    left join {{ ref('int_role_costs') }} as costs
        on
            totals.council = costs.council
            and totals.month = costs.month
            and costs.role = 'social_worker'
    where sources.measure in ('average_caseload', 'fte_to_target', 'cost_of_whole_fte_to_target')
),

establishment as (
    select
        sources.figure_id,
        case sources.measure
            {%- for measure in from_establishment %}
            when '{{ measure }}' then establishment.{{ measure }}
            {%- endfor %}
        end as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ ref('establishment') }} as establishment
        on
            sources.council = establishment.council
            and sources.month = establishment.month
            and sources.unit = establishment.unit
            and sources.item = establishment.role_group
),

stability as (
    {%- for measure, parts in from_stability.items() %}
    select
        sources.figure_id,
        {{ parts[0] }} as numerator,
        {{ parts[1] }} as denominator
    from sources
    inner join {{ ref('workforce_stability') }} as stability
        on
            sources.council = stability.council
            and sources.month = stability.month
            and sources.unit = stability.unit
    where sources.measure = '{{ measure }}'
    {% if not loop.last %}
    union all

    {% endif %}
    {%- endfor %}
),

changes_of_cases as (
    select
        sources.figure_id,
        100 * (now.open_cases - before.open_cases) * case sources.measure when 'open_cases_fall' then -1 else 1 end
            as numerator,
        before.open_cases as denominator
    from sources
    inner join {{ ref('int_caseload_totals') }} as now
        on
            sources.council = now.council
            and sources.month = now.month
            and sources.unit = now.unit
    inner join {{ ref('int_caseload_totals') }} as before
        on
            sources.council = before.council
            and sources.from_on = before.month
            and sources.unit = before.unit
    where sources.measure in ('open_cases_change', 'open_cases_fall')
),

pipeline as (
    select
        sources.figure_id,
        case sources.measure
            {%- for measure in from_pipeline %}
            when '{{ measure }}' then pipeline.{{ measure }}
            {%- endfor %}
        end as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ ref('recruitment_pipeline') }} as pipeline
        on
            sources.council = pipeline.council
            and sources.month = pipeline.month
            and sources.item = pipeline.role_group
),

-- Periods inside a month go by the rows' own dates, each counted in its own month's delivery.
counted as (
    select
        sources.figure_id,
        sum(
            case
                when flows.day < sources.from_on or flows.day > sources.to_on then 0
                when sources.measure = 'cases_received' then flows.received
                when sources.measure = 'cases_closed_or_stepped_down' then flows.closed
                when sources.measure = 'cases_transferred_out' then flows.transferred
            end
        ) as cases
    from sources
    inner join {{ ref('int_unit_tree') }} as tree
        on
            sources.council = tree.council
            and sources.unit = tree.unit
    inner join {{ ref('int_case_flows') }} as flows
        on
            tree.council = flows.council
            and tree.descendant = flows.unit
            and flows.as_at >= sources.from_on
            and flows.month <= sources.to_on
    where sources.measure in ('cases_received', 'cases_closed_or_stepped_down', 'cases_transferred_out')
    group by sources.figure_id
),

-- A month of which no cases came leaves the period unknown; a unit that had none in it has 0.
caseflow as (
    select
        sources.figure_id,
        case
            when
                sum(case when scope.has_caseload then 1 else 0 end)
                = max({{ months_spanned('sources.from_on', 'sources.to_on') }})
                then coalesce(max(counted.cases), 0)
        end as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ source('run', 'build_scope') }} as scope
        on
            sources.council = scope.council
            and scope.as_at >= sources.from_on
            and scope.month <= sources.to_on
    left join counted on sources.figure_id = counted.figure_id
    where sources.measure in ('cases_received', 'cases_closed_or_stepped_down', 'cases_transferred_out')
    group by sources.figure_id
),

contracts as (
    select
        sources.figure_id,
        sum(spend.amount_gbp) as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ ref('int_contract_spend') }} as spend
        on
            sources.council = spend.council
            and sources.item = spend.contract_id
    where sources.measure = 'contract_cost_gbp'
    group by sources.figure_id

    union all

    select
        sources.figure_id,
        case sources.measure
            when 'contract_price_gbp' then contracts.price_gbp
            when 'contract_days' then {{ days_between('contracts.starts_on', 'contracts.ends_on') }}
            when 'contract_days_alternative'
                then {{ days_between('contracts.starts_on', 'contracts.ends_on_alternative') }}
            else 7 * (contracts.price_gbp + contracts.travel_gbp)
        end as numerator,
        case sources.measure
            when 'contract_week_gbp' then {{ days_between('contracts.starts_on', 'contracts.ends_on') }}
            when 'contract_week_alternative_gbp'
                then {{ days_between('contracts.starts_on', 'contracts.ends_on_alternative') }}
            else 1
        end as denominator
    from sources
    inner join {{ ref('managed_contracts') }} as contracts
        on
            sources.council = contracts.council
            and sources.item = contracts.contract_id
    where
        sources.measure in (
            'contract_price_gbp', 'contract_days', 'contract_days_alternative', 'contract_week_gbp',
            'contract_week_alternative_gbp'
        )
),

agency as (
    select
        sources.figure_id,
        costs.year_to_date_gbp as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ ref('agency_costs') }} as costs
        on
            sources.council = costs.council
            and sources.month = costs.month
            and sources.unit = costs.unit
    where sources.measure = 'agency_year_to_date_gbp'

    union all

    select
        sources.figure_id,
        costs.forecast_year_gbp as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ ref('agency_costs') }} as costs
        on
            sources.council = costs.council
            and sources.month = costs.month
            and sources.unit = costs.unit
    where sources.measure = 'agency_forecast_year_gbp'

    union all

    -- Years that are over, as they stood in March, and the forecast of the one that runs; all of them, or none.
    select
        sources.figure_id,
        case
            when
                count(*) = 1 + {{ financial_year_start('sources.month') }}
                - {{ financial_year_start('sources.from_on') }}
                then
                    sum(
                        case
                            when costs.month = sources.month then costs.forecast_year_gbp
                            else costs.year_to_date_gbp
                        end
                    )
        end as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ ref('agency_costs') }} as costs
        on
            sources.council = costs.council
            and sources.unit = costs.unit
            and (
                costs.month = sources.month
                or (
                    extract(month from costs.month) = 3
                    and costs.month >= sources.from_on
                    and costs.month < sources.month
                )
            )
            and costs.year_to_date_gbp is not null
    where sources.measure = 'agency_cost_of_years_gbp'
    group by sources.figure_id, sources.month, sources.from_on

    union all

    -- What agency workers cost less than in the year before, less what the support officers cost.
    select
        sources.figure_id,
        before.year_to_date_gbp - costs.forecast_year_gbp - officers.annual_cost_gbp as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ ref('agency_costs') }} as costs
        on
            sources.council = costs.council
            and sources.month = costs.month
            and sources.unit = costs.unit
    inner join {{ ref('agency_costs') }} as before
        on
            sources.council = before.council
            and sources.from_on = before.month
            and sources.unit = before.unit
    inner join {{ ref('support_officers') }} as officers
        on
            sources.council = officers.council
            and sources.month = officers.month
            and sources.unit = officers.unit
    where sources.measure = 'agency_fall_less_officers_gbp'
),

officers as (
    select
        sources.figure_id,
        case sources.measure
            when 'officers_annual_cost_gbp' then officers.annual_cost_gbp
            else officers.social_worker_fte
        end as numerator,
        case sources.measure
            when 'target_officer_fte' then officers.target_ratio
            when 'workers_per_officer' then officers.officer_fte
            when 'workers_per_officer_with_seniors' then officers.officer_fte + officers.senior_officer_fte
            else cast(1 as decimal(38, 15))
        end as denominator
    from sources
    inner join {{ ref('support_officers') }} as officers
        on
            sources.council = officers.council
            and sources.month = officers.month
            and sources.unit = officers.unit
    where
        sources.measure in (
            'officers_annual_cost_gbp', 'target_officer_fte', 'workers_per_officer', 'workers_per_officer_with_seniors'
        )
),

options as (
    select
        sources.figure_id,
        case sources.measure
            when 'option_annual_cost_gbp' then options.annual_cost_gbp
            when 'option_one_off_gbp' then options.one_off_gbp
            else options.total_gbp
        end as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ ref('capacity_options_costed') }} as options
        on
            sources.council = options.council
            and sources.item = options.option
            and {{ financial_year('sources.month') }} = options.financial_year
    where sources.measure in ('option_annual_cost_gbp', 'option_one_off_gbp', 'option_year_total_gbp')

    union all

    -- Kit for the heads of its own posts, whatever number the paper gives.
    select
        sources.figure_id,
        ceil(sum(lines.posts_fte)) * max(lines.set_up_per_head_gbp) as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ ref('int_option_lines') }} as lines
        on
            sources.council = lines.council
            and sources.item = lines.option
    where sources.measure = 'option_kit_for_its_posts_gbp'
    group by sources.figure_id
),

demand as (
    {%- for years in [1, 2] %}
    {%- for measure in changes_of_demand %}
    select
        sources.figure_id,
        100 * (now.{{ measure }} - before.{{ measure }}) as numerator,
        before.{{ measure }} as denominator
    from sources
    inner join {{ ref('demand') }} as now
        on
            sources.council = now.council
            and sources.month = now.month
    inner join {{ ref('demand') }} as before
        on
            now.council = before.council
            and before.month = {{ months_away('now.month', -12 * years) }}
    where sources.measure = '{{ measure }}_change_{{ years }}y'

    union all
    {% endfor %}
    {%- endfor %}
    select
        sources.figure_id,
        cast(10000 as decimal(18, 0)) * now.children_looked_after as numerator,
        now.children_0_17 as denominator
    from sources
    inner join {{ ref('demand') }} as now
        on
            sources.council = now.council
            and sources.month = now.month
    where sources.measure = 'looked_after_per_10000'

    union all

    -- Means of days, each a sum over a number of plans.
    select
        sources.figure_id,
        100 * (now.plan_days * before.plans_of_plan_days - before.plan_days * now.plans_of_plan_days) as numerator,
        now.plans_of_plan_days * before.plan_days as denominator
    from sources
    inner join {{ ref('int_demand_totals') }} as now
        on
            sources.council = now.council
            and sources.month = now.month
    inner join {{ ref('int_demand_totals') }} as before
        on
            now.council = before.council
            and before.month = {{ months_away('now.month', -24) }}
    where sources.measure = 'mean_plan_days_change_2y'
),

official as (
    select
        sources.figure_id,
        100 * rates.numerator as numerator,
        rates.denominator
    from sources
    inner join {{ ref('dfe_rates') }} as rates
        on
            sources.item = rates.ons_code
            and extract(year from sources.month) = rates.year
            and sources.measure = concat('dfe_', rates.measure)
),

-- What was answered or decided, not computed: it is stored, and shown as it is.
given as (
    select
        sources.figure_id,
        answers.value as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ ref('survey_results') }} as answers
        on
            sources.council = answers.council
            and sources.item = answers.question
            and sources.from_on = answers.taken_on
    where sources.measure = 'survey_answer'

    union all

    -- Of those a survey counts as eligible, those it counts by the question named.
    select
        sources.figure_id,
        100 * answers.value as numerator,
        eligible.value as denominator
    from sources
    inner join {{ ref('survey_results') }} as answers
        on
            sources.council = answers.council
            and sources.item = answers.question
            and sources.from_on = answers.taken_on
    inner join {{ ref('survey_results') }} as eligible
        on
            answers.council = eligible.council
            and answers.survey = eligible.survey
            and answers.taken_on = eligible.taken_on
            and eligible.question = 'eligible'
    where sources.measure = 'survey_share_of_eligible'

    union all

    select
        sources.figure_id,
        budgets.budget_gbp as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ ref('budgets') }} as budgets
        on
            sources.council = budgets.council
            and sources.unit = budgets.unit
            and sources.item = budgets.cost_kind
            and {{ financial_year('sources.month') }} = budgets.financial_year
    where sources.measure = 'budget_line_gbp'

    union all

    select
        sources.figure_id,
        max(policies.target) as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from sources
    inner join {{ ref('threshold_policy') }} as policies
        on
            sources.item = policies.policy_id
            and (policies.valid_from is null or policies.valid_from <= sources.month)
            and (policies.valid_to is null or sources.month < policies.valid_to)
    where sources.measure = 'policy_target'
    group by sources.figure_id
)

{% for part in [
    'caseload', 'changes_of_cases', 'establishment', 'stability', 'pipeline', 'caseflow', 'contracts', 'agency', 'officers', 'options', 'demand', 'official', 'given'
] -%}
select
    figure_id,
    cast(numerator as decimal(38, 15)) as numerator,
    cast(denominator as decimal(38, 15)) as denominator
from {{ part }}
where numerator is not null
{%- if not loop.last %}

union all

{% endif %}
{%- endfor %}
