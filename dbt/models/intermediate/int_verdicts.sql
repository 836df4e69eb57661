with due as (
    {{ months_due() }}
),

chosen as (
    select
        chosen.*,
        {{ ratio_half_up('chosen.numerator', 'chosen.denominator', 4, 18) }} as value,
        case chosen.rounding
            when 'integer'
                then cast({{ ratio_half_up('chosen.numerator', 'chosen.denominator', 0, 18) }} as decimal(18, 4))
            when 'one_decimal'
                then cast({{ ratio_half_up('chosen.numerator', 'chosen.denominator', 1, 18) }} as decimal(18, 4))
            else {{ ratio_half_up('chosen.numerator', 'chosen.denominator', 4, 18) }}
        end as rounded_value
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
        chosen.policy_id = bands.policy_id
        and chosen.metric = bands.metric
        and coalesce(bands.role_group, '') = coalesce(chosen.policy_role_group, '')
        and coalesce(bands.council, '') = coalesce(chosen.policy_council, '')
        and coalesce(bands.unit, '') = coalesce(chosen.policy_unit, '')
        and coalesce(bands.level, '') = coalesce(chosen.policy_level, '')
        and coalesce(bands.service_area, '') = coalesce(chosen.policy_service_area, '')
        and coalesce(bands.experience, '') = coalesce(chosen.policy_experience, '')
        and (bands.valid_from is null or bands.valid_from <= chosen.as_at)
        and (bands.valid_to is null or chosen.as_at < bands.valid_to)
        -- What is not rounded is compared whole, never by its stored digits.
        and case
            when chosen.rounding = 'none'
                then
                    (bands.lower is null or chosen.numerator >= bands.lower * chosen.denominator)
                    and (bands.upper is null or chosen.numerator < bands.upper * chosen.denominator)
            else
                (bands.lower is null or chosen.rounded_value >= bands.lower)
                and (bands.upper is null or chosen.rounded_value < bands.upper)
        end
inner join {{ ref('severities') }} as severities
    on bands.severity = severities.severity
