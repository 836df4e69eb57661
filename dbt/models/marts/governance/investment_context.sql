{#- What a reader has to know before reading a change: all of the reference data, deliveries and demand that moved
    in the same time. Each kind gives the same columns; numbers are told as written. -#}
{%- set measures = {
    'establishment': ['posts_fte', 'newly_created_fte', 'in_post_fte', 'agency_fte'],
    'demand': ['contacts', 'referrals', 'children_in_need', 'child_protection', 'children_looked_after'],
} -%}
with due as (
    {{ months_due() }}
),

investments as (
    select
        council,
        investment,
        min(starts_on) as starts_on
    from {{ ref('investments') }}
    group by council, investment
),

spans as (
    select
        investments.council,
        investments.investment,
        investments.starts_on,
        due.month,
        due.as_at
    from investments
    inner join due
        on
            investments.council = due.council
            and investments.starts_on <= due.as_at
),

-- Things with a first and perhaps a last day.
dated as (
    select
        council,
        investment,
        'investment' as kind,
        concat_ws('', investment, ': ', line) as what,
        line,
        {{ as_text('null') }} as contract_id,
        starts_on,
        ends_on,
        case
            when amount_gbp is not null and posts_fte is not null
                then concat({{ plain_number('amount_gbp') }}, ' GBP, ', {{ plain_number('posts_fte') }}, ' FTE')
            when amount_gbp is not null then concat({{ plain_number('amount_gbp') }}, ' GBP')
            when posts_fte is not null then concat({{ plain_number('posts_fte') }}, ' FTE')
        end as amount,
        source
    from {{ ref('investments') }}

    union all

    select
        council,
        {{ as_text('null') }} as investment,
        'option' as kind,
        option as what,
        {{ as_text('null') }} as line,
        {{ as_text('null') }} as contract_id,
        min(starts_on) as starts_on,
        case when count(ends_on) = count(*) then max(ends_on) end as ends_on,
        concat({{ plain_number('sum(coalesce(posts_fte, 0))') }}, ' FTE') as amount,
        min(source) as source
    from {{ ref('capacity_options') }}
    group by council, option

    union all

    select
        council,
        {{ as_text('null') }} as investment,
        'contract' as kind,
        contract_id as what,
        {{ as_text('null') }} as line,
        contract_id,
        starts_on,
        ends_on,
        concat_ws('', {{ plain_number('price_gbp + coalesce(travel_gbp, 0)') }}, ' GBP') as amount,
        source
    from {{ ref('managed_contracts') }}

    union all

    -- Of the council itself: a policy for every council is the product's, no change of theirs.
    select
        council,
        {{ as_text('null') }} as investment,
        'policy' as kind,
        concat(metric, ' (', policy_id, ')') as what,
        {{ as_text('null') }} as line,
        {{ as_text('null') }} as contract_id,
        valid_from as starts_on,
        valid_to as ends_on,
        {{ plain_number('max(target)') }} as amount,
        min(source) as source
    from {{ ref('threshold_policy') }}
    where council is not null
    group by council, policy_id, metric, valid_from, valid_to
),

-- What was over by a month's end depends on what was decided by then: an extended contract goes on.
known as (
    select
        spans.council,
        spans.investment,
        spans.month,
        spans.as_at,
        spans.starts_on as investment_starts_on,
        dated.investment as of_investment,
        dated.kind,
        dated.what,
        dated.line,
        dated.starts_on,
        coalesce(decisions.ends_on, dated.ends_on) as ends_on,
        dated.amount,
        dated.source
    from spans
    inner join dated on spans.council = dated.council
    left join {{ ref('int_contract_decisions') }} as decisions
        on
            dated.council = decisions.council
            and dated.contract_id = decisions.contract_id
            and spans.month = decisions.month
),

measured as (
    {%- for mart, columns in measures.items() %}
    {%- for column in columns %}
    select
        council,
        month,
        '{{ column }}' as what,
        cast({{ column }} as decimal(18, 2)) as value
    from {{ ref(mart) }}
    where {{ "level = 'council' and role_group = 'total' and " if mart == 'establishment' }}{{ column }} is not null
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
),

-- The last value before it began, else the first since; and the last known by the month.
measured_then as (
    select
        investments.council,
        investments.investment,
        measured.what,
        measured.month,
        measured.value,
        row_number() over (
            partition by investments.council, investments.investment, measured.what
            order by
                case when {{ month_end('measured.month') }} < investments.starts_on then 0 else 1 end,
                case
                    when {{ month_end('measured.month') }} < investments.starts_on
                        then {{ days_between('measured.month', 'investments.starts_on') }}
                    else {{ days_between('investments.starts_on', 'measured.month') }}
                end
        ) as preference
    from investments
    inner join measured on investments.council = measured.council
),

measured_now as (
    select
        spans.council,
        spans.investment,
        spans.month as month_now,
        spans.as_at,
        measured.what,
        measured.month,
        measured.value,
        row_number() over (
            partition by spans.council, spans.investment, spans.month, measured.what
            order by measured.month desc
        ) as preference
    from spans
    inner join measured
        on
            spans.council = measured.council
            and measured.month <= spans.month
            and {{ month_end('measured.month') }} >= spans.starts_on
),

grains as (
    select
        council,
        month,
        grain,
        lag(grain) over (partition by council order by month) as grain_before
    from {{ ref('caseload_bands') }}
    where level = 'council' and open_cases is not null
)

{% for event, day, was, is in [('began', 'starts_on', as_text('null'), 'amount'),
                             ('ended', 'ends_on', 'amount', as_text('null'))] -%}
select
    council,
    investment,
    month,
    as_at,
    case when of_investment = investment then 'line_of_it' else kind end as kind,
    case when of_investment = investment then line else what end as what,
    '{{ event }}' as event,
    {{ day }} as happened_on,
    {{ was }} as from_value,
    {{ is }} as to_value,
    source
from known
where {{ day }} >= investment_starts_on and {{ day }} <= as_at

union all

{% endfor -%}
select
    measured_now.council,
    measured_now.investment,
    measured_now.month_now as month,
    measured_now.as_at,
    'measure' as kind,
    measured_now.what,
    'changed' as event,
    measured_now.month as happened_on,
    {{ plain_number('measured_then.value') }} as from_value,
    {{ plain_number('measured_now.value') }} as to_value,
    concat('from ', cast(measured_then.month as varchar(10))) as source
from measured_now
inner join measured_then
    on
        measured_now.council = measured_then.council
        and measured_now.investment = measured_then.investment
        and measured_now.what = measured_then.what
        and measured_then.preference = 1
where
    measured_now.preference = 1
    and measured_now.month > measured_then.month
    and measured_now.value <> measured_then.value

union all

select
    spans.council,
    spans.investment,
    spans.month,
    spans.as_at,
    'grain' as kind,
    'caseload' as what,
    'changed' as event,
    grains.month as happened_on,
    grains.grain_before as from_value,
    grains.grain as to_value,
    {{ as_text('null') }} as source
from spans
inner join grains
    on
        spans.council = grains.council
        and grains.month <= spans.month
        and {{ month_end('grains.month') }} >= spans.starts_on
where grains.grain <> grains.grain_before

union all

select
    spans.council,
    spans.investment,
    spans.month,
    spans.as_at,
    'restated' as kind,
    deliveries.extract as what,
    'changed' as event,
    deliveries.month as happened_on,
    {{ as_text('null') }} as from_value,
    concat(cast(count(*) as varchar(10)), ' earlier') as to_value,
    {{ as_text('null') }} as source
from spans
inner join {{ source('run', 'deliveries') }} as deliveries
    on
        spans.council = deliveries.council
        and deliveries.month <= spans.month
        and {{ month_end('deliveries.month') }} >= spans.starts_on
where not deliveries.is_refused and not deliveries.is_in_force
group by spans.council, spans.investment, spans.month, spans.as_at, deliveries.extract, deliveries.month
