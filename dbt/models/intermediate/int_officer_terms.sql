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
    due.council,
    due.month,
    targets.target as target_ratio,
    hours.value as hours_released_per_worker
from due
left join targets
    on
        due.council = targets.council
        and due.month = targets.month
        and targets.preference = 1
left join hours
    on
        due.council = hours.council
        and due.month = hours.month
        and hours.preference = 1
