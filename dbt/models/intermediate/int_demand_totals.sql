with due as (
    {{ months_due() }}
),

contacts as (
    select
        contacts.council,
        contacts.month,
        count(*) as contacts,
        sum(case when contacts.outcome = 'referral' then 1 else 0 end) as referrals,
        sum(case when contacts.outcome = 'referral' and contacts.is_re_referral then 1 else 0 end) as re_referrals,
        count(case when contacts.outcome = 'referral' then contacts.is_re_referral end) as referrals_that_say
    from {{ ref('stg_contacts') }} as contacts
    inner join due
        on
            contacts.council = due.council
            and contacts.month = due.month
    group by contacts.council, contacts.month
),

children_of_years as (
    select
        council,
        year,
        case_type,
        child_key,
        bit_or(months_open) as months_open
    from {{ ref('int_case_years') }}
    where case_type in ('child_in_need', 'child_protection', 'child_looked_after')
    group by council, year, case_type, child_key
),

children_by_year as (
    select
        council,
        year,
        case_type,
        {{ counts_by_month('children', 'months_open') | indent(8) }}
    from children_of_years
    group by council, year, case_type
),

children_by_month as (
    select
        due.council,
        due.month,
        children_by_year.case_type,
        {{ count_of_month('children_by_year.children', 'due.month') | indent(8) }} as children
    from children_by_year
    inner join due
        on
            children_by_year.council = due.council
            and children_by_year.year = extract(year from due.month)
),

children as (
    select
        {%- for measure, case_type in {
            'children_in_need': 'child_in_need',
            'child_protection': 'child_protection',
            'children_looked_after': 'child_looked_after',
        }.items() %}
        sum(case when case_type = '{{ case_type }}' then children end) as {{ measure }},
        {%- endfor %}
        council,
        month
    from children_by_month
    group by council, month
),

-- A plan without a first day has no length.
plans as (
    select
        cases.council,
        cases.month,
        count(cases.plan_started_on) as plans_ended,
        sum({{ days_between('cases.plan_started_on', 'cases.plan_ended_on') }}) as plan_days
    from {{ ref('stg_caseload') }} as cases
    inner join due
        on
            cases.council = due.council
            and cases.month = due.month
    where cases.plan_ended_on between cases.month and cases.as_at
    group by cases.council, cases.month
),

-- A measure of rows that were delivered is theirs; a total stands in only where they were not.
measured as (
    select
        due.council,
        due.month,
        due.as_at,
        case when due.has_contacts or due.has_caseload then 'rows' else 'summary' end as grain,
        {%- for measure in ['contacts', 'referrals'] %}
        case when due.has_contacts then coalesce(contacts.{{ measure }}, 0) else totals.{{ measure }} end
            as {{ measure }},
        {%- endfor %}
        -- Where no referral says whether it is one again, none of them is known not to be.
        case
            when due.has_contacts and (coalesce(contacts.referrals, 0) = 0 or contacts.referrals_that_say > 0)
                then coalesce(contacts.re_referrals, 0)
        end as re_referrals,
        {%- for measure in ['children_in_need', 'child_protection', 'children_looked_after'] %}
        case when due.has_caseload then coalesce(children.{{ measure }}, 0) else totals.{{ measure }} end
            as {{ measure }},
        {%- endfor %}
        totals.children_0_17,
        case when due.has_caseload then coalesce(plans.plans_ended, 0) end as plans_ended,
        -- Plan dates are optional columns: rows that tell of no plan that ended leave the total in its place.
        case when plans.plans_ended > 0 then plans.plan_days else totals.mean_plan_days end as plan_days,
        case when plans.plans_ended > 0 then plans.plans_ended else 1 end as plans_of_plan_days
    from due
    left join contacts
        on
            due.council = contacts.council
            and due.month = contacts.month
    left join children
        on
            due.council = children.council
            and due.month = children.month
    left join plans
        on
            due.council = plans.council
            and due.month = plans.month
    left join {{ ref('stg_demand_summary') }} as totals
        on
            due.council = totals.council
            and due.month = totals.month
)

select
    council,
    month,
    as_at,
    grain,
    {%- for count in [
        'contacts', 'referrals', 're_referrals', 'children_in_need', 'child_protection', 'children_looked_after',
        'children_0_17', 'plans_ended', 'plans_of_plan_days'
    ] %}
    cast({{ count }} as decimal(18, 0)) as {{ count }},
    {%- endfor %}
    cast(plan_days as decimal(38, 15)) as plan_days
from measured
