{%- set measures = {
    'caseload_bands': [
        'average_caseload', 'dfe_average_caseload', 'open_cases', 'unallocated_cases', 'manager_held_cases',
        'fte_social_workers', 'fte_to_target',
    ],
    'throughput': ['received', 'closed_rate', 'stepped_down_rate', 'transferred_out_rate'],
    'timeliness': [
        'median_days_to_allocation', 'assessments_in_45_days_rate', 'median_assessment_working_days',
        'visits_in_time_rate', 'strategy_meetings_in_time_rate', 'workers_per_child_12m',
    ],
    'workforce_stability': [
        'turnover_rate', 'voluntary_turnover_rate', 'sickness_days_per_fte', 'absence_rate', 'agency_share',
        'asye_share', 'share_qualified_under_18_months', 'share_qualified_under_2_years',
    ],
    'agency_costs': ['agency_cost_gbp', 'agency_fte', 'year_to_date_gbp', 'forecast_year_gbp'],
} -%}
{%- set of_total = ['vacancy_rate', 'agency_rate', 'posts_fte', 'in_post_fte', 'vacant_fte', 'uncovered_fte'] -%}
{%- set of_demand = [
    'contacts', 'referrals', 'conversion_rate', 're_referral_rate', 'children_in_need', 'child_protection',
    'children_looked_after', 'looked_after_per_10000', 'mean_plan_days',
] -%}
with wanted as (
    select distinct
        council,
        unit,
        indicator,
        coalesce(item, '') as item
    from {{ ref('investment_indicators') }}

    union

    select
        council,
        unit,
        indicator,
        coalesce(item, '') as item
    from {{ ref('investment_criteria') }}
    where indicator is not null
),

found as (
    {%- for mart, columns in measures.items() %}
    {%- for column in columns %}
    select
        wanted.council,
        wanted.unit,
        wanted.indicator,
        wanted.item,
        measured.month,
        cast(measured.{{ column }} as decimal(18, 4)) as value
    from wanted
    inner join {{ ref(mart) }} as measured
        on
            wanted.council = measured.council
            and wanted.unit = measured.unit
    where wanted.indicator = '{{ column }}'

    union all
    {% endfor %}
    {%- endfor %}
    {%- for column in of_total %}
    select
        wanted.council,
        wanted.unit,
        wanted.indicator,
        wanted.item,
        measured.month,
        cast(measured.{{ column }} as decimal(18, 4)) as value
    from wanted
    inner join {{ ref('establishment') }} as measured
        on
            wanted.council = measured.council
            and wanted.unit = measured.unit
            and measured.role_group = 'total'
    where wanted.indicator = '{{ column }}'

    union all
    {% endfor %}
    {%- for column in of_demand %}
    select
        wanted.council,
        wanted.unit,
        wanted.indicator,
        wanted.item,
        measured.month,
        cast(measured.{{ column }} as decimal(18, 4)) as value
    from wanted
    inner join {{ ref('demand') }} as measured on wanted.council = measured.council
    where wanted.indicator = '{{ column }}'

    union all
    {% endfor %}
    select
        wanted.council,
        wanted.unit,
        wanted.indicator,
        wanted.item,
        measured.month,
        cast(measured.workers_per_officer as decimal(18, 4)) as value
    from wanted
    inner join {{ ref('support_officers') }} as measured
        on
            wanted.council = measured.council
            and wanted.unit = measured.unit
    where wanted.indicator = 'workers_per_support_officer'

    union all

    select
        wanted.council,
        wanted.unit,
        wanted.indicator,
        wanted.item,
        measured.month,
        cast(sum(case when measured.is_asye and measured.over_cap then 1 else 0 end) as decimal(18, 4)) as value
    from wanted
    inner join {{ ref('int_unit_tree') }} as tree
        on
            wanted.council = tree.council
            and wanted.unit = tree.unit
    inner join {{ ref('worker_caseloads') }} as measured
        on
            tree.council = measured.council
            and tree.descendant = measured.unit
    where wanted.indicator = 'asye_workers_over_cap'
    group by wanted.council, wanted.unit, wanted.indicator, wanted.item, measured.month
    having count(measured.over_cap) = count(*)
),

-- The last answer that was taken by the month's end stands until the next.
answers as (
    select
        wanted.council,
        wanted.unit,
        wanted.indicator,
        wanted.item,
        scope.month,
        answers.value,
        row_number() over (
            partition by wanted.council, wanted.unit, wanted.item, scope.month
            order by answers.taken_on desc, answers.survey
        ) as preference
    from wanted
    inner join {{ source('run', 'build_scope') }} as scope
        on
            wanted.council = scope.council
            and scope.is_loaded
    inner join {{ ref('surveys') }} as answers
        on
            wanted.council = answers.council
            and wanted.item = answers.question
            and answers.taken_on <= scope.as_at
    where wanted.indicator = 'survey_answer'
)

select
    council,
    unit,
    indicator,
    item,
    month,
    value
from found
where value is not null

union all

select
    council,
    unit,
    indicator,
    item,
    month,
    cast(value as decimal(18, 4)) as value
from answers
where preference = 1
