with due as (
    {{ months_due() }}
),

unmapped_spend as (
    select
        council,
        month
    from {{ ref('stg_agency_spend') }}
    where unit = 'unmapped'

    union

    select
        council,
        month
    from {{ ref('stg_agency_spend_summary') }}
    where unit = 'unmapped'
),

unmapped_months as (
    -- Spend of an earlier month of the financial year is still in the year to date.
    select
        due.council,
        due.month
    from unmapped_spend
    inner join due
        on
            unmapped_spend.council = due.council
            and unmapped_spend.month <= due.month
            and {{ financial_year('unmapped_spend.month') }} = {{ financial_year('due.month') }}
    {%- for extract in [
        'caseload', 'workforce', 'posts', 'assessments', 'visits', 'strategy_meetings',
        'caseload_summary', 'establishment_summary', 'workforce_summary'
    ] %}
    union
    select
        landed.council,
        landed.month
    from {{ ref('stg_' ~ extract) }} as landed
    inner join due
        on
            landed.council = due.council
            and landed.month = due.month
    where landed.unit = 'unmapped'
    {%- endfor %}
),

units_in_force as (
    select
        due.council,
        due.month,
        due.as_at,
        units.unit,
        units.name as unit_name,
        units.level,
        units.service_area,
        units.frontline as is_frontline
    from due
    inner join {{ ref('org_units') }} as units
        on
            due.council = units.council
            and (units.valid_from is null or units.valid_from <= due.as_at)
            and (units.valid_to is null or due.as_at < units.valid_to)
),

unmapped as (
    select
        due.council,
        due.month,
        due.as_at,
        'unmapped' as unit,
        'Unmapped' as unit_name,
        'team' as level,
        {{ as_text('null') }} as service_area,
        false as is_frontline
    from due
    inner join unmapped_months
        on
            due.council = unmapped_months.council
            and due.month = unmapped_months.month
)

select * from units_in_force
union all
select * from unmapped
