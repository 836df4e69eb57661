{# What every staging model does: deliveries in force only, names of units and roles resolved for the month. #}

{% macro landed_in_force(extract) -%}
select
    landed.*,
    in_force.as_at
from {{ source('archive', extract) }} as landed
inner join {{ source('run', 'deliveries') }} as in_force
    on
        landed.delivery = in_force.delivery
        and landed.month = in_force.month
        and in_force.is_in_force
{%- endmacro %}

{% macro join_unit(alias, name_key) -%}
left join {{ source('run', 'unit_names') }} as {{ alias }}
    on
        landed.council = {{ alias }}.council
        and landed.{{ name_key }} = {{ alias }}.name_key
        and landed.as_at >= {{ alias }}.valid_from
        and landed.as_at < {{ alias }}.valid_to
{%- endmacro %}

{% macro join_role(alias, name_key) -%}
left join {{ source('run', 'role_names') }} as {{ alias }}
    on
        landed.council = {{ alias }}.council
        and landed.{{ name_key }} = {{ alias }}.name_key
{%- endmacro %}

{# The unit that totals are for: a name nobody knows is `unmapped`, no name is the whole council. #}
{% macro unit_or_council(alias, name_key) -%}
coalesce(
    {{ alias }}.unit,
    case when landed.{{ name_key }} is null then whole_council.unit else 'unmapped' end
)
{%- endmacro %}

{% macro join_whole_council() -%}
left join {{ ref('org_units') }} as whole_council
    on
        landed.council = whole_council.council
        and whole_council.level = 'council'
{%- endmacro %}

{# The cases that rows of `landed` without a team are of, as CTEs. Cases are many: where every row says its team none is
   looked at. #}
{% macro cases_asked_of() -%}
without_team as (
    select distinct
        council,
        month,
        case_id
    from landed
    where team is null
),

cases_asked_of as (
    select
        cases.council,
        cases.month,
        cases.case_id,
        cases.unit
    from {{ ref('stg_caseload') }} as cases
    inner join without_team
        on
            cases.council = without_team.council
            and cases.month = without_team.month
            and cases.case_id = without_team.case_id
)
{%- endmacro %}
