{#- What is assumed of each way to reach a target. A council's row stands before one of every council; of the same
    council one of the kind before one of every kind. -#}
{%- set kinds = ['social_workers', 'support_officers', 'project_team', 'managed_team'] -%}
with kinds as (
    {%- for kind in kinds %}
    select '{{ kind }}' as option_kind
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

found as (
    select
        councils.council,
        kinds.option_kind,
        assumptions.assumption,
        assumptions.amount,
        assumptions.item,
        row_number() over (
            partition by councils.council, kinds.option_kind, assumptions.assumption
            order by
                case when assumptions.council is null then 1 else 0 end,
                case when assumptions.option_kind is null then 1 else 0 end
        ) as preference
    from {{ ref('councils') }} as councils
    cross join kinds
    inner join {{ ref('option_assumptions') }} as assumptions
        on
            (assumptions.council is null or assumptions.council = councils.council)
            and (assumptions.option_kind is null or assumptions.option_kind = kinds.option_kind)
)

select
    council,
    option_kind,
    {%- for name in [
        'start_months_ahead', 'set_up_per_head_gbp', 'senior_fte', 'hours_released_per_worker', 'standard_hours_per_week',
    ] %}
    max(case when assumption = '{{ name }}' then amount end) as {{ name }},
    {%- endfor %}
    {%- for name in ['role', 'senior_role'] %}
    max(case when assumption = '{{ name }}' then item end) as {{ name }},
    {%- endfor %}
    max(case when assumption = 'template_option' then item end) as template_option
from found
where preference = 1
group by council, option_kind
