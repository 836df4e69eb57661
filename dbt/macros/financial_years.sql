{# Financial years as numbers: the year in which one begins. #}

{% macro financial_year_start(day) -%}
(extract(year from {{ day }}) - case when extract(month from {{ day }}) < 4 then 1 else 0 end)
{%- endmacro %}

{# Written 2017-18, of the year in which it begins. #}
{% macro financial_year_of_start(year) -%}
concat(cast({{ year }} as varchar(4)), '-', right(cast({{ year }} + 1 as varchar(4)), 2))
{%- endmacro %}

{# Calendar months from one day's to another's, both included; 0 where the other comes first. #}
{% macro months_spanned(first_day, last_day) -%}
{{ floored(
    '(12 * (extract(year from ' ~ last_day ~ ') - extract(year from ' ~ first_day ~ ')) + extract(month from '
    ~ last_day ~ ') - extract(month from ' ~ first_day ~ ') + 1)'
) }}
{%- endmacro %}

{# An option without an end is costed for so many financial years, as the longest of the papers' does. #}
{% macro years_costed() -%}
5
{%- endmacro %}

{# The longest that an option with an end is costed for. #}
{% macro most_years_costed() -%}
20
{%- endmacro %}
