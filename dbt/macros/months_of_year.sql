{# Twelve months in one whole number: rows that last are kept once a calendar year, with a bit for each month they were
   there. So a year of a case is one row to group and join, where its months would be twelve. #}

{# The bit of a month. An aggregate with `bit_or` holds the bits of all. #}
{% macro month_bit(month) -%}
cast(power(2, extract(month from {{ month }}) - 1) as integer)
{%- endmacro %}

{# Whether `months` holds the month of a number, 1 for January. #}
{% macro has_month(months, number) -%}
({{ months }} & {{ 2 ** (number - 1) }}) <> 0
{%- endmacro %}

{# Twelve columns `<name>_1` to `<name>_12`: how many rows of a group have each month in `months`. #}
{% macro counts_by_month(name, months) -%}
{%- for number in range(1, 13) %}
sum(case when {{ has_month(months, number) }} then 1 else 0 end) as {{ name }}_{{ number }}{{ ',' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{# As `counts_by_month`, of rows that were also seen within the twelve months that end with each: a row of `seen_within`. #}
{% macro counts_within_by_month(name, months, seen) -%}
{%- for number in range(1, 13) %}
sum(
    case
        when {{ has_month(months, number) }} and ({{ number }} >= {{ seen }}.since or {{ number }} < {{ seen }}.until) then 1
        else 0
    end
) as {{ name }}_{{ number }}{{ ',' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{# Of the twelve columns `<name>_...` that of a month. #}
{% macro count_of_month(name, month) -%}
case extract(month from {{ month }})
{%- for number in range(1, 13) %}
    when {{ number }} then {{ name }}_{{ number }}
{%- endfor %}
end
{%- endmacro %}

{# In which months of a year one was seen in the month or the eleven before it: from `since` on, or before `until`. What
   was seen in the year reaches to its end, what was last seen in October of the year before reaches to September.
   `relation` has council, year, `keys`, and the numbers of the first and last month of the year in which one was seen. #}
{% macro seen_within(relation, keys) -%}
select
    council,
    year,
    {{ keys | join(', ') }},
    min(since) as since,
    max(until) as until
from (
    select
        council,
        year,
        {{ keys | join(', ') }},
        first_month as since,
        0 as until
    from {{ relation }}

    union all

    select
        council,
        year + 1 as year,
        {{ keys | join(', ') }},
        13 as since,
        last_month as until
    from {{ relation }}
) as years_seen
group by council, year, {{ keys | join(', ') }}
{%- endmacro %}
