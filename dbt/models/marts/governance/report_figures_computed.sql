with measured as (
    select
        sources.figure_id,
        sources.printed_decimals,
        sources.printed_divisor,
        case sources.measure
            when 'average_caseload' then cast(totals.open_cases as decimal(38, 15))
            when 'fte_to_target' then totals.open_cases - policies.target * totals.fte_social_workers
            when 'cost_of_whole_fte_to_target'
                then
                    cast(
                        {{ ratio_half_up(
                            'totals.open_cases - policies.target * totals.fte_social_workers', 'policies.target', 0, 18
                        ) }} as decimal(18, 0)
                    ) * costs.annual_cost_gbp
        end as numerator,
        case sources.measure
            when 'average_caseload' then totals.fte_social_workers
            when 'fte_to_target' then cast(policies.target as decimal(38, 15))
            when 'cost_of_whole_fte_to_target' then cast(1 as decimal(38, 15))
        end as denominator
    from {{ ref('report_figure_measures') }} as sources
    inner join {{ ref('int_caseload_totals') }} as totals
        on
            sources.council = totals.council
            and sources.month = totals.month
            and sources.unit = totals.unit
    left join {{ ref('int_policies_chosen') }} as policies
        on
            totals.council = policies.council
            and totals.month = policies.month
            and totals.unit = policies.unit
            and policies.metric = 'average_caseload'
    left join {{ ref('int_role_costs') }} as costs
        on
            totals.council = costs.council
            and totals.month = costs.month
            and costs.role = 'social_worker'
),

computed as (
    select
        figure_id,
        {{ ratio_half_up('numerator', 'denominator', 4, 18) }} as exact,
        printed_divisor * {{ ratio_half_up('numerator', 'denominator * printed_divisor', 0, 18) }} as whole,
        {{ ratio_half_up('numerator', 'denominator', 1, 18) }} as one_decimal,
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
    case
        when computed.printed_decimals = 0 then cast(cast(computed.whole as bigint) as varchar(40))
        else cast(computed.one_decimal as varchar(40))
    end as computed,
    computed.exact,
    case
        when computed.printed_decimals = 0
            then computed.whole = cast(figures.printed as decimal(18, 4))
        else computed.one_decimal = cast(figures.printed as decimal(18, 4))
    end as matches,
    figures.rule,
    figures.note
from computed
inner join {{ ref('report_figures') }} as figures
    on computed.figure_id = figures.figure_id
