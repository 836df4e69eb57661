-- Rounded after adding: the rounded role groups need not add up to it.
{%- set measures = ['posts_fte', 'in_post_fte', 'newly_created_fte', 'vacant_fte', 'agency_fte'] %}
with months_read as (
    {{ months_read() }}
),

added_up as (
    select
        council,
        month,
        unit,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }},
        {%- endfor %}
        count(*) as role_groups
    from {{ ref('int_establishment_totals') }}
    group by council, month, unit
)

select
    total.council,
    total.month,
    total.unit
from {{ ref('establishment') }} as total
inner join months_read
    on
        total.council = months_read.council
        and total.month = months_read.month
left join added_up
    on
        total.council = added_up.council
        and total.month = added_up.month
        and total.unit = added_up.unit
where
    total.role_group = 'total'
    and (
        false
        {%- for measure in measures %}
        or total.{{ measure }} <> {{ half_up('added_up.' ~ measure, 2, 9) }}
        {%- endfor %}
    )
