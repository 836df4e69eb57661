{# A value as text of any length: Spark wants a length after `varchar`, and has another word for text without one. #}
{% macro as_text(value) -%}
{{ return(adapter.dispatch('as_text')(value)) }}
{%- endmacro %}

{% macro default__as_text(value) -%}
cast({{ value }} as varchar)
{%- endmacro %}

{% macro spark__as_text(value) -%}
cast({{ value }} as string)
{%- endmacro %}
