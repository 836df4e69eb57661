{%- set months_of = 'extract(year from {0}) * 12 + extract(month from {0})' -%}
with due as (
    {{ months_due() }}
),

in_force as (
    select
        deliveries.delivery,
        deliveries.council,
        deliveries.month,
        deliveries.extract,
        deliveries.grain,
        deliveries.received_at,
        deliveries.rows_rejected,
        deliveries.rows_unmapped,
        deliveries.rows_repeated
    from {{ source('run', 'deliveries') }} as deliveries
    inner join due
        on
            deliveries.council = due.council
            and deliveries.month = due.month
    where deliveries.is_in_force
),

-- What lies refused beside the last good delivery, or where there is none.
refused as (
    select
        deliveries.council,
        deliveries.month,
        deliveries.extract,
        sum(
            case when deliveries.is_refused and (
                in_force.received_at is null or deliveries.received_at > in_force.received_at
            ) then 1 else 0 end
        ) as failing_rows
    from {{ source('run', 'deliveries') }} as deliveries
    inner join due
        on
            deliveries.council = due.council
            and deliveries.month = due.month
    left join in_force
        on
            deliveries.council = in_force.council
            and deliveries.month = in_force.month
            and deliveries.extract = in_force.extract
    group by deliveries.council, deliveries.month, deliveries.extract
),

-- Totals of the time before the system are not expected to bring the rest of a month.
months_with_rows as (
    select distinct
        council,
        month
    from in_force
    where grain = 'rows'
),

missing as (
    select
        months_with_rows.council,
        months_with_rows.month,
        expected.extract,
        case when count(in_force.delivery) = 0 then 1 else 0 end as failing_rows
    from months_with_rows
    cross join {{ source('run', 'expected_extracts') }} as expected
    left join in_force
        on
            months_with_rows.council = in_force.council
            and months_with_rows.month = in_force.month
            and coalesce(expected.stood_in_by, expected.extract) = in_force.extract
    group by months_with_rows.council, months_with_rows.month, expected.extract
),

months_ever_with_rows as (
    select distinct
        council,
        month
    from {{ source('run', 'deliveries') }}
    where is_in_force and grain = 'rows'
),

-- A longer silence is the time before the system, no gap; nor is one between totals of that time.
gaps as (
    select
        months_with_rows.council,
        months_with_rows.month,
        coalesce(
            {{ months_of.format('months_with_rows.month') }} - max({{ months_of.format('before.month') }}) - 1, 0
        ) as failing_rows
    from months_with_rows
    left join months_ever_with_rows as before
        on
            months_with_rows.council = before.council
            and before.month < months_with_rows.month
            and before.month >= {{ months_away('months_with_rows.month', -12) }}
    group by months_with_rows.council, months_with_rows.month
),

open_cases as (
    select
        cases.council,
        cases.month,
        sum(
            case
                when cases.is_open_at_end and cases.worker_key is not null and workers.worker_key is null then 1 else 0
            end
        ) as without_worker_in_post
    from {{ ref('stg_caseload') }} as cases
    inner join due
        on
            cases.council = due.council
            and cases.month = due.month
    left join {{ ref('int_workers_in_post') }} as workers
        on
            cases.council = workers.council
            and cases.month = workers.month
            and cases.worker_key = workers.worker_key
    group by cases.council, cases.month
),

-- Teams are the leaves: what went from one to another does not cancel out.
restated as (
    select
        throughput.council,
        throughput.month,
        sum(abs(throughput.restated_cases)) as failing_rows
    from {{ ref('throughput') }} as throughput
    inner join due
        on
            throughput.council = due.council
            and throughput.month = due.month
    left join {{ ref('org_units') }} as below
        on
            throughput.council = below.council
            and throughput.unit = below.parent_unit
            and (below.valid_from is null or below.valid_from <= throughput.as_at)
            and (below.valid_to is null or throughput.as_at < below.valid_to)
    where below.unit is null
    group by throughput.council, throughput.month
),

amounts as (
    select
        spend.council,
        spend.month,
        sum(case when spend.is_amount_in_doubt then 1 else 0 end) as failing_rows
    from {{ ref('stg_agency_spend') }} as spend
    inner join due
        on
            spend.council = due.council
            and spend.month = due.month
    group by spend.council, spend.month
),

