{# Months due that end a year of twelve months in which the extract was delivered. #}
{% macro whole_years_due(extract) -%}
select
    due.council,
    due.month
from ({{ months_due() }}) as due
inner join {{ source('run', 'build_scope') }} as delivered
    on
        due.council = delivered.council
        and delivered.has_{{ extract }}
        and delivered.month <= due.month
        and delivered.month >= {{ months_away('due.month', -11) }}
group by due.council, due.month
having count(*) = 12
{%- endmacro %}
