-- DfE counts at the end of September: what stands beside its figures of every year is kept here.
with due as (
    select
        council,
        month
    from ({{ months_due() }}) as due
    where extract(month from month) = 9
),

workers as (
    select
        held.council,
        held.month,
        sum(case when held.employment = 'agency' then held.fte else 0 end) as agency_fte,
        sum(case when held.employment = 'agency' then 0 else held.fte end) as in_post_fte
    from {{ ref('stg_workforce') }} as held
    inner join due
        on
            held.council = due.council
            and held.month = due.month
    where held.is_in_post and held.is_social_worker
    group by held.council, held.month
),

vacancies as (
    select
        posts.council,
        posts.month,
        sum(posts.vacant_fte) as vacant_fte
    from {{ ref('stg_posts') }} as posts
    inner join due
        on
            posts.council = due.council
            and posts.month = due.month
    inner join {{ ref('roles') }} as roles
        on
            posts.role = roles.role
            and roles.is_social_worker
    group by posts.council, posts.month
)

select
    due.council,
    due.month,
    cast(workers.agency_fte as decimal(38, 15)) as agency_fte,
    cast(workers.in_post_fte as decimal(38, 15)) as in_post_fte,
    cast(vacancies.vacant_fte as decimal(38, 15)) as vacant_fte
from due
left join workers
    on
        due.council = workers.council
        and due.month = workers.month
left join vacancies
    on
        due.council = vacancies.council
        and due.month = vacancies.month
