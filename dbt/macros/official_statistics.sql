{# How DfE's published statistics are read. #}

{# The symbol that stands for a column's number, from text such as `absence_rate=x; cases=u`; NULL where none does. #}
{% macro symbol_of(missing, column) -%}
nullif(split_part(split_part(concat('; ', {{ missing }}, ';'), '; {{ column }}=', 2), ';', 1), '')
{%- endmacro %}

{# Whether a code is one of several that a person wrote with spaces, commas, semicolons or slashes between. #}
{% macro code_is_listed(codes, code) -%}
concat(' ', translate({{ codes }}, ',;/', '   '), ' ') like concat('% ', {{ code }}, ' %')
{%- endmacro %}

{# How far a value published with one decimal may lie from the true one. #}
{% macro half_of_one_decimal() -%}
0.05
{%- endmacro %}

{# The least that a published value may have been before it was rounded. #}
{% macro lowest_before_rounding(column, is_rounded) -%}
{{ floored(column ~ ' - ' ~ half_of_one_decimal()) if is_rounded else column }}
{%- endmacro %}

{# What a published value was below before it was rounded half up; itself where it is exact. #}
{% macro highest_before_rounding(column, is_rounded) -%}
{{ '(' ~ column ~ ' + ' ~ half_of_one_decimal() ~ ')' if is_rounded else column }}
{%- endmacro %}
