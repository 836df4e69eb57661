with due as (
    {{ months_due() }}
),

chosen as (
    select
        chosen.*,
        {{ ratio_half_up('chosen.numerator', 'chosen.denominator', 4, 18) }} as value,
        {{ as_policy_rounds('chosen.rounding', 'chosen.numerator', 'chosen.denominator') }} as rounded_value
    from {{ ref('int_policies_chosen') }} as chosen
    inner join due
        on
            chosen.council = due.council
            and chosen.month = due.month
    where chosen.numerator is not null and chosen.denominator > 0
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
    chosen.value,
    chosen.rounded_value,
    bands.band,
    bands.label as band_label,
    bands.severity,
    severities.rank as severity_rank,
    bands.lower,
    bands.upper,
    chosen.target,
    chosen.policy_id,
    bands.source
from chosen
inner join {{ ref('threshold_policy') }} as bands
    on
        {{ is_band_of('bands', 'chosen', 'chosen.numerator', 'chosen.denominator') | indent(8) }}
inner join {{ ref('severities') }} as severities
    on bands.severity = severities.severity
