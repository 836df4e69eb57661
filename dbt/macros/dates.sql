{# The financial year of a date, April to March, written 2017-18. #}
{% macro financial_year(day) -%}
case
    when extract(month from {{ day }}) >= 4
        then concat(
            cast(extract(year from {{ day }}) as varchar(4)), '-',
            right(cast(extract(year from {{ day }}) + 1 as varchar(4)), 2)
        )
    else concat(
        cast(extract(year from {{ day }}) - 1 as varchar(4)), '-',
        right(cast(extract(year from {{ day }}) as varchar(4)), 2)
    )
end
{%- endmacro %}

{# Whole months from one date to a later month's last day, which stands for every later day. #}
{% macro months_to_month_end(day, month_end) -%}
(
    (extract(year from {{ month_end }}) - extract(year from {{ day }})) * 12
    + extract(month from {{ month_end }}) - extract(month from {{ day }})
)
{%- endmacro %}

{# The first of a month a number of months away. #}
{% macro months_away(month, months) -%}
{{ return(adapter.dispatch('months_away')(month, months)) }}
{%- endmacro %}

{% macro default__months_away(month, months) -%}
cast({{ month }} + to_months({{ months }}) as date)
{%- endmacro %}

{% macro spark__months_away(month, months) -%}
add_months({{ month }}, {{ months }})
{%- endmacro %}

{# Whether a year holds a 29 February. #}
{% macro year_holds_leap_day(year) -%}
(mod({{ year }}, 4) = 0 and (mod({{ year }}, 100) <> 0 or mod({{ year }}, 400) = 0))
{%- endmacro %}

{# Whether the twelve months that end with a month hold a 29 February: they hold one February. #}
{% macro twelve_months_hold_leap_day(month) -%}
{{ year_holds_leap_day(
    '(extract(year from ' ~ month ~ ') - case when extract(month from ' ~ month ~ ') < 2 then 1 else 0 end)'
) }}
{%- endmacro %}

{# The first of September of a year. #}
{% macro september_of(year) -%}
make_date({{ year }}, 9, 1)
{%- endmacro %}

{# A month's last day. #}
{% macro month_end(month) -%}
last_day({{ month }})
{%- endmacro %}
