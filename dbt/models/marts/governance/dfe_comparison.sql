{%- set measures = {
    'caseload': 'caseload', 'agency_rate': 'agency_rate_fte', 'vacancy_rate': 'vacancy_rate',
    'turnover_rate': 'turnover_rate_fte', 'absence_rate': 'absence_rate'
} -%}
with councils as (
    select
        councils.council,
        units.unit,
        councils.ons_code,
        coalesce(councils.former_ons_codes, '') as former_ons_codes,
        councils.region_code
    from {{ ref('councils') }} as councils
    inner join {{ ref('org_units') }} as units
        on
            councils.council = units.council
            and units.level = 'council'
),

septembers as (
    select
        council,
        month,
        has_workforce,
        has_posts
    from {{ source('run', 'build_scope') }}
    where is_loaded and extract(month from month) = 9
),

-- Authorities published together share a row: one of the codes in it is the council's own.
found as (
    select
        councils.council,
        benchmarks.ons_code,
        benchmarks.year,
        {{ code_is_listed('benchmarks.ons_code', 'councils.ons_code') }} as is_own
    from councils
    inner join {{ ref('dfe_benchmarks') }} as benchmarks
        on
            benchmarks.geographic_level = 'Local authority'
            and (
                {{ code_is_listed('benchmarks.ons_code', 'councils.ons_code') }}
                or {{ code_is_listed('councils.former_ons_codes', 'benchmarks.ons_code') }}
            )
),

-- An authority that changed its code is found under a former one while its own is not published. A council made of
-- several has no row before it was one: the rates of its parts cannot be added up.
chosen as (
    select
        council,
        year,
        case
            when max(case when is_own then 1 else 0 end) = 1 then min(case when is_own then ons_code end)
            when count(*) = 1 then min(ons_code)
        end as ons_code
    from found
    group by council, year
),

published as (
    select
        chosen.council,
        benchmarks.*
    from chosen
    inner join {{ ref('dfe_benchmarks') }} as benchmarks
        on
            chosen.ons_code = benchmarks.ons_code
            and chosen.year = benchmarks.year
            and benchmarks.geographic_level = 'Local authority'
),

recomputed as (
    select
        ons_code,
        year,
        {%- for name, measure in measures.items() %}
        max(case when measure = '{{ measure }}' then recomputed end) as {{ name }},
        {%- endfor %}
        count(*) as rates
    from {{ ref('dfe_rates') }}
    group by ons_code, year
),

years as (
    select
        council,
        year
    from chosen

    union

    select
        council,
        cast(extract(year from month) as integer) as year
    from septembers
),

own as (
    select
        septembers.council,
        cast(extract(year from septembers.month) as integer) as year,
        bands.dfe_average_caseload as caseload,
        {{ agency_rate('totals.agency_fte', 'totals.in_post_fte') }} as agency_rate,
        case
            when septembers.has_posts
                then {{ vacancy_rate('coalesce(totals.vacant_fte, 0)', 'totals.in_post_fte') }}
        end as vacancy_rate,
        stability.turnover_rate,
        stability.absence_rate
    from septembers
    inner join councils on septembers.council = councils.council
    left join {{ ref('caseload_bands') }} as bands
        on
            septembers.council = bands.council
            and septembers.month = bands.month
            and councils.unit = bands.unit
    left join {{ ref('workforce_stability') }} as stability
        on
            septembers.council = stability.council
            and septembers.month = stability.month
            and councils.unit = stability.unit
    left join {{ ref('int_september_totals') }} as totals
        on
            septembers.council = totals.council
            and septembers.month = totals.month
)

select
    councils.council,
    councils.unit,
    'council' as level,
    cast(years.year as integer) as year,
    cast({{ september_of('years.year') }} as date) as month,
    cast(make_date(years.year, 9, 30) as date) as as_at,
    {%- for name in measures %}
    own.{{ name }} as own_{{ name }},
    cast(published.{{ name }} as decimal(9, 1)) as published_{{ name }},
    recomputed.{{ name }} as recomputed_{{ name }},
    cast(england.{{ name }} as decimal(9, 1)) as england_{{ name }},
    cast(region.{{ name }} as decimal(9, 1)) as region_{{ name }},
    {%- endfor %}
    published.missing as published_missing
from years
inner join councils on years.council = councils.council
left join own
    on
        years.council = own.council
        and years.year = own.year
left join published
    on
        years.council = published.council
        and years.year = published.year
left join recomputed
    on
        published.ons_code = recomputed.ons_code
        and published.year = recomputed.year
left join {{ ref('dfe_benchmarks') }} as england
    on
        england.geographic_level = 'National'
        and years.year = england.year
left join {{ ref('dfe_benchmarks') }} as region
    on
        region.geographic_level = 'Regional'
        and councils.region_code = region.ons_code
        and years.year = region.year
