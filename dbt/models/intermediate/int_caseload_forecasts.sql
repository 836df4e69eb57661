{#- What each month lets expect of the next ones, rounded once, as it could be told then: later months are held against
    what was said. Only deliveries up to the month itself are read. -#}
{%- set expected_cases_times_months = floored(
    '(totals.open_cases * flows.months + horizons.months_ahead * (flows.received - flows.ended))'
) -%}
{%- set above_target = floored(
    'judged.cases_times_months - judged.target * judged.flow_months * judged.expected_fte'
) -%}
with due as (
    {{ months_due() }}
),

rules as (
    {{ forecast_rules(['months_ahead', 'flow_months']) | indent(4) }}
),

numbers as (
    {{ whole_numbers(1, most_months_ahead() | int, 'number') | indent(4) }}
),

horizons as (
    select
        due.council,
        due.month,
        numbers.number as months_ahead,
        {{ months_away('due.month', 'numbers.number') }} as target_month,
        {{ month_end(months_away('due.month', 'numbers.number')) }} as target_as_at
    from due
    inner join rules on due.council = rules.council
    inner join numbers on rules.months_ahead >= numbers.number
),

-- The last months with rows of cases, a gap left out, none older than a year.
months_of_flow as (
    select
        due.council,
        due.month,
        earlier.month as flow_month,
        row_number() over (partition by due.council, due.month order by earlier.month desc) as place
    from due
    inner join {{ source('run', 'build_scope') }} as earlier
        on
            due.council = earlier.council
            and earlier.has_caseload
            and due.month >= earlier.month
            and earlier.month >= {{ months_away('due.month', -11) }}
),

flows as (
    select
        months_of_flow.council,
        months_of_flow.month,
        throughput.unit,
        count(*) as months,
        max(rules.flow_months) as months_wanted,
        sum(throughput.received) as received,
        sum(throughput.closed + throughput.stepped_down + throughput.transferred_out) as ended
    from months_of_flow
    inner join rules
        on
            months_of_flow.council = rules.council
            and months_of_flow.place <= rules.flow_months
    inner join {{ ref('throughput') }} as throughput
        on
            months_of_flow.council = throughput.council
            and months_of_flow.flow_month = throughput.month
    group by months_of_flow.council, months_of_flow.month, throughput.unit
),

-- An offer without a team is the council's; totals of offers are too, and stand where no offers came as rows.
offers as (
    select
        offers.council,
        offers.month,
        coalesce(offers.unit, whole_council.unit) as unit,
        offers.fte,
        offers.expected_start_on
    from {{ ref('stg_offers') }} as offers
    inner join {{ ref('org_units') }} as whole_council
        on
            offers.council = whole_council.council
            and whole_council.level = 'council'
    where offers.role_group = 'social_worker'

    union all

    select
        totals.council,
        totals.month,
        whole_council.unit,
        totals.fte,
        totals.expected_start_by as expected_start_on
    from {{ ref('stg_offers_summary') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
            and not due.has_offers
    inner join {{ ref('org_units') }} as whole_council
        on
            totals.council = whole_council.council
            and whole_council.level = 'council'
    where totals.role_group = 'social_worker'
),

starters as (
    select
        horizons.council,
        horizons.month,
        horizons.months_ahead,
        tree.unit,
        sum(offers.fte) as fte
    from horizons
    inner join offers
        on
            horizons.council = offers.council
            and horizons.month = offers.month
            and horizons.target_as_at >= offers.expected_start_on
    inner join {{ ref('int_unit_tree') }} as tree
        on
            offers.council = tree.council
            and offers.unit = tree.descendant
    group by horizons.council, horizons.month, horizons.months_ahead, tree.unit
),

-- Agency workers in the unit of a managed contract stay to its last day.
contracts as (
    select
        due.council,
        due.month,
        contracts.unit,
        max(contracts.ends_on) as ends_on
    from due
    inner join {{ ref('int_contract_ends') }} as contracts
        on
            due.council = contracts.council
            and due.month = contracts.month
            and due.as_at <= contracts.ends_on
    group by due.council, due.month, contracts.unit
),

posts_that_end as (
    select
        held.council,
        held.month,
        held.unit,
        held.fte,
        case
            when held.ended_on < contracts.ends_on or contracts.ends_on is null then held.ended_on
            else contracts.ends_on
        end as ends_on
    from {{ ref('stg_workforce') }} as held
    inner join due
        on
            held.council = due.council
            and held.month = due.month
    left join contracts
        on
            held.council = contracts.council
            and held.month = contracts.month
            and held.unit = contracts.unit
            and held.employment = 'agency'
    where
        held.is_in_post
        and held.role_group = 'social_worker'
        and (held.ended_on is not null or contracts.ends_on is not null)
),

-- Whoever's last day is the month's last is in post on it.
leavers as (
    select
        horizons.council,
        horizons.month,
        horizons.months_ahead,
        tree.unit,
        sum(posts_that_end.fte) as fte
    from horizons
    inner join posts_that_end
        on
            horizons.council = posts_that_end.council
            and horizons.month = posts_that_end.month
            and horizons.target_as_at > posts_that_end.ends_on
    inner join {{ ref('int_unit_tree') }} as tree
        on
            posts_that_end.council = tree.council
            and posts_that_end.unit = tree.descendant
    group by horizons.council, horizons.month, horizons.months_ahead, tree.unit
),

-- The policy of the month told from: which one will hold later is not known in it.
policies as (
    select *
    from {{ ref('int_policies_chosen') }}
    where metric = 'average_caseload' and worker_key is null
),

expected as (
    select
        totals.council,
        totals.unit,
        totals.level,
        totals.month,
        totals.as_at,
        totals.grain,
        horizons.months_ahead,
        horizons.target_month,
        flows.received,
        flows.ended,
        case
            when not due.has_caseload or totals.grain <> 'rows' then 'no_rows_of_cases'
            when coalesce(flows.months, 0) < coalesce(flows.months_wanted, 1) then 'too_few_months'
            when not due.has_workforce then 'no_workforce'
        end as incomplete_because,
        case
            when due.has_caseload and totals.grain = 'rows' and flows.months = flows.months_wanted then flows.months
        end as flow_months,
        case
            when due.has_caseload and totals.grain = 'rows' and flows.months = flows.months_wanted
                then {{ expected_cases_times_months }}
        end as cases_times_months,
        case
            when due.has_offers or (due.has_offers_summary and totals.level = 'council') then coalesce(starters.fte, 0)
        end as starters_fte,
        case when due.has_workforce then coalesce(leavers.fte, 0) end as leavers_fte,
        -- Totals do not say who starts and who leaves.
        case
            when due.has_workforce and totals.grain = 'rows'
                then {{ floored(
                    '(totals.fte_social_workers + coalesce(starters.fte, 0) - coalesce(leavers.fte, 0))'
                ) }}
        end as expected_fte,
        policies.metric,
        policies.policy_id,
        policies.policy_council,
        policies.policy_unit,
        policies.policy_level,
        policies.policy_service_area,
        policies.policy_role_group,
        policies.policy_experience,
        policies.rounding,
        policies.target
    from {{ ref('int_caseload_totals') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
    inner join horizons
        on
            totals.council = horizons.council
            and totals.month = horizons.month
    left join flows
        on
            totals.council = flows.council
            and totals.month = flows.month
            and totals.unit = flows.unit
    left join starters
        on
            totals.council = starters.council
            and totals.month = starters.month
            and totals.unit = starters.unit
            and horizons.months_ahead = starters.months_ahead
    left join leavers
        on
            totals.council = leavers.council
            and totals.month = leavers.month
            and totals.unit = leavers.unit
            and horizons.months_ahead = leavers.months_ahead
    left join policies
        on
            totals.council = policies.council
            and totals.month = policies.month
            and totals.unit = policies.unit
),

judged as (
    select
        *,
        {{ as_policy_rounds('rounding', 'cases_times_months', 'flow_months * expected_fte') }} as rounded_value
    from expected
)

select
    judged.council,
    judged.unit,
    judged.level,
    judged.month,
    judged.as_at,
    judged.grain,
    judged.months_ahead,
    judged.target_month,
    judged.incomplete_because,
    cast(judged.flow_months as integer) as flow_months,
    {{ ratio_half_up('judged.received', 'judged.flow_months', 2, 9) }} as received_a_month,
    {{ ratio_half_up('judged.ended', 'judged.flow_months', 2, 9) }} as ended_a_month,
    {{ half_up('judged.starters_fte', 2, 9) }} as starters_fte,
    {{ half_up('judged.leavers_fte', 2, 9) }} as leavers_fte,
    {{ ratio_half_up('judged.cases_times_months', 'judged.flow_months', 2, 9) }} as expected_open_cases,
    {{ half_up('judged.expected_fte', 2, 9) }} as expected_fte_social_workers,
    {{ ratio_half_up(
        'judged.cases_times_months', '(judged.flow_months * judged.expected_fte)', 4, 9
    ) }} as expected_average_caseload,
    {{ ratio_half_up(
        above_target, '(judged.target * judged.flow_months)', 2, 9
    ) }} as expected_fte_to_target,
    judged.target as target_caseload,
    bands.band as expected_band,
    bands.label as expected_band_label,
    bands.severity as expected_severity,
    judged.policy_id
from judged
left join {{ ref('threshold_policy') }} as bands
    on
        {{ is_band_of(
            'bands', 'judged', 'judged.cases_times_months', '(judged.flow_months * judged.expected_fte)'
        ) | indent(8) }}
        and judged.cases_times_months is not null
        and judged.expected_fte > 0
