{# The assumptions of the forecasts, one row per council: its own rows of forecast_rules before those of every council. #}
{% macro forecast_rules(rules) -%}
select
    councils.council
    {%- for rule in rules %},
    coalesce(
        max(case when rules.council is not null and rules.rule = '{{ rule }}' then rules.value end),
        max(case when rules.council is null and rules.rule = '{{ rule }}' then rules.value end)
    ) as {{ rule }}
    {%- endfor %}
from {{ ref('councils') }} as councils
inner join {{ ref('forecast_rules') }} as rules
    on rules.council is null or councils.council = rules.council
group by councils.council
{%- endmacro %}

{# What a forecast of caseload tells, by its column in caseload_bands. #}
{% macro forecast_measures() -%}
open_cases fte_social_workers average_caseload fte_to_target
{%- endmacro %}

{# The decimals it has there. #}
{% macro decimals_of(measure) -%}
{{ 4 if measure == 'average_caseload' else 2 }}
{%- endmacro %}

{# The longest look ahead that forecast_rules can ask for. #}
{% macro most_months_ahead() -%}
12
{%- endmacro %}

{# Whole numbers as rows, both ends included. #}
{% macro whole_numbers(first, last, name) -%}
{%- for number in range(first, last + 1) %}
select {{ number }} as {{ name }}
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
{%- endmacro %}