qualifications as (
    select
        workers.council,
        workers.month,
        sum(case when workers.is_social_worker and workers.qualified_on is null then 1 else 0 end) as failing_rows
    from {{ ref('int_workers_in_post') }} as workers
    inner join due
        on
            workers.council = due.council
            and workers.month = due.month
    group by workers.council, workers.month
),

{% set ends_before = {
    'caseload': 'closed_on < opened_on or allocated_on < opened_on or plan_ended_on < plan_started_on',
    'workforce': 'ended_on < started_on',
    'assessments': 'completed_on < started_on',
} %}
backwards as (
    {%- for extract, condition in ends_before.items() %}
    select
        landed.council,
        landed.month,
        '{{ extract }}' as extract,
        sum(case when {{ condition }} then 1 else 0 end) as failing_rows
    from {{ ref('stg_' ~ extract) }} as landed
    inner join due
        on
            landed.council = due.council
            and landed.month = due.month
    group by landed.council, landed.month
    {% if not loop.last %}
    union all

    {% endif %}
    {%- endfor %}
),

found as (
    select council, month, 'delivery_refused' as check_id, extract as asset, failing_rows
    from refused

    union all

    select council, month, 'extract_missing' as check_id, extract as asset, failing_rows
    from missing

    union all

    select council, month, 'months_missing_before' as check_id, 'months' as asset, failing_rows
    from gaps

    {%- for check_id, column in {
        'rows_rejected': 'rows_rejected', 'unmapped_rows': 'rows_unmapped', 'repeated_rows': 'rows_repeated'
    }.items() %}

    union all

    select council, month, '{{ check_id }}' as check_id, extract as asset, {{ column }} as failing_rows
    from in_force
    {%- endfor %}

    {%- for notice in [
        'unknown_columns', 'error_cells_read_as_missing', 'transferred_to_outside', 'same_bytes_as_another_month'
    ] %}

    union all

    select
        in_force.council, in_force.month, '{{ notice }}' as check_id, in_force.extract as asset,
        coalesce(notices.rows, 0) as failing_rows
    from in_force
    left join {{ source('run', 'notices') }} as notices
        on
            in_force.delivery = notices.delivery
            and notices.notice = '{{ notice }}'
    {%- if notice == 'transferred_to_outside' %}
    where in_force.extract = 'caseload'
    {%- endif %}
    {%- endfor %}

    union all

    select
        due.council, due.month, 'worker_not_in_post' as check_id, 'caseload' as asset,
        coalesce(open_cases.without_worker_in_post, 0) as failing_rows
    from due
    left join open_cases
        on
            due.council = open_cases.council
            and due.month = open_cases.month
    where due.has_caseload and due.has_workforce

    union all

    select council, month, 'restated_cases' as check_id, 'throughput' as asset, failing_rows
    from restated
    where failing_rows is not null

    union all

    select
        due.council, due.month, 'amount_in_doubt' as check_id, 'agency_spend' as asset,
        coalesce(amounts.failing_rows, 0) as failing_rows
    from due
    left join amounts
        on
            due.council = amounts.council
            and due.month = amounts.month
    where due.has_agency_spend

    union all

    select
        due.council, due.month, 'qualification_date_missing' as check_id, 'workforce' as asset,
        coalesce(qualifications.failing_rows, 0) as failing_rows
    from due
    left join qualifications
        on
            due.council = qualifications.council
            and due.month = qualifications.month
    where due.has_workforce

    union all

    select
        in_force.council, in_force.month, 'dates_out_of_order' as check_id, in_force.extract as asset,
        coalesce(backwards.failing_rows, 0) as failing_rows
    from in_force
    left join backwards
        on
            in_force.council = backwards.council
            and in_force.month = backwards.month
            and in_force.extract = backwards.extract
    where in_force.extract in ('caseload', 'workforce', 'assessments')
)

select
    found.council,
    found.month,
    due.as_at,
    found.check_id as {{ adapter.quote('check') }},
    found.asset,
    checks.severity,
    found.failing_rows = 0 as passed,
    cast(found.failing_rows as integer) as failing_rows,
    checks.meaning,
    checks.link
from found
inner join due
    on
        found.council = due.council
        and found.month = due.month
inner join {{ ref('data_quality_checks') }} as checks
    on found.check_id = checks.check_id
