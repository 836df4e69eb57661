{# The grain: every combination of `columns` stands once and none of them is missing, but for `nullable` ones. #}
{% test one_row_per(model, columns, nullable=[]) %}
{%- set quoted = [] %}
{%- for column in columns %}{% do quoted.append(adapter.quote(column)) %}{% endfor %}
select
    {{ quoted | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ quoted | join(', ') }}
having
    count(*) > 1
    {%- for column in columns if column not in nullable %}
    or {{ adapter.quote(column) }} is null
    {%- endfor %}
{% endtest %}


{# The months a build touched, near or far: what a test across marts looks at, so that it stays quick. #}
{% macro months_touched() -%}
select * from {{ source('run', 'build_scope') }}
where is_loaded and reach < 9
{%- endmacro %}

{# The months whose own deliveries a build read: what a test that reads rows looks at. #}
{% macro months_read() -%}
select * from {{ source('run', 'build_scope') }}
where is_loaded and reach = 0
{%- endmacro %}


{#
  Every accepted row of a delivery just read stands in its staging model once: a name that meant two units or roles
  would count it twice, and nothing further down could tell. Where staging adds rows up, `total` names what must stay
  the same.
#}
{% test holds_every_accepted_row_once(model, extract, total=none) %}
with months_read as (
    {{ months_read() }}
),

staged as (
    select
        delivery,
        {{ 'sum(' ~ total ~ ')' if total else 'count(*)' }} as amount
    from {{ model }}
    group by delivery
),

{% if total -%}
archived as (
    select
        delivery,
        sum({{ total }}) as amount
    from {{ source('archive', extract) }}
    group by delivery
),

{% endif -%}
accepted as (
    select
        deliveries.delivery,
        {{ 'coalesce(archived.amount, 0)' if total else 'deliveries.rows_accepted' }} as amount
    from {{ source('run', 'deliveries') }} as deliveries
    inner join months_read
        on
            deliveries.council = months_read.council
            and deliveries.month = months_read.month
    {%- if total %}
    left join archived on deliveries.delivery = archived.delivery
    {%- endif %}
    where deliveries.is_in_force and deliveries.extract = '{{ extract }}'
)

select
    accepted.delivery,
    accepted.amount as accepted_amount,
    staged.amount as staged_amount
from accepted
left join staged on accepted.delivery = staged.delivery
where accepted.amount <> coalesce(staged.amount, 0)
{% endtest %}
