{# Days from one date to a later one; negative where it is an earlier one. #}
{% macro days_between(first_day, last_day) -%}
{{ return(adapter.dispatch('days_between')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__days_between(first_day, last_day) -%}
date_diff('day', {{ first_day }}, {{ last_day }})
{%- endmacro %}

{% macro spark__days_between(first_day, last_day) -%}
datediff({{ last_day }}, {{ first_day }})
{%- endmacro %}

{# Every day of a period, both ends included, as rows: stands in a select list and makes a row a day. #}
{% macro every_day(first_day, last_day) -%}
{{ return(adapter.dispatch('every_day')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__every_day(first_day, last_day) -%}
cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as date)
{%- endmacro %}

{% macro spark__every_day(first_day, last_day) -%}
explode(sequence({{ first_day }}, {{ last_day }}))
{%- endmacro %}
