{%- set measures = {
    'caseload': 'caseload', 'agency_rate': 'agency_rate_fte', 'vacancy_rate': 'vacancy_rate',
    'turnover_rate': 'turnover_rate_fte', 'absence_rate': 'absence_rate'
} -%}
with councils as (
    select
        councils.council,
        units.unit,
        concat(councils.ons_code, ' ', coalesce(councils.former_ons_codes, '')) as ons_codes,
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

-- An authority that changed its code is found under any that it has or had.
published as (
    select
        councils.council,
        benchmarks.*
    from councils
    inner join {{ ref('dfe_benchmarks') }} as benchmarks
        on
            benchmarks.geographic_level = 'Local authority'
            and {{ code_is_listed('councils.ons_codes', 'benchmarks.ons_code') }}
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
    from published

    union

    select
        council,
        cast(extract(year from month) as integer) as year
    from septembers
),

workers as (
    select
        held.council,
        held.month,
        sum(case when held.employment = 'agency' then held.fte else 0 end) as agency_fte,
        sum(case when held.employment = 'agency' then 0 else held.fte end) as in_post_fte
    from {{ ref('stg_workforce') }} as held
    inner join septembers
        on
            held.council = septembers.council
            and held.month = septembers.month
    where held.is_in_post and held.is_social_worker
    group by held.council, held.month
),

vacancies as (
    select
        posts.council,
        posts.month,
        sum(posts.vacant_fte) as vacant_fte
    from {{ ref('stg_posts') }} as posts
    inner join septembers
        on
            posts.council = septembers.council
            and posts.month = septembers.month
    inner join {{ ref('roles') }} as roles
        on
            posts.role = roles.role
            and roles.is_social_worker
    group by posts.council, posts.month
),

own as (
    select
        septembers.council,
        cast(extract(year from septembers.month) as integer) as year,
        bands.dfe_average_caseload as caseload,
        {{ agency_rate('workers.agency_fte', 'workers.in_post_fte') }} as agency_rate,
        case
            when septembers.has_posts
                then {{ vacancy_rate('coalesce(vacancies.vacant_fte, 0)', 'workers.in_post_fte') }}
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
    left join workers
        on
            septembers.council = workers.council
            and septembers.month = workers.month
    left join vacancies
        on
            septembers.council = vacancies.council
            and septembers.month = vacancies.month
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
