{# What a told figure is of: a unit, or a worker wherever the worker is, with metric and month. #}

{% macro subject_of(relation) -%}
{% for name in ['council', 'metric', 'month', 'is_worker', 'subject'] -%}
{{ relation }}.{{ name }}{{ ", " if not loop.last }}
{%- endfor %}
{%- endmacro %}

{% macro of_one_subject(one, other) -%}
{% for name in ['council', 'metric', 'month', 'is_worker', 'subject'] -%}
{{ one }}.{{ name }} = {{ other }}.{{ name }}{{ " and " if not loop.last }}
{%- endfor %}
{%- endmacro %}
