with computed as (
    {{ figures_as_printed(ref('report_figure_measures'), 'figure_id') }}
)

select
    figures.figure_id,
    figures.report,
    figures.place,
    figures.measure,
    figures.council,
    figures.period,
    figures.unit,
    figures.evidence,
    figures.printed,
    {{ in_printed_digits('computed.rounded', 'computed.printed_decimals') }} as computed,
    computed.exact,
    case
        -- What is stored as it was given proves nothing by being equal to itself.
        when figures.evidence = 'given' then null
        else computed.rounded = cast(figures.printed as decimal(18, 4))
    end as matches,
    figures.rule,
    figures.note
from {{ ref('report_figures') }} as figures
left join computed
    on figures.figure_id = computed.figure_id
