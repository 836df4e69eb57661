{# Exact arithmetic. Rounding is half up (away from zero at the tie), once, never through binary floating point. #}

{# A DECIMAL rounded half up. Never round by casting: engines differ. #}
{% macro half_up(value, decimals, precision=14) -%}
cast(round({{ value }}, {{ decimals }}) as decimal({{ precision }}, {{ decimals }}))
{%- endmacro %}

{# A DECIMAL as the nearest whole number, half up. Spark's own cast cuts it off. #}
{% macro nearest_whole(value) -%}
cast(round({{ value }}, 0) as integer)
{%- endmacro %}


{#
    numerator / denominator rounded half up to `decimals`, in whole numbers; NULL where the denominator is zero, or so
    small beside the numerator that no column could hold the ratio: one absurd row must not stop every council's marts.
#}
{% macro ratio_half_up(numerator, denominator, decimals, precision=14) -%}
{{ return(adapter.dispatch('ratio_half_up')(numerator, denominator, decimals, precision)) }}
{%- endmacro %}

{% macro default__ratio_half_up(numerator, denominator, decimals, precision) -%}
{%- set n = whole_parts('abs(' ~ numerator ~ ')') -%}
{%- set d = whole_parts('abs(' ~ denominator ~ ')') -%}
try_cast(
    case when (({{ numerator }}) < 0) <> (({{ denominator }}) < 0) then -1 else 1 end
    * cast((2 * {{ n }} * {{ '1' ~ '0' * decimals }} + {{ d }}) // nullif(2 * {{ d }}, 0) as decimal(38, 0))
    * cast({{ '0.' ~ '0' * (decimals - 1) ~ '1' if decimals else '1' }} as decimal({{ decimals + 1 }}, {{ decimals }}))
    as decimal({{ precision }}, {{ decimals }})
)
{%- endmacro %}

{#
    Spark has no whole number of more than 64 bits: a decimal without decimals stands in for it. `div` cuts what it gives
    to 64 bits without a word, so what comes near them is not divided: no column holds as much.
#}
{% macro spark__ratio_half_up(numerator, denominator, decimals, precision) -%}
{%- set n = spark_whole_parts(numerator) -%}
{%- set d = spark_whole_parts(denominator) -%}
try_cast(
    case when ({{ numerator }} < 0) <> ({{ denominator }} < 0) then -1 else 1 end
    * cast(
        case
            when abs(cast({{ numerator }} as double)) < 9e{{ 18 - decimals }} * abs(cast({{ denominator }} as double))
                then (2 * abs({{ n }}) * {{ '1' ~ '0' * decimals }} + abs({{ d }})) div nullif(2 * abs({{ d }}), 0)
        end
        as decimal(20, 0)
    )
    * cast({{ '0.' ~ '0' * (decimals - 1) ~ '1' if decimals else '1' }} as decimal({{ decimals + 1 }}, {{ decimals }}))
    as decimal({{ precision }}, {{ decimals }})
)
{%- endmacro %}

{# As `whole_parts`, in Spark's decimals. #}
{% macro spark_whole_parts(value) -%}
{%- set exact = 'cast(' ~ value ~ ' as decimal(38, 18))' -%}
{%- set parts = 'cast(1000000000000000000 as decimal(19, 0))' -%}
cast(
    cast(floor({{ exact }}) as decimal(20, 0)) * {{ parts }}
    + cast(({{ exact }} - floor({{ exact }})) * {{ parts }} as decimal(19, 0))
    as decimal(38, 0)
)
{%- endmacro %}

{# numerator / denominator as the next number of `decimals` that is not below it; where `more_than` holds, above it. #}
{% macro ratio_up(numerator, denominator, decimals=0, more_than='false') -%}
{%- set nearest = ratio_half_up(numerator, denominator, decimals, 18) -%}
{%- set step = '0.' ~ '0' * (decimals - 1) ~ '1' if decimals else '1' -%}
{%- set back = '(' ~ nearest ~ ' * (' ~ denominator ~ '))' -%}
(
    {{ nearest }}
    + case when {{ back }} < {{ numerator }} or ({{ more_than }} and {{ back }} = {{ numerator }}) then {{ step }} else 0 end
)
{%- endmacro %}

{#
    A decimal as a whole number of 10^-18ths. Whole part and fraction apart, so that neither leaves 38 digits, and each
    taken of the value as it is: more than 18 digits are slow, and a CASE works them out as often as it names them.
#}
{% macro whole_parts(value) -%}
(
    cast(trunc({{ value }}) as hugeint) * 1000000000000000000
    + cast(cast({{ value }} - trunc({{ value }}) as decimal(19, 18)) * 1000000000000000000 as hugeint)
)
{%- endmacro %}


{# A share of a whole as a percentage with one decimal. #}
{% macro rate(part, whole) -%}
{{ ratio_half_up('(100 * (' ~ part ~ '))', '(' ~ whole ~ ')', 1, 9) }}
{%- endmacro %}


{# Zero where the value is negative; NULL stays NULL, which greatest() would lose. #}
{% macro floored(value) -%}
(case when {{ value }} < 0 then 0 else {{ value }} end)
{%- endmacro %}


{# An exact decimal in words, without the zeros after its last digit. #}
{% macro plain_number(value) -%}
regexp_replace({{ all_digits(value) }}, '[.]?0+$', '')
{%- endmacro %}

{# A decimal as text with fifteen decimals. #}
{% macro all_digits(value) -%}
{{ return(adapter.dispatch('all_digits')(value)) }}
{%- endmacro %}

{% macro default__all_digits(value) -%}
cast(cast({{ value }} as decimal(38, 15)) as varchar(40))
{%- endmacro %}

{# A cast would write a nought, and what is near it, as 0E-15. #}
{% macro spark__all_digits(value) -%}
replace(format_number(cast({{ value }} as decimal(38, 15)), 15), ',', '')
{%- endmacro %}
