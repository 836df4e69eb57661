-- Where monthly totals stood in for a team's rows, the caseload holds them and throughput cannot.
with touched as (
    {{ months_touched() }}
)

select
    bands.council,
    bands.unit,
    bands.month,
    bands.open_cases,
    throughput.open_at_end
from {{ ref('caseload_bands') }} as bands
inner join touched
    on
        bands.council = touched.council
        and bands.month = touched.month
        and not touched.has_caseload_summary
left join {{ ref('throughput') }} as throughput
    on
        bands.council = throughput.council
        and bands.month = throughput.month
        and bands.unit = throughput.unit
where bands.open_cases is distinct from throughput.open_at_end
