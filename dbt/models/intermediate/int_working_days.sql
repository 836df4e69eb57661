-- The years of which the bank holidays are known, whole.
with known as (
    select
        make_date(extract(year from min(date)), 1, 1) as first_day,
        make_date(extract(year from max(date)), 12, 31) as last_day
    from {{ ref('bank_holidays') }}
),

days as (
    select {{ every_day('first_day', 'last_day') }} as day
    from known
),

-- 1 January 1900 was a Monday.
numbered as (
    select
        day,
        mod({{ days_between("cast('1900-01-01' as date)", 'day') }}, 7) as days_since_monday
    from days
)

select
    numbered.day,
    sum(case when numbered.days_since_monday < 5 and holidays.date is null then 1 else 0 end) over (
        order by numbered.day
        rows between unbounded preceding and current row
    ) as working_days_so_far
from numbered
left join {{ ref('bank_holidays') }} as holidays
    on numbered.day = holidays.date
