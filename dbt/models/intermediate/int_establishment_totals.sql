{%- set delivered_by = {
    'posts_fte': 'has_posts', 'in_post_fte': 'has_workforce', 'newly_created_fte': 'has_posts',
    'vacant_fte': 'has_posts', 'agency_fte': 'has_workforce'
} -%}
with due as (
    {{ months_due() }}
),

role_groups as (
    select distinct role_group
    from {{ ref('roles') }}
),

-- What a unit's totals tell of one role group they tell of all: a role group left out has none.
told as (
    select
        council,
        month,
        unit,
        {%- for measure in delivered_by %}
        count({{ measure }}) > 0 as tells_{{ measure }},
        {%- endfor %}
        count(*) as role_groups_told
    from {{ ref('int_posts_from_totals') }}
    group by council, month, unit
),

units_with_rows as (
    select distinct
        council,
        month,
        unit
    from {{ ref('int_post_totals') }}
)

select
    units.council,
    units.unit,
    units.level,
    units.month,
    units.as_at,
    role_groups.role_group,
    {%- for measure, flag in delivered_by.items() %}
    case
        when due.{{ flag }} or coalesce(told.tells_{{ measure }}, false)
            then coalesce(post_rows.{{ measure }}, 0) + coalesce(totals.{{ measure }}, 0)
    end as {{ measure }},
    {%- endfor %}
    case
        when units_with_rows.unit is not null then 'rows'
        when told.unit is not null then 'summary'
        when due.has_posts or due.has_workforce or not due.has_establishment_summary then 'rows'
        else 'summary'
    end as grain
from {{ ref('int_unit_months') }} as units
inner join due
    on
        units.council = due.council
        and units.month = due.month
cross join role_groups
left join {{ ref('int_post_totals') }} as post_rows
    on
        units.council = post_rows.council
        and units.month = post_rows.month
        and units.unit = post_rows.unit
        and role_groups.role_group = post_rows.role_group
left join {{ ref('int_posts_from_totals') }} as totals
    on
        units.council = totals.council
        and units.month = totals.month
        and units.unit = totals.unit
        and role_groups.role_group = totals.role_group
left join told
    on
        units.council = told.council
        and units.month = told.month
        and units.unit = told.unit
left join units_with_rows
    on
        units.council = units_with_rows.council
        and units.month = units_with_rows.month
        and units.unit = units_with_rows.unit
