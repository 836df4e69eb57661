{#- Counts by unit, those below it included; unknown where the extract that tells was not delivered. -#}
{%- set told_by = {
    'agency_lines_over_price_cap': 'has_agency_spend',
    'agency_workers_under_experience': 'has_workforce',
    'agency_workers_returned_early': 'has_workforce',
    'managed_team_lines_without_worker': 'has_agency_spend',
    'managed_team_lines_without_contract': 'has_agency_spend',
    'managed_team_lines_not_split': 'has_agency_spend',
} -%}
with due as (
    {{ months_due() }}
),

named as (
    select
        *,
        {{ as_text('worker_key') }} as worker
    from {{ ref('int_agency_rule_findings') }}
),

found as (
    select
        findings.council,
        findings.month,
        tree.unit,
        {%- for finding in told_by %}
        count(
            distinct case when findings.finding = '{{ finding }}' then coalesce(findings.line_id, findings.worker) end
        ) as {{ finding }},
        {%- endfor %}
        count(*) as findings
    from named as findings
    inner join {{ ref('int_unit_tree') }} as tree
        on
            findings.council = tree.council
            and findings.unit = tree.descendant
    group by findings.council, findings.month, tree.unit
)

select
    units.council,
    units.month,
    units.unit,
    {%- for finding, flag in told_by.items() %}
    case when due.{{ flag }} then coalesce(found.{{ finding }}, 0) end as {{ finding }},
    {%- endfor %}
    'rows' as grain
from {{ ref('int_unit_months') }} as units
inner join due
    on
        units.council = due.council
        and units.month = due.month
left join found
    on
        units.council = found.council
        and units.month = found.month
        and units.unit = found.unit
