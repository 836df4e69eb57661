{# Seeds lie in a schema of their own: a mart may carry the name of the reference file it answers. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
{{ custom_schema_name if custom_schema_name else target.schema }}
{%- endmacro %}
