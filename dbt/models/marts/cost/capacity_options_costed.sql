with lines as (
    select
        lines.*,
        1 as divisor
    from {{ ref('int_option_lines') }} as lines
),

costed as (
    {{ options_by_year('lines', ['council', 'option']) }}
)

select
    costed.council,
    costed.option,
    {{ costs_of_the_year('costed') }},
    {{ half_up('costed.adds_social_worker_fte', 2, 9) }} as adds_social_worker_fte,
    {{ ratio_half_up('costed.annual_cost_gbp', 'costed.adds_social_worker_fte', 2) }} as cost_per_fte_gbp
from costed
