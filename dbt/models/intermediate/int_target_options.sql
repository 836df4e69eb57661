{#- What each way to reach the target takes in and gives: exact, a figure that is no decimal over its `..._of`. -#}
with assumed as (
    select
        gaps.*,
        assumptions.option_kind,
        {{ months_away('gaps.month', nearest_whole('assumptions.start_months_ahead')) }} as starts_on,
        assumptions.role,
        assumptions.senior_role,
        assumptions.senior_fte,
        assumptions.template_option,
        assumptions.set_up_per_head_gbp,
        coalesce(gaps.hours_released_per_worker, assumptions.hours_released_per_worker) as hours_per_worker,
        coalesce(councils.standard_hours_per_week, assumptions.standard_hours_per_week) as standard_hours
    from {{ ref('int_target_gaps') }} as gaps
    inner join {{ ref('int_option_assumptions') }} as assumptions on gaps.council = assumptions.council
    inner join {{ ref('councils') }} as councils on gaps.council = councils.council
),

templates as (
    select
        council,
        option,
        sum(adds_social_worker_fte) as adds_fte,
        count(*) = count(annual_cost_gbp) as has_price
    from {{ ref('int_option_lines') }}
    group by council, option
),

-- One team, as it was priced or bought, gives so much; where it gives no social worker it is wanted once.
teams as (
    select
        assumed.*,
        case when assumed.option_kind = 'project_team' then templates.option end as found_template,
        coalesce(templates.has_price, false) as has_template_price,
        case
            when assumed.option_kind = 'project_team' then templates.adds_fte
            when assumed.option_kind = 'managed_team' then assumed.team_fte
        end as each_fte
    from assumed
    left join templates
        on
            assumed.council = templates.council
            and assumed.template_option = templates.option
),

counted as (
    select
        teams.*,
        case
            when teams.option_kind not in ('project_team', 'managed_team') then cast(null as decimal(18, 0))
            when teams.option_kind = 'project_team' and teams.found_template is null then null
            when teams.option_kind = 'managed_team' and teams.contract_id is null then null
            when teams.gap_fte = 0 then 0
            when teams.each_fte > 0 and teams.gap_fte is not null
                then {{ ratio_up('teams.gap_fte', 'teams.gap_fte_of * teams.each_fte') }}
            else 1
        end as teams_needed
    from teams
)

select
    council,
    month,
    as_at,
    unit,
    unit_name,
    option_kind,
    starts_on,
    target,
    gap_fte,
    gap_fte_of,
    target_ratio,
    officer_gap_fte,
    role,
    senior_role,
    case when officer_gap_fte = 0 then 0 else coalesce(senior_fte, 0) end as senior_fte,
    found_template as template_option,
    set_up_per_head_gbp,
    contract_id,
    team_months,
    team_price_gbp,
    team_moved,
    team_months_known,
    teams_needed,
    cast(case
        when option_kind = 'social_workers' then gap_fte
        when option_kind = 'support_officers' and officer_gap_fte = 0 then 0
        when option_kind = 'support_officers' then unsupported_fte * hours_per_worker
        else each_fte * teams_needed
    end as decimal(38, 18)) as gained_fte,
    cast(case
        when option_kind = 'social_workers' then gap_fte_of
        when option_kind = 'support_officers' then standard_hours
        else 1
    end as decimal(18, 4)) as gained_fte_of,
    concat_ws(
        ', ',
        case when open_cases is null then 'open_cases' end,
        case when fte_social_workers is null then 'fte_social_workers' end,
        case when target is null then 'target_caseload' end,
        case when option_kind = 'support_officers' and target_ratio is null then 'target_ratio' end,
        case
            when option_kind = 'support_officers' and target_ratio is not null and officer_gap_fte is null
                then 'officer_fte'
        end,
        case
            when option_kind = 'support_officers' and hours_per_worker is null then 'hours_released_per_worker'
        end,
        case when option_kind = 'project_team' and found_template is null then 'template_option' end,
        case
            when option_kind = 'project_team' and found_template is not null and not has_template_price
                then 'price of template_option'
        end,
        case when option_kind = 'managed_team' and contract_id is null then 'managed_contract' end,
        case
            when option_kind = 'managed_team' and contract_id is not null and team_moved is null then 'cases_moved'
        end
    ) as missing_inputs
from counted
