-- The sums are those of the metric average_caseload in models/semantic: months without an average count for neither.
select
    council,
    unit,
    level,
    cast(date_trunc('quarter', month) as date) as quarter_from,
    cast(count(*) as integer) as months_counted,
    max(month) as last_month,
    cast(sum(open_cases) as integer) as open_cases_added_up,
    cast(sum(fte_social_workers) as decimal(14, 2)) as fte_added_up,
    {{ ratio_half_up('sum(open_cases)', 'sum(fte_social_workers)', 4, 9) }} as average_caseload
from {{ ref('caseload_bands') }}
where average_caseload is not null
group by council, unit, level, cast(date_trunc('quarter', month) as date)
