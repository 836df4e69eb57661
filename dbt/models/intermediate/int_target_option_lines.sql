{#- The lines of each way to reach the target, as options_by_year takes them. -#}
with options as (
    select * from {{ ref('int_target_options') }}
),

starts as (
    select distinct
        council,
        starts_on
    from options
),

costs as (
    {{ role_costs_on('starts', 'starts_on') }}
),

staff as (
    select
        council,
        month,
        unit,
        option_kind,
        'posts' as line,
        role,
        case when option_kind = 'social_workers' then gap_fte else officer_gap_fte end as posts_fte,
        case when option_kind = 'social_workers' then gap_fte_of else target_ratio end as divisor,
        set_up_per_head_gbp,
        starts_on
    from options
    where option_kind in ('social_workers', 'support_officers')

    union all

    select
        council,
        month,
        unit,
        option_kind,
        'seniors' as line,
        senior_role as role,
        senior_fte * target_ratio as posts_fte,
        target_ratio as divisor,
        set_up_per_head_gbp,
        starts_on
    from options
    where option_kind = 'support_officers' and senior_fte > 0
),

-- A template keeps its prices, its lines' distance from its start and how long they run.
template_starts as (
    select
        council,
        option,
        min(starts_on) as starts_on
    from {{ ref('int_option_lines') }}
    group by council, option
),

template_lines as (
    select
        lines.*,
        {{ months_spanned('template_starts.starts_on', 'lines.starts_on') }} - 1 as months_later,
        {{ months_spanned('lines.starts_on', 'lines.ends_on') }} as months_long
    from {{ ref('int_option_lines') }} as lines
    inner join template_starts
        on
            lines.council = template_starts.council
            and lines.option = template_starts.option
),

lines as (
    select
        staff.council,
        staff.month,
        staff.unit,
        staff.option_kind,
        staff.line,
        staff.role,
        staff.posts_fte,
        case when staff.posts_fte = 0 then 0 else staff.posts_fte * costs.annual_cost_gbp end as annual_cost_gbp,
        coalesce(staff.set_up_per_head_gbp, costs.set_up_cost_gbp) as set_up_per_head_gbp,
        cast(null as decimal(18, 6)) as set_up_heads,
        staff.starts_on,
        cast(null as date) as ends_on,
        staff.divisor
    from staff
    left join costs
        on
            staff.council = costs.council
            and staff.starts_on = costs.starts_on
            and staff.role = costs.role

    union all

    select
        options.council,
        options.month,
        options.unit,
        options.option_kind,
        template_lines.line,
        template_lines.role,
        template_lines.posts_fte * options.teams_needed as posts_fte,
        template_lines.annual_cost_gbp * options.teams_needed as annual_cost_gbp,
        coalesce(template_lines.set_up_per_head_gbp, options.set_up_per_head_gbp, 0) as set_up_per_head_gbp,
        template_lines.set_up_heads * options.teams_needed as set_up_heads,
        {{ months_away('options.starts_on', 'cast(template_lines.months_later as integer)') }} as starts_on,
        case
            when template_lines.ends_on is not null
                then {{ month_end(months_away(
                    'options.starts_on',
                    'cast(template_lines.months_later + template_lines.months_long - 1 as integer)'
                )) }}
        end as ends_on,
        1 as divisor
    from options
    inner join template_lines
        on
            options.council = template_lines.council
            and options.template_option = template_lines.option
    where options.option_kind = 'project_team'

    union all

    -- The contract's price is paid over its months; a team brings what it needs.
    select
        council,
        month,
        unit,
        option_kind,
        contract_id as line,
        {{ as_text('null') }} as role,
        0 as posts_fte,
        12 * team_price_gbp * teams_needed as annual_cost_gbp,
        cast(0 as decimal(14, 2)) as set_up_per_head_gbp,
        cast(null as decimal(18, 6)) as set_up_heads,
        starts_on,
        {{ month_end(months_away('starts_on', 'cast(ceil(team_months) as integer) - 1')) }} as ends_on,
        team_months as divisor
    from options
    where option_kind = 'managed_team' and contract_id is not null

    union all

    -- What nothing is known of stands with its start alone.
    select
        council,
        month,
        unit,
        option_kind,
        'unknown' as line,
        {{ as_text('null') }} as role,
        cast(null as decimal(18, 6)) as posts_fte,
        cast(null as decimal(14, 2)) as annual_cost_gbp,
        cast(null as decimal(14, 2)) as set_up_per_head_gbp,
        cast(null as decimal(18, 6)) as set_up_heads,
        starts_on,
        cast(null as date) as ends_on,
        1 as divisor
    from options
    where
        (option_kind = 'project_team' and template_option is null)
        or (option_kind = 'managed_team' and contract_id is null)
)

select
    council,
    month,
    unit,
    option_kind,
    line,
    role,
    cast(posts_fte as decimal(38, 18)) as posts_fte,
    cast(annual_cost_gbp as decimal(38, 18)) as annual_cost_gbp,
    set_up_per_head_gbp,
    set_up_heads,
    cast(0 as decimal(18, 6)) as adds_social_worker_fte,
    starts_on,
    ends_on,
    cast(coalesce(divisor, 1) as decimal(18, 4)) as divisor
from lines
