with due as (
    {{ months_due() }}
),

contracts as (
    select
        due.council,
        due.month,
        due.as_at,
        ends.contract_id,
        ends.unit,
        contracts.supplier,
        ends.starts_on,
        ends.ends_on,
        ends.ends_on_alternative,
        ends.days_to_end,
        ends.is_decided
    from due
    inner join {{ ref('int_contract_ends') }} as ends
        on
            due.council = ends.council
            and due.month = ends.month
    inner join {{ ref('managed_contracts') }} as contracts
        on
            ends.council = contracts.council
            and ends.contract_id = contracts.contract_id
),

-- What was delivered of the months so far; one that is missing leaves what happened since the start unknown.
delivered as (
    select
        contracts.council,
        contracts.contract_id,
        contracts.month,
        sum(case when scope.has_caseload then 1 else 0 end) as months_of_cases,
        sum(case when scope.has_agency_spend then 1 else 0 end) as months_of_spend
    from contracts
    inner join {{ source('run', 'build_scope') }} as scope
        on
            contracts.council = scope.council
            and scope.as_at >= contracts.starts_on
            and scope.month <= contracts.month
    group by contracts.council, contracts.contract_id, contracts.month
),

flow as (
    select
        contracts.council,
        contracts.contract_id,
        contracts.month,
        sum(case when flows.day >= contracts.starts_on then flows.received else 0 end) as received,
        sum(case when flows.day >= contracts.starts_on then flows.closed else 0 end) as closed,
        sum(case when flows.day >= contracts.starts_on then flows.transferred else 0 end) as transferred,
        sum(case when flows.month = contracts.month then flows.open_at_end else 0 end) as open
    from contracts
    inner join {{ ref('int_unit_tree') }} as tree
        on
            contracts.council = tree.council
            and contracts.unit = tree.unit
    inner join {{ ref('int_case_flows') }} as flows
        on
            tree.council = flows.council
            and tree.descendant = flows.unit
            and flows.as_at >= contracts.starts_on
            and flows.month <= contracts.month
    group by contracts.council, contracts.contract_id, contracts.month
),

spend as (
    select
        contracts.council,
        contracts.contract_id,
        contracts.month,
        sum(ledger.amount_gbp) as cost_gbp
    from contracts
    inner join {{ ref('int_contract_spend') }} as ledger
        on
            contracts.council = ledger.council
            and contracts.contract_id = ledger.contract_id
            and ledger.month <= contracts.month
    group by contracts.council, contracts.contract_id, contracts.month
),

contract_budgets as (
    select
        council,
        contract_id,
        sum(budget_gbp) as budget_gbp
    from {{ ref('budgets') }}
    where cost_kind = 'managed_team' and contract_id is not null
    group by council, contract_id
),

-- Each contract by its own days, under the policy of its unit: of two the later one does not wait for the first.
waiting as (
    select
        chosen.*,
        ends.contract_id,
        ends.days_to_end,
        cast(ends.days_to_end as decimal(18, 4)) as rounded_value
    from {{ ref('int_policies_chosen') }} as chosen
    inner join {{ ref('int_contract_ends') }} as ends
        on
            chosen.council = ends.council
            and chosen.month = ends.month
            and chosen.unit = ends.unit
    where chosen.metric = 'managed_team_days_to_end' and not ends.is_decided
),

verdicts as (
    select
        waiting.council,
        waiting.month,
        waiting.contract_id,
        bands.severity
    from waiting
    inner join {{ ref('threshold_policy') }} as bands
        on
            {{ is_band_of('bands', 'waiting', 'waiting.days_to_end', '1') | indent(12) }}
),

counted as (
    select
        contracts.*,
        case
            when delivered.months_of_cases = {{ months_spanned('contracts.starts_on', 'contracts.month') }}
                then coalesce(flow.received, 0)
        end as received,
        case
            when delivered.months_of_cases = {{ months_spanned('contracts.starts_on', 'contracts.month') }}
                then coalesce(flow.closed, 0)
        end as closed,
        case
            when delivered.months_of_cases = {{ months_spanned('contracts.starts_on', 'contracts.month') }}
                then coalesce(flow.transferred, 0)
        end as transferred,
        case when scope.has_caseload then coalesce(flow.open, 0) end as open,
        case
            when delivered.months_of_spend = {{ months_spanned('contracts.starts_on', 'contracts.month') }}
                then coalesce(spend.cost_gbp, 0)
        end as cost_gbp,
        contract_budgets.budget_gbp,
        {{ days_between('contracts.as_at', 'contracts.ends_on_alternative') }} as days_to_end_alternative
    from contracts
    inner join {{ source('run', 'build_scope') }} as scope
        on
            contracts.council = scope.council
            and contracts.month = scope.month
    left join delivered
        on
            contracts.council = delivered.council
            and contracts.contract_id = delivered.contract_id
            and contracts.month = delivered.month
    left join flow
        on
            contracts.council = flow.council
            and contracts.contract_id = flow.contract_id
            and contracts.month = flow.month
    left join spend
        on
            contracts.council = spend.council
            and contracts.contract_id = spend.contract_id
            and contracts.month = spend.month
    left join contract_budgets
        on
            contracts.council = contract_budgets.council
            and contracts.contract_id = contract_budgets.contract_id
)

select
    counted.council,
    counted.contract_id,
    counted.unit,
    counted.supplier,
    counted.month,
    counted.as_at,
    cast(counted.received as bigint) as received,
    cast(counted.closed as bigint) as closed,
    cast(counted.transferred as bigint) as transferred,
    cast(counted.open as bigint) as open,
    {{ half_up('counted.cost_gbp', 2) }} as cost_to_date_gbp,
    {{ half_up('counted.budget_gbp', 2) }} as budget_gbp,
    {{ half_up('counted.cost_gbp - counted.budget_gbp', 2) }} as variance_gbp,
    {{ ratio_half_up('counted.cost_gbp', 'counted.received', 2) }} as cost_per_case_received_gbp,
    {{ ratio_half_up('counted.cost_gbp', 'counted.closed', 2) }} as cost_per_case_closed_gbp,
    counted.starts_on,
    counted.ends_on,
    counted.ends_on_alternative,
    cast(counted.days_to_end as integer) as days_to_end,
    cast(counted.days_to_end_alternative as integer) as days_to_end_alternative,
    case
        when counted.is_decided then false
        when verdicts.severity is not null then verdicts.severity = 'breach'
    end as decision_due
from counted
left join verdicts
    on
        counted.council = verdicts.council
        and counted.month = verdicts.month
        and counted.contract_id = verdicts.contract_id
