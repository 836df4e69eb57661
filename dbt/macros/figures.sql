{# A printed figure's exact value, and that value as its paper prints it: rounded once, in the paper's own way. #}
{% macro figures_as_printed(sources, key) -%}
{%- set nearest = ratio_half_up('components.numerator', 'components.denominator * sources.unit_of', 0, 18) -%}
select
    sources.{{ key }},
    {{ ratio_half_up('components.numerator', 'components.denominator * sources.unit_of', 4, 18) }} as exact,
    -- Where a paper says "over", the whole number below the exact one is meant.
    case
        when sources.printed_decimals = 0 and sources.rounding = 'down'
            then cast(
                {{ nearest }}
                - case when {{ nearest }} * components.denominator * sources.unit_of > components.numerator then 1 else 0 end
                as decimal(18, 2)
            )
        when sources.printed_decimals = 0
            then cast(sources.printed_divisor * {{ ratio_half_up(
                'components.numerator', 'components.denominator * sources.unit_of * sources.printed_divisor', 0, 18
            ) }} as decimal(18, 2))
        when sources.printed_decimals = 1
            then cast({{ ratio_half_up(
                'components.numerator', 'components.denominator * sources.unit_of', 1, 18
            ) }} as decimal(18, 2))
        else {{ ratio_half_up('components.numerator', 'components.denominator * sources.unit_of', 2, 18) }}
    end as rounded,
    sources.printed_decimals
from {{ sources }} as sources
inner join {{ ref('int_report_figure_components') }} as components
    on sources.{{ key }} = components.figure_id
{%- endmacro %}

{# The rounded value in the digits that the paper prints. #}
{% macro in_printed_digits(rounded, decimals) -%}
case {{ decimals }}
    when 0 then cast(cast({{ rounded }} as bigint) as varchar(40))
    when 1 then cast(cast({{ rounded }} as decimal(18, 1)) as varchar(40))
    when 2 then cast({{ rounded }} as varchar(40))
end
{%- endmacro %}
