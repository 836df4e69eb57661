{#- The units whose caseload is to reach a target, exact, and what is known there of each way to reach it. A figure that
    is no decimal stands in two columns, what is divided and `..._of`, what it is divided by. -#}
{%- set above = floored('totals.open_cases - policies.target * totals.fte_social_workers') -%}
{%- set officers_short = floored(
    'officers.social_worker_fte - terms.target_ratio * officers.officer_fte'
) -%}
with due as (
    {{ months_due() }}
),

aimed_at as (
    select
        totals.council,
        totals.month,
        totals.unit
    from {{ ref('int_caseload_totals') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
    inner join {{ ref('int_policies_chosen') }} as policies
        on
            totals.council = policies.council
            and totals.month = policies.month
            and totals.unit = policies.unit
            and policies.metric = 'average_caseload'
            and policies.worker_key is null
            and policies.target > 0
    where totals.unit <> 'unmapped'
),

below_another as (
    select distinct
        lower_unit.council,
        lower_unit.month,
        lower_unit.unit
    from aimed_at as lower_unit
    inner join aimed_at as higher_unit
        on
            lower_unit.council = higher_unit.council
            and lower_unit.month = higher_unit.month
            and lower_unit.unit <> higher_unit.unit
    inner join {{ ref('int_unit_tree') }} as tree
        on
            lower_unit.council = tree.council
            and higher_unit.unit = tree.unit
            and lower_unit.unit = tree.descendant
),

-- A council that set no target anywhere is spoken of as a whole.
units as (
    select
        aimed_at.council,
        aimed_at.month,
        aimed_at.unit
    from aimed_at
    left join below_another
        on
            aimed_at.council = below_another.council
            and aimed_at.month = below_another.month
            and aimed_at.unit = below_another.unit
    where below_another.unit is null

    union all

    select
        totals.council,
        totals.month,
        totals.unit
    from {{ ref('int_caseload_totals') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
    left join aimed_at
        on
            totals.council = aimed_at.council
            and totals.month = aimed_at.month
    where totals.level = 'council' and aimed_at.unit is null
),

-- The contract that began last by the month's end, as far as its team is known.
contracts as (
    select
        due.council,
        due.month,
        contracts.contract_id,
        contracts.unit,
        contracts.months,
        contracts.price_gbp + coalesce(contracts.travel_gbp, 0) as price_gbp,
        contracts.starts_on,
        row_number() over (
            partition by due.council, due.month
            order by contracts.starts_on desc, contracts.contract_id
        ) as preference
    from due
    inner join {{ ref('managed_contracts') }} as contracts
        on
            due.council = contracts.council
            and contracts.starts_on <= due.as_at
    where contracts.months > 0
),

teams as (
    select
        contracts.*,
        done.closed + done.transferred as moved,
        {{ months_spanned('contracts.starts_on', 'done.month') }} as months_known,
        row_number() over (
            partition by contracts.council, contracts.month
            order by done.month desc
        ) as latest
    from contracts
    left join {{ ref('managed_teams') }} as done
        on
            contracts.council = done.council
            and contracts.contract_id = done.contract_id
            and contracts.month >= done.month
            and done.closed is not null
    where contracts.preference = 1
),

-- Its social workers at the last month's end at which it had some: on its own last day they may be gone.
team_staff as (
    select
        contracts.council,
        contracts.month,
        totals.fte_social_workers,
        row_number() over (
            partition by contracts.council, contracts.month
            order by totals.month desc
        ) as latest
    from contracts
    inner join {{ ref('int_caseload_totals') }} as totals
        on
            contracts.council = totals.council
            and contracts.unit = totals.unit
            and contracts.month >= totals.month
            and contracts.starts_on <= totals.as_at
            and totals.fte_social_workers > 0
    where contracts.preference = 1
)

select
    units.council,
    units.month,
    totals.as_at,
    units.unit,
    totals.unit_name,
    totals.open_cases,
    totals.fte_social_workers,
    policies.target,
    cast({{ above }} as decimal(38, 18)) as gap_fte,
    cast(policies.target as decimal(18, 4)) as gap_fte_of,
    terms.target_ratio,
    cast({{ officers_short }} as decimal(38, 18)) as officer_gap_fte,
    officers.social_worker_fte - officers.supported_fte as unsupported_fte,
    terms.hours_released_per_worker,
    teams.contract_id,
    teams.months as team_months,
    teams.price_gbp as team_price_gbp,
    teams.moved as team_moved,
    teams.months_known as team_months_known,
    team_staff.fte_social_workers as team_fte
from units
inner join {{ ref('int_caseload_totals') }} as totals
    on
        units.council = totals.council
        and units.month = totals.month
        and units.unit = totals.unit
left join {{ ref('int_policies_chosen') }} as policies
    on
        units.council = policies.council
        and units.month = policies.month
        and units.unit = policies.unit
        and policies.metric = 'average_caseload'
        and policies.worker_key is null
left join {{ ref('int_support_officers') }} as officers
    on
        units.council = officers.council
        and units.month = officers.month
        and units.unit = officers.unit
left join {{ ref('int_officer_terms') }} as terms
    on
        units.council = terms.council
        and units.month = terms.month
left join teams
    on
        units.council = teams.council
        and units.month = teams.month
        and teams.latest = 1
left join team_staff
    on
        units.council = team_staff.council
        and units.month = team_staff.month
        and team_staff.latest = 1
