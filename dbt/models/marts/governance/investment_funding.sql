with due as (
    {{ months_due() }}
),

investments as (
    select
        council,
        investment,
        min(starts_on) as starts_on,
        -- What is agreed for the whole holds its lines already: it is never added to them.
        coalesce(max(case when line = 'whole' then amount_gbp end), sum(amount_gbp)) as amount_gbp
    from {{ ref('investments') }}
    group by council, investment
),

spend as (
    select
        council,
        month,
        financial_year,
        forecast_year_gbp,
        year_to_date_gbp = forecast_year_gbp as is_whole
    from {{ ref('agency_costs') }}
    where level = 'council' and forecast_year_gbp is not null
),

-- What is known of a whole financial year: its forecast in the last month that has one.
years as (
    select
        spend.*,
        row_number() over (partition by spend.council, spend.financial_year order by spend.month desc) as preference
    from spend
),

officers as (
    select
        council,
        month,
        annual_cost_gbp
    from {{ ref('support_officers') }}
    where level = 'council'
),

options as (
    select
        council,
        option,
        max(annual_cost_gbp) as annual_cost_gbp
    from {{ ref('capacity_options_costed') }}
    group by council, option
),

compared as (
    select
        investments.council,
        investments.investment,
        due.month,
        due.as_at,
        cast({{ financial_year_of_start('(' ~ financial_year_start('investments.starts_on') ~ ' - 1)') }} as varchar(7))
            as year_before,
        cast({{ financial_year('due.month') }} as varchar(7)) as year_now,
        coalesce(terms.cost_of, 'amount') as cost_of,
        terms.cost_item,
        case coalesce(terms.cost_of, 'amount')
            when 'amount' then investments.amount_gbp
            when 'officers_in_post' then officers.annual_cost_gbp
            when 'option' then options.annual_cost_gbp
            when 'contract' then contracts.price_gbp + coalesce(contracts.travel_gbp, 0)
        end as cost_gbp,
        terms.claim,
        terms.source
    from investments
    inner join due
        on
            investments.council = due.council
            and investments.starts_on <= due.as_at
    left join {{ ref('investment_funding_terms') }} as terms
        on
            investments.council = terms.council
            and investments.investment = terms.investment
    left join officers
        on
            due.council = officers.council
            and due.month = officers.month
    left join options
        on
            terms.council = options.council
            and terms.cost_item = options.option
    left join {{ ref('managed_contracts') }} as contracts
        on
            terms.council = contracts.council
            and terms.cost_item = contracts.contract_id
),

set_against as (
    select
        compared.*,
        before.forecast_year_gbp as before_gbp,
        before.is_whole as is_before_whole,
        now.forecast_year_gbp as now_gbp,
        now.is_whole as is_now_whole,
        before.forecast_year_gbp - now.forecast_year_gbp as saving_gbp
    from compared
    left join years as before
        on
            compared.council = before.council
            and compared.year_before = before.financial_year
            and before.preference = 1
    left join spend as now
        on
            compared.council = now.council
            and compared.month = now.month
)

select
    council,
    investment,
    month,
    as_at,
    year_before,
    year_now,
    {{ half_up('before_gbp', 2) }} as agency_cost_before_gbp,
    is_before_whole,
    {{ half_up('now_gbp', 2) }} as agency_cost_now_gbp,
    is_now_whole,
    {{ half_up('saving_gbp', 2) }} as saving_gbp,
    cost_of,
    cost_item,
    {{ half_up('cost_gbp', 2) }} as cost_gbp,
    {{ half_up('saving_gbp - cost_gbp', 2) }} as difference_gbp,
    saving_gbp >= cost_gbp as would_fund,
    {{ ratio_half_up('saving_gbp', '1000000', 1, 9) }} as saving_million_gbp,
    {{ ratio_half_up('cost_gbp', '1000000', 3, 9) }} as cost_million_gbp,
    claim,
    source
from set_against
