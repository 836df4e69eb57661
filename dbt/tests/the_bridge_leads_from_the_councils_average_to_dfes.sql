with touched as (
    {{ months_touched() }}
),

bridges as (
    select
        council,
        month,
        max(case when step = 'start' then cases end) as first_cases,
        max(case when step = 'start' then fte end) as first_fte,
        max(case when step = 'end' then cases end) as last_cases,
        max(case when step = 'end' then fte end) as last_fte,
        sum(cases_change) as cases_changes,
        sum(fte_change) as fte_changes
    from {{ ref('caseload_bridge') }}
    group by council, month
)

select
    bands.council,
    bands.month,
    bands.open_cases,
    bands.fte_social_workers,
    bands.dfe_cases,
    bands.dfe_fte,
    bridges.first_cases,
    bridges.first_fte,
    bridges.last_cases,
    bridges.last_fte
from {{ ref('caseload_bands') }} as bands
inner join touched
    on
        bands.council = touched.council
        and bands.month = touched.month
        and touched.has_caseload
        and touched.has_workforce
left join bridges
    on
        bands.council = bridges.council
        and bands.month = bridges.month
where
    bands.level = 'council'
    and (
        bands.open_cases is distinct from bridges.first_cases
        or bands.fte_social_workers is distinct from bridges.first_fte
        or bands.dfe_cases is distinct from bridges.last_cases
        or bands.dfe_fte is distinct from bridges.last_fte
        or bands.dfe_cases is distinct from bridges.cases_changes
        or bands.dfe_fte is distinct from bridges.fte_changes
    )
