with computed as (
    {{ figures_as_printed(ref('report_readings'), 'reading_id') }}
)

select
    readings.figure_id,
    readings.reading_id,
    figures.report,
    figures.place,
    figures.council,
    figures.printed,
    figures.unit,
    readings.reading,
    {{ in_printed_digits('computed.rounded', 'computed.printed_decimals') }} as computed,
    computed.exact,
    readings.consequence
from {{ ref('report_readings') }} as readings
inner join {{ ref('report_figures') }} as figures
    on readings.figure_id = figures.figure_id
left join computed
    on readings.reading_id = computed.reading_id
