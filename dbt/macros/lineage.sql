{# Which extracts a mart is made of, from the project's own lineage: nobody lists them by hand. #}

{# Rows of mart, extract and how far back the mart looks, for the marts that metrics are measured in. #}
{% macro extracts_of_marts() -%}
{%- set rows = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and 'mart' in node.tags -%}
        {%- for extract in extracts_of(node) -%}
            {%- do rows.append("('" ~ node.name ~ "', '" ~ extract ~ "', " ~ node.config.meta.get('reach', 0) ~ ")") -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endif -%}
select mart, extract, reach
from (
    values
    {{ rows | sort | join(',\n    ') if rows else "('', '', 0)" }}
) as lineage (mart, extract, reach)
{%- endmacro %}

{# The extracts of one model, however far up. #}
{% macro extracts_of(model) -%}
{%- set found, waiting, seen = [], [model], [] -%}
{%- for _ in range(graph.nodes | length) -%}
    {%- set ahead = [] -%}
    {%- for node in waiting -%}
        {%- for parent in node.depends_on.nodes if parent not in seen -%}
            {%- do seen.append(parent) -%}
            {%- if parent in graph.sources -%}
                {%- if graph.sources[parent].source_name == 'archive' -%}
                    {%- do found.append(graph.sources[parent].name) -%}
                {%- endif -%}
            {%- elif parent in graph.nodes and graph.nodes[parent].resource_type == 'model' -%}
                {%- do ahead.append(graph.nodes[parent]) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do waiting.clear() -%}
    {%- do waiting.extend(ahead) -%}
{%- endfor -%}
{{ return(found | unique | sort) }}
{%- endmacro %}
