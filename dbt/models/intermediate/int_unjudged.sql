with due as (
    {{ months_due() }}
)

select
    chosen.council,
    chosen.month,
    chosen.as_at,
    chosen.unit,
    chosen.worker_key,
    chosen.level,
    chosen.grain,
    chosen.metric,
    chosen.policy_id,
    chosen.numerator is null or chosen.denominator is null as is_missing
from {{ ref('int_policies_chosen') }} as chosen
inner join due
    on
        chosen.council = due.council
        and chosen.month = due.month
left join {{ ref('int_verdicts') }} as verdicts
    on
        chosen.council = verdicts.council
        and chosen.month = verdicts.month
        and chosen.unit = verdicts.unit
        and chosen.metric = verdicts.metric
        and chosen.worker_key is not distinct from verdicts.worker_key
where verdicts.metric is null
