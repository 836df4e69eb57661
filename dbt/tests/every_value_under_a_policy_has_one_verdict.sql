-- Below nothing a policy may have no band: bands of a count begin at 0.
with months_touched as (
    {{ months_touched() }}
),

verdicts as (
    select
        council,
        month,
        unit,
        worker_key,
        metric,
        count(*) as verdicts
    from {{ ref('int_verdicts') }}
    group by council, month, unit, worker_key, metric
)

select
    chosen.council,
    chosen.month,
    chosen.unit,
    chosen.worker_key,
    chosen.metric,
    chosen.policy_id,
    coalesce(verdicts.verdicts, 0) as verdicts
from {{ ref('int_policies_chosen') }} as chosen
inner join months_touched
    on
        chosen.council = months_touched.council
        and chosen.month = months_touched.month
left join verdicts
    on
        chosen.council = verdicts.council
        and chosen.month = verdicts.month
        and chosen.unit = verdicts.unit
        and chosen.metric = verdicts.metric
        and chosen.worker_key is not distinct from verdicts.worker_key
where
    chosen.numerator >= 0
    and chosen.denominator > 0
    and coalesce(verdicts.verdicts, 0) <> 1
