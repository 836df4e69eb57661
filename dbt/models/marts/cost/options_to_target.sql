with due as (
    {{ months_due() }}
),

lines as (
    select lines.*
    from {{ ref('int_target_option_lines') }} as lines
),

costed as (
    {{ options_by_year('lines', ['council', 'month', 'unit', 'option_kind'], 'null') }}
),

unpriced as (
    select distinct
        council,
        month,
        unit,
        option_kind,
        role
    from lines
    where annual_cost_gbp is null and posts_fte > 0 and role is not null and option_kind <> 'project_team'
),

without_price as (
    select
        council,
        month,
        unit,
        option_kind,
        max(case when role is not null then concat('unit cost of ', role) end) as missing_price
    from unpriced
    group by council, month, unit, option_kind
),

without_kit as (
    select distinct
        council,
        month,
        unit,
        option_kind
    from lines
    where set_up_per_head_gbp is null and posts_fte > 0 and option_kind in ('social_workers', 'support_officers')
)

select
    options.council,
    options.unit,
    options.unit_name,
    options.month,
    options.as_at,
    options.option_kind,
    {{ costs_of_the_year(
        'costed', "case when options.option_kind not in ('project_team', 'managed_team') "
        "or options.teams_needed is not null then costed.months end"
    ) }},
    {{ half_up('options.target', 2, 9) }} as target_caseload,
    {{ ratio_half_up('options.gap_fte', 'options.gap_fte_of', 2, 9) }} as gap_fte,
    cast(options.teams_needed as integer) as teams,
    {{ ratio_half_up('options.gained_fte', 'options.gained_fte_of', 2, 9) }} as gained_fte,
    {{ ratio_half_up(
        floored('(options.gap_fte * options.gained_fte_of - options.gained_fte * options.gap_fte_of)'),
        'options.gap_fte_of * options.gained_fte_of', 2, 9
    ) }} as remaining_gap_fte,
    options.gained_fte * options.gap_fte_of >= options.gap_fte * options.gained_fte_of as reaches_target,
    {{ ratio_half_up(
        'costed.annual_cost_gbp * options.gained_fte_of', 'costed.divisor * options.gained_fte', 2
    ) }} as cost_per_fte_gbp,
    case
        when options.option_kind = 'managed_team'
            then {{ ratio_half_up(
                'options.team_moved * options.team_months * options.teams_needed', 'options.team_months_known', 1, 9
            ) }}
        else {{ ratio_half_up('options.gained_fte * options.target', 'options.gained_fte_of', 1, 9) }}
    end as cases_moved,
    case
        when options.option_kind = 'managed_team'
            then {{ ratio_half_up(
                'options.team_price_gbp * options.team_months_known', 'options.team_moved * options.team_months', 2
            ) }}
        else {{ ratio_half_up(
            'costed.annual_cost_gbp * options.gained_fte_of', 'costed.divisor * options.gained_fte * options.target', 2
        ) }}
    end as cost_per_case_moved_gbp,
    nullif(
        concat_ws(
            ', ',
            nullif(options.missing_inputs, ''),
            without_price.missing_price,
            case when without_kit.unit is not null then 'set_up_per_head_gbp' end
        ), ''
    ) as missing_inputs
from costed
inner join {{ ref('int_target_options') }} as options
    on
        costed.council = options.council
        and costed.month = options.month
        and costed.unit = options.unit
        and costed.option_kind = options.option_kind
inner join due
    on
        options.council = due.council
        and options.month = due.month
left join without_price
    on
        costed.council = without_price.council
        and costed.month = without_price.month
        and costed.unit = without_price.unit
        and costed.option_kind = without_price.option_kind
left join without_kit
    on
        costed.council = without_kit.council
        and costed.month = without_kit.month
        and costed.unit = without_kit.unit
        and costed.option_kind = without_kit.option_kind
-- What has no price is told of once, in its first year: so is a team that nothing is known of.
where
    costed.annual_cost_gbp is not null
    or (options.option_kind = 'project_team' and options.teams_needed is not null)
    or costed.year = {{ financial_year_start('costed.starts_on') }}
