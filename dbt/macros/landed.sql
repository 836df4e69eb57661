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
