{# The rates of the workforce statistics, once: what a council sends and what DfE publishes go through the same ones. #}

{# Cases over the FTE of those who hold at least one, one decimal. #}
{% macro average_caseload(cases, holders_fte) -%}
{{ ratio_half_up('(' ~ cases ~ ')', '(' ~ holders_fte ~ ')', 1, 9) }}
{%- endmacro %}

{# In post is without agency. #}
{% macro vacancy_rate(vacant, in_post) -%}
{{ rate(vacant, vacant ~ ' + ' ~ in_post) }}
{%- endmacro %}

{# In post is without agency. #}
{% macro agency_rate(agency, in_post) -%}
{{ rate(agency, agency ~ ' + ' ~ in_post) }}
{%- endmacro %}

{% macro turnover_rate(leavers, in_post) -%}
{{ rate(leavers, in_post) }}
{%- endmacro %}

{# Working days are those of one FTE in the year: a row of `working_years`. #}
{% macro absence_rate(days, in_post, working_days) -%}
{{ rate(days, '(' ~ in_post ~ ') * ' ~ working_days) }}
{%- endmacro %}
