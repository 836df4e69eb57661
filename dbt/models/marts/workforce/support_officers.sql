with due as (
    {{ months_due() }}
)

select
    units.council,
    units.unit,
    units.level,
    units.month,
    units.as_at,
    caseload.grain,
    {{ half_up('officers.officer_fte', 2, 9) }} as officer_fte,
    {{ half_up('officers.senior_officer_fte', 2, 9) }} as senior_officer_fte,
    {{ half_up('officers.social_worker_fte', 2, 9) }} as social_worker_fte,
    {{ ratio_half_up('officers.social_worker_fte', 'officers.officer_fte', 1, 9) }} as workers_per_officer,
    {{ ratio_half_up(
        'officers.social_worker_fte', '(officers.officer_fte + officers.senior_officer_fte)', 1, 9
    ) }} as workers_per_officer_with_seniors,
    {{ half_up('terms.target_ratio', 2, 9) }} as target_ratio,
    {{ ratio_half_up('officers.social_worker_fte', 'terms.target_ratio', 2, 9) }} as target_officer_fte,
    {{ ratio_half_up(
        '(officers.social_worker_fte - terms.target_ratio * officers.officer_fte)', 'terms.target_ratio', 2, 9
    ) }} as gap_fte,
    {{ half_up('officers.annual_cost_gbp', 2) }} as annual_cost_gbp,
    {{ half_up('officers.supported_fte', 2, 9) }} as supported_social_worker_fte,
    {{ half_up(
        'cast(officers.supported_fte as decimal(28, 15)) * cast(terms.hours_released_per_worker as decimal(9, 4))', 2, 9
    ) }} as hours_released_per_week
from {{ ref('int_unit_months') }} as units
inner join due
    on
        units.council = due.council
        and units.month = due.month
inner join {{ ref('int_support_officers') }} as officers
    on
        units.council = officers.council
        and units.month = officers.month
        and units.unit = officers.unit
inner join {{ ref('int_caseload_totals') }} as caseload
    on
        units.council = caseload.council
        and units.month = caseload.month
        and units.unit = caseload.unit
left join {{ ref('int_officer_terms') }} as terms
    on
        units.council = terms.council
        and units.month = terms.month
