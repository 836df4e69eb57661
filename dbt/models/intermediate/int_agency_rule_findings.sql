{#- What breaks the statutory agency rules. Agency work is judged by the rule of the day it began. -#}
with due as (
    {{ months_due() }}
),

ledger as (
    select
        ledger.*,
        councils.region_code
    from {{ ref('stg_agency_spend') }} as ledger
    inner join due
        on
            ledger.council = due.council
            and ledger.month = due.month
    inner join {{ ref('councils') }} as councils
        on ledger.council = councils.council
),

-- The cap that names most: the council before its region, the role before every role.
capped as (
    select
        ledger.council,
        ledger.month,
        ledger.unit,
        ledger.worker_key,
        ledger.line_id,
        ledger.hourly_rate_gbp,
        caps.max_hourly_rate_gbp,
        row_number() over (
            partition by ledger.council, ledger.month, ledger.line_id
            order by
                case when caps.council is null then 1 else 0 end,
                case when caps.role is null then 1 else 0 end,
                case when caps.region_code is null then 1 else 0 end,
                caps.valid_from desc
        ) as preference
    from ledger
    inner join {{ ref('agency_price_caps') }} as caps
        on
            (caps.council is null or caps.council = ledger.council)
            and (caps.region_code is null or caps.region_code = ledger.region_code)
            and (caps.role is null or caps.role = ledger.role)
            and (caps.valid_from is null or caps.valid_from <= ledger.week_ending)
            and (caps.valid_to is null or ledger.week_ending < caps.valid_to)
    where ledger.cost_type = 'pay' and ledger.hourly_rate_gbp is not null
),

agency_workers as (
    select
        held.council,
        held.month,
        held.unit,
        held.worker_key,
        held.started_on,
        min(held.qualified_on) as qualified_on
    from {{ ref('stg_workforce') }} as held
    inner join due
        on
            held.council = due.council
            and held.month = due.month
    where held.employment = 'agency' and held.is_in_post and held.is_social_worker and held.started_on is not null
    group by held.council, held.month, held.unit, held.worker_key, held.started_on
),

permanent_posts_left as (
    select distinct
        council,
        worker_key,
        ended_on
    from {{ ref('int_posts_left') }}
),

contracts as (
    select
        due.council,
        due.month,
        contracts.contract_id,
        tree.descendant as unit
    from due
    inner join {{ ref('int_contract_ends') }} as contracts
        on
            due.council = contracts.council
            and due.month = contracts.month
    inner join {{ ref('int_unit_tree') }} as tree
        on
            contracts.council = tree.council
            and contracts.unit = tree.unit
),

of_contracts as (
    select distinct
        ledger.council,
        ledger.month,
        ledger.unit,
        ledger.worker_key,
        ledger.line_id,
        ledger.contract_id,
        ledger.cost_type
    from ledger
    inner join contracts
        on
            ledger.council = contracts.council
            and ledger.month = contracts.month
            and (ledger.contract_id = contracts.contract_id or ledger.unit = contracts.unit)
)

select
    council,
    month,
    unit,
    'agency_lines_over_price_cap' as finding,
    worker_key,
    line_id
from capped
where preference = 1 and hourly_rate_gbp > max_hourly_rate_gbp

union all

select distinct
    agency_workers.council,
    agency_workers.month,
    agency_workers.unit,
    'agency_workers_under_experience' as finding,
    agency_workers.worker_key,
    {{ as_text('null') }} as line_id
from agency_workers
inner join {{ ref('agency_rules') }} as rules
    on
        rules.rule = 'experience_before_agency'
        and rules.valid_from <= agency_workers.started_on
        and (rules.valid_to is null or agency_workers.started_on < rules.valid_to)
        and agency_workers.started_on < {{ months_away('agency_workers.qualified_on', 'rules.months') }}

union all

select distinct
    agency_workers.council,
    agency_workers.month,
    agency_workers.unit,
    'agency_workers_returned_early' as finding,
    agency_workers.worker_key,
    {{ as_text('null') }} as line_id
from agency_workers
inner join {{ ref('agency_rules') }} as rules
    on
        rules.rule = 'return_after_leaving'
        and rules.valid_from <= agency_workers.started_on
        and (rules.valid_to is null or agency_workers.started_on < rules.valid_to)
inner join permanent_posts_left as posts_left
    on
        agency_workers.council = posts_left.council
        and agency_workers.worker_key = posts_left.worker_key
        and posts_left.ended_on < agency_workers.started_on
        and agency_workers.started_on < {{ months_away('posts_left.ended_on', 'rules.months') }}

union all

select
    council,
    month,
    unit,
    'managed_team_lines_without_worker' as finding,
    worker_key,
    line_id
from of_contracts
where cost_type = 'pay' and worker_key is null

union all

select
    council,
    month,
    unit,
    'managed_team_lines_without_contract' as finding,
    worker_key,
    line_id
from of_contracts
where contract_id is null

union all

select
    council,
    month,
    unit,
    'managed_team_lines_not_split' as finding,
    worker_key,
    line_id
from of_contracts
where cost_type = 'other'
