-- A mart of which nothing is measured in the months built cannot tell.
with parts as (
    select distinct
        mart,
        part
    from {{ ref('int_metric_parts') }}
),

named as (
    select
        metric,
        mart,
        numerator as part
    from {{ ref('metrics') }}

    union all

    select
        metric,
        mart,
        denominator as part
    from {{ ref('metrics') }}
    where denominator is not null
)

select
    named.metric,
    named.mart,
    named.part
from named
left join parts
    on
        named.mart = parts.mart
        and named.part = parts.part
where
    parts.part is null
    and named.mart in (select parts_of_it.mart from parts as parts_of_it)
