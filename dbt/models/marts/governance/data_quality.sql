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
        deliveries.rows_read,
        deliveries.rows_accepted,
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
            case when deliveries.is_refused and deliveries.superseded_by is null and (
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

-- Everybody whom the month's workforce names, in post at its end or not.
workers_named as (
    select distinct
        held.council,
        held.month,
        held.worker_key
    from {{ ref('stg_workforce') }} as held
    inner join due
        on
            held.council = due.council
            and held.month = due.month
),

open_cases as (
    select
        cases.council,
        cases.month,
        sum(
            case
                when cases.is_open_at_end and cases.worker_key is not null and workers_named.worker_key is null then 1
                else 0
            end
        ) as of_nobody_named,
        sum(
            case
                when cases.is_open_at_end and workers_named.worker_key is not null and workers.worker_key is null then 1
                else 0
            end
        ) as of_leavers,
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
    left join workers_named
        on
            cases.council = workers_named.council
            and cases.month = workers_named.month
            and cases.worker_key = workers_named.worker_key
    group by cases.council, cases.month
),

posts_held as (
    select
        held.council,
        held.month,
        held.worker_key,
        held.post_id,
        held.fte,
        held.is_in_post,
        held.started_on,
        max(coalesce(held.ended_on, cast('9999-12-31' as date))) over (
            partition by held.council, held.month, held.worker_key, held.post_id
            order by held.started_on, coalesce(held.ended_on, cast('9999-12-31' as date))
            rows between unbounded preceding and 1 preceding
        ) as held_before_until
    from {{ ref('stg_workforce') }} as held
    inner join due
        on
            held.council = due.council
            and held.month = due.month
),

workers_held as (
    select
        council,
        month,
        worker_key,
        sum(case when is_in_post then fte else 0 end) as fte,
        sum(case when post_id is not null and started_on <= held_before_until then 1 else 0 end) as held_twice
    from posts_held
    group by council, month, worker_key
),

workforce_findings as (
    select
        council,
        month,
        sum(case when fte > 1 then 1 else 0 end) as over_one_fte,
        sum(held_twice) as held_twice
    from workers_held
    group by council, month
),

cases_of_a_kind as (
    select
        cases.council,
        cases.month,
        cases.unit,
        cases.child_key,
        cases.case_type,
        count(*) - 1 as beyond_one
    from {{ ref('stg_caseload') }} as cases
    inner join due
        on
            cases.council = due.council
            and cases.month = due.month
    where cases.is_open_at_end
    group by cases.council, cases.month, cases.unit, cases.child_key, cases.case_type
),

caseload_findings as (
    select
        council,
        month,
        sum(beyond_one) as alike
    from cases_of_a_kind
    group by council, month
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

measured as (
    select
        council,
        month,
        'surprising_rows' as check_id,
        extract as asset,
        cast(rows_accepted as decimal(18, 2)) as value
    from {{ source('run', 'deliveries') }}
    where is_in_force and grain = 'rows'

    union all

    select
        council,
        month,
        'surprising_fte' as check_id,
        'workforce' as asset,
        cast(in_post_fte + agency_fte as decimal(18, 2)) as value
    from {{ ref('establishment') }}
    where level = 'council' and role_group = 'total' and grain = 'rows'

    union all

    select
        council,
        month,
        'surprising_spend' as check_id,
        'agency_spend' as asset,
        cast(agency_cost_gbp as decimal(18, 2)) as value
    from {{ ref('agency_costs') }}
    where level = 'council' and grain = 'rows'

    union all

    select
        council,
        month,
        'surprising_unallocated' as check_id,
        'caseload' as asset,
        cast({{ rate('unallocated_cases', 'open_cases') }} as decimal(18, 2)) as value
    from {{ ref('caseload_bands') }}
    where level = 'council' and grain = 'rows'
),

ranges as (
    select
        now.council,
        now.month,
        now.check_id,
        now.asset,
        now.value,
        min(earlier.value) as least,
        max(earlier.value) as most,
        count(*) as months_before
    from measured as now
    inner join due
        on
            now.council = due.council
            and now.month = due.month
    inner join measured as earlier
        on
            now.council = earlier.council
            and now.check_id = earlier.check_id
            and now.asset = earlier.asset
            and earlier.month < now.month
            and earlier.month >= {{ months_away('now.month', -12) }}
            and earlier.value is not null
    where now.value is not null
    group by now.council, now.month, now.check_id, now.asset, now.value
),

surprises as (
    select
        ranges.council,
        ranges.month,
        ranges.check_id,
        ranges.asset,
        case
            when
                ranges.value - ranges.most >= limits.at_least
                and 100 * (ranges.value - ranges.most) > limits.percent * ranges.most
                then 1
            when
                ranges.least - ranges.value >= limits.at_least
                and 100 * (ranges.least - ranges.value) > limits.percent * ranges.least
                then 1
            else 0
        end as failing_rows,
        concat(
            cast(ranges.value as varchar(40)), '; ', cast(ranges.least as varchar(40)), ' to ',
            cast(ranges.most as varchar(40)), ' in ', cast(ranges.months_before as varchar(40)), ' months before'
        ) as detail
    from ranges
    inner join {{ ref('surprise_limits') }} as limits
        on
            ranges.check_id = limits.check_id
            and ranges.months_before >= limits.earlier_months
),

-- What senders counted speaks of all they sent: of rows read, not of accepted ones.
totals_stated as (
    select
        stated.council,
        stated.month,
        stated.extract,
        stated.measure,
        stated.file_name,
        stated.stated,
        stated.within,
        case
            when stated.measure = 'rows' then cast(in_force.rows_read as decimal(38, 15)) else totals.total_read
        end as total_read,
        case
            when stated.measure = 'rows' then cast(in_force.rows_accepted as decimal(38, 15))
            else totals.total_accepted
        end as total_accepted
    from {{ source('run', 'control_totals') }} as stated
    inner join in_force
        on
            stated.council = in_force.council
            and stated.month = in_force.month
            and stated.extract = in_force.extract
    left join {{ ref('control_columns') }} as summed
        on
            stated.extract = summed.extract
            and stated.measure = summed.measure
    left join {{ source('run', 'delivery_totals') }} as totals
        on
            in_force.delivery = totals.delivery
            and summed.column_name = totals.column_name
),

-- Of two files that state one total, the one that is further off speaks.
totals_compared as (
    select
        *,
        row_number() over (
            partition by council, month, extract, measure
            order by abs(total_read - stated) desc, file_name
        ) as place
    from totals_stated
    where total_read is not null
),

controls as (
    select
        council,
        month,
        case measure
            when 'rows' then 'control_rows'
            when 'fte' then 'control_fte'
            when 'amount' then 'control_amount'
        end as check_id,
        extract as asset,
        case
            when abs(total_read - stated) <= within then 0
            when measure = 'rows' then cast(least(abs(total_read - stated), 2147483647) as integer)
            else 1
        end as failing_rows,
        concat(
            'expected ', {{ plain_number('stated') }}, '; found ', {{ plain_number('total_read') }},
            '; difference ', {{ plain_number('total_read - stated') }},
            '; accepted ', {{ plain_number('total_accepted') }}
        ) as detail
    from totals_compared
    where place = 1

    union all

    select
        files.council,
        files.month,
        'control_file' as check_id,
        case when files.extract = '' then 'month' else files.extract end as asset,
        sum(case when files.problem is null then 0 else 1 end) as failing_rows,
        min(files.problem) as detail
    from {{ source('run', 'control_files') }} as files
    inner join due
        on
            files.council = due.council
            and files.month = due.month
    group by files.council, files.month, files.extract
),

found as (
    select council, month, check_id, asset, failing_rows
    from surprises

    union all

    select council, month, check_id, asset, failing_rows
    from controls

    union all

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

    {%- for check_id, column in {'worker_unknown': 'of_nobody_named', 'cases_of_leavers': 'of_leavers'}.items() %}
    select
        due.council, due.month, '{{ check_id }}' as check_id, 'caseload' as asset,
        coalesce(open_cases.{{ column }}, 0) as failing_rows
    from due
    left join open_cases
        on
            due.council = open_cases.council
            and due.month = open_cases.month
    where due.has_caseload and due.has_workforce

    union all
    {% endfor %}
    {%- for check_id, column in {'fte_over_one': 'over_one_fte', 'overlapping_posts': 'held_twice'}.items() %}
    select
        due.council, due.month, '{{ check_id }}' as check_id, 'workforce' as asset,
        coalesce(workforce_findings.{{ column }}, 0) as failing_rows
    from due
    left join workforce_findings
        on
            due.council = workforce_findings.council
            and due.month = workforce_findings.month
    where due.has_workforce

    union all
    {% endfor %}
    select
        due.council, due.month, 'cases_alike' as check_id, 'caseload' as asset,
        coalesce(caseload_findings.alike, 0) as failing_rows
    from due
    left join caseload_findings
        on
            due.council = caseload_findings.council
            and due.month = caseload_findings.month
    where due.has_caseload

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
    coalesce(surprises.detail, controls.detail) as detail,
    checks.meaning,
    checks.link
from found
inner join due
    on
        found.council = due.council
        and found.month = due.month
inner join {{ ref('data_quality_checks') }} as checks
    on found.check_id = checks.check_id
left join surprises
    on
        found.council = surprises.council
        and found.month = surprises.month
        and found.check_id = surprises.check_id
        and found.asset = surprises.asset
left join controls
    on
        found.council = controls.council
        and found.month = controls.month
        and found.check_id = controls.check_id
        and found.asset = controls.asset
