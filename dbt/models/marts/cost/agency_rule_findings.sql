select
    findings.council,
    findings.unit,
    units.level,
    findings.month,
    units.as_at,
    findings.finding,
    findings.worker_key,
    findings.line_id
from {{ ref('int_agency_rule_findings') }} as findings
inner join {{ ref('int_unit_months') }} as units
    on
        findings.council = units.council
        and findings.month = units.month
        and findings.unit = units.unit
