{%- set saved = 'hours_saved_per_social_worker_per_week' -%}
with due as (
    {{ months_due() }}
),

-- The ratio aimed at is the council's, for each of its units; one for every council stands behind its own.
targets as (
    select
        due.council,
        due.month,
        policies.target,
        row_number() over (
            partition by due.council, due.month
            order by case when policies.council is null then 1 else 0 end, policies.valid_from desc, policies.policy_id
        ) as preference
    from due
    inner join {{ ref('threshold_policy') }} as policies
        on
            policies.metric = 'workers_per_support_officer'
            and policies.unit is null
            and policies.target is not null
            and (policies.council is null or policies.council = due.council)
            and (policies.valid_from is null or policies.valid_from <= due.as_at)
            and (policies.valid_to is null or due.as_at < policies.valid_to)
),

-- The last answer of a survey that was taken by the month's end.
hours as (
    select
        due.council,
        due.month,
        answers.value,
        row_number() over (
            partition by due.council, due.month
            order by answers.taken_on desc, answers.survey
        ) as preference
    from due
    inner join {{ ref('surveys') }} as answers
        on
            due.council = answers.council
            and answers.question = '{{ saved }}'
            and answers.taken_on <= due.as_at
)

select
    units.council,
    units.unit,
    units.level,
    units.month,
    units.as_at,
    caseload.grain,
    {{ half_up('officers.officer_fte', 2, 9) }} as officer_fte,
    {{ half_up('officers.senior_officer_fte', 2, 9) }} as senior_officer_fte,
    {{ half_up('officers.social_worker_fte', 2, 9) }} as social_worker_fte,
    {{ ratio_half_up('officers.social_worker_fte', 'officers.officer_fte', 1, 9) }} as workers_per_officer,
    {{ ratio_half_up(
        'officers.social_worker_fte', '(officers.officer_fte + officers.senior_officer_fte)', 1, 9
    ) }} as workers_per_officer_with_seniors,
    {{ half_up('targets.target', 2, 9) }} as target_ratio,
    {{ ratio_half_up('officers.social_worker_fte', 'targets.target', 2, 9) }} as target_officer_fte,
    {{ ratio_half_up(
        '(officers.social_worker_fte - targets.target * officers.officer_fte)', 'targets.target', 2, 9
    ) }} as gap_fte,
    {{ half_up('officers.annual_cost_gbp', 2) }} as annual_cost_gbp,
    {{ half_up('officers.supported_fte', 2, 9) }} as supported_social_worker_fte,
    {{ half_up(
        'cast(officers.supported_fte as decimal(28, 15)) * cast(hours.value as decimal(9, 4))', 2, 9
    ) }} as hours_released_per_week
from {{ ref('int_unit_months') }} as units
inner join due
    on
        units.council = due.council
        and units.month = due.month
inner join {{ ref('int_support_officers') }} as officers
    on
        units.council = officers.council
        and units.month = officers.month
        and units.unit = officers.unit
inner join {{ ref('int_caseload_totals') }} as caseload
    on
        units.council = caseload.council
        and units.month = caseload.month
        and units.unit = caseload.unit
left join targets
    on
        units.council = targets.council
        and units.month = targets.month
        and targets.preference = 1
left join hours
    on
        units.council = hours.council
        and units.month = hours.month
        and hours.preference = 1
