with measured as (
    select * from {{ ref('int_metric_values') }}
),

policies as (
    select
        policy_id,
        council,
        unit,
        level,
        service_area,
        role_group,
        experience,
        metric,
        rounding,
        valid_from,
        valid_to,
        max(target) as target
    from {{ ref('threshold_policy') }}
    group by
        policy_id, council, unit, level, service_area, role_group, experience, metric, rounding, valid_from, valid_to
),

candidates as (
    select
        measured.*,
        policies.policy_id,
        policies.council as policy_council,
        policies.unit as policy_unit,
        policies.level as policy_level,
        policies.service_area as policy_service_area,
        policies.role_group as policy_role_group,
        policies.experience as policy_experience,
        policies.rounding,
        policies.target,
        row_number() over (
            partition by measured.council, measured.month, measured.unit, measured.worker_key, measured.metric
            order by
                case when policies.unit is null then 1 else 0 end,
                case when policies.council is null then 1 else 0 end,
                case when policies.experience is null then 1 else 0 end,
                case when policies.role_group is null then 1 else 0 end,
                case when policies.service_area is null then 1 else 0 end,
                case when policies.level is null then 1 else 0 end,
                policies.valid_from desc,
                policies.policy_id
        ) as preference
    from measured
    inner join policies
        on
            measured.metric = policies.metric
            and (policies.council is null or policies.council = measured.council)
            and (policies.unit is null or policies.unit = measured.unit)
            and (policies.level is null or policies.level = measured.level)
            and (policies.service_area is null or policies.service_area = measured.service_area)
            and (policies.role_group is null or policies.role_group = measured.role_group)
            and (policies.experience is null or policies.experience = measured.experience)
            and (policies.valid_from is null or policies.valid_from <= measured.as_at)
            and (policies.valid_to is null or measured.as_at < policies.valid_to)
)

-- The most specific policy wins: of a unit, of the council, of every council.
select
    council,
    month,
    as_at,
    unit,
    worker_key,
    level,
    service_area,
    role_group,
    experience,
    grain,
    metric,
    numerator,
    denominator,
    policy_id,
    policy_council,
    policy_unit,
    policy_level,
    policy_service_area,
    policy_role_group,
    policy_experience,
    rounding,
    target
from candidates
where preference = 1
