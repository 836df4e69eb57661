with measured as (
    select
        sources.figure_id,
        sources.printed_decimals,
        sources.printed_divisor,
        sources.rounding,
        components.numerator,
        components.denominator * sources.unit_of as denominator
    from {{ ref('report_figure_measures') }} as sources
    inner join {{ ref('int_report_figure_components') }} as components
        on sources.figure_id = components.figure_id
),

computed as (
    select
        figure_id,
        {{ ratio_half_up('numerator', 'denominator', 4, 18) }} as exact,
        -- Where a paper says "over", the whole number below the exact one is meant.
        case
            when rounding = 'down' then {{ ratio_half_up('2 * numerator - denominator', '2 * denominator', 0, 18) }}
            else printed_divisor * {{ ratio_half_up('numerator', 'denominator * printed_divisor', 0, 18) }}
        end as whole,
        {{ ratio_half_up('numerator', 'denominator', 1, 18) }} as one_decimal,
        {{ ratio_half_up('numerator', 'denominator', 2, 18) }} as two_decimals,
        printed_decimals
    from measured
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
    case computed.printed_decimals
        when 0 then cast(cast(computed.whole as bigint) as varchar(40))
        when 1 then cast(computed.one_decimal as varchar(40))
        when 2 then cast(computed.two_decimals as varchar(40))
    end as computed,
    computed.exact,
    case
        -- What is stored as it was given proves nothing by being equal to itself.
        when figures.evidence = 'given' then null
        when computed.printed_decimals = 0 then computed.whole = cast(figures.printed as decimal(18, 4))
        when computed.printed_decimals = 1 then computed.one_decimal = cast(figures.printed as decimal(18, 4))
        when computed.printed_decimals = 2 then computed.two_decimals = cast(figures.printed as decimal(18, 4))
    end as matches,
    figures.rule,
    figures.note
from {{ ref('report_figures') }} as figures
left join computed
    on figures.figure_id = computed.figure_id
