{# How a value is held against the bands of a policy: exactly, from numerator and denominator. #}

{# The value as its policy rounds it; NULL where that has more than the 14 whole digits of its column. #}
{% macro as_policy_rounds(rounding, numerator, denominator) -%}
case {{ rounding }}
    when 'integer'
        then cast({{ ratio_half_up(numerator, denominator, 0, 14) }} as decimal(18, 4))
    when 'one_decimal'
        then cast({{ ratio_half_up(numerator, denominator, 1, 15) }} as decimal(18, 4))
    else {{ ratio_half_up(numerator, denominator, 4, 18) }}
end
{%- endmacro %}

{# Whether a row of threshold_policy is of the policy chosen, on its day. `chosen` has a row of int_policies_chosen. #}
{% macro is_row_of_policy(bands, chosen) -%}
{{ chosen }}.policy_id = {{ bands }}.policy_id
and {{ chosen }}.metric = {{ bands }}.metric
{%- for scope in ['role_group', 'council', 'unit', 'level', 'service_area', 'experience'] %}
and coalesce({{ bands }}.{{ scope }}, '') = coalesce({{ chosen }}.policy_{{ scope }}, '')
{%- endfor %}
and ({{ bands }}.valid_from is null or {{ bands }}.valid_from <= {{ chosen }}.as_at)
and ({{ bands }}.valid_to is null or {{ chosen }}.as_at < {{ bands }}.valid_to)
{%- endmacro %}

{# Whether a row of threshold_policy is the band of the policy chosen, on its day, that holds the value. `chosen` has a
   row of int_policies_chosen with `rounded_value`. #}
{% macro is_band_of(bands, chosen, numerator, denominator) -%}
{{ is_row_of_policy(bands, chosen) }}
-- What is not rounded is compared whole, never by its stored digits.
and case
    when {{ chosen }}.rounding = 'none'
        then
            ({{ bands }}.lower is null or {{ numerator }} >= {{ bands }}.lower * {{ denominator }})
            and ({{ bands }}.upper is null or {{ numerator }} < {{ bands }}.upper * {{ denominator }})
    else
        ({{ bands }}.lower is null or {{ chosen }}.rounded_value >= {{ bands }}.lower)
        and ({{ bands }}.upper is null or {{ chosen }}.rounded_value < {{ bands }}.upper)
end
{%- endmacro %}

{# How far below a bound a value may lie and still round up to it. #}
{% macro half_a_step(rounding) -%}
case {{ rounding }}
    when 'integer' then cast(0.5 as decimal(18, 4))
    when 'one_decimal' then cast(0.05 as decimal(18, 4))
    else cast(0 as decimal(18, 4))
end
{%- endmacro %}
