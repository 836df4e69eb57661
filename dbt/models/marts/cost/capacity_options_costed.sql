with lines as (
    select * from {{ ref('int_option_lines') }}
),

-- Heads are counted over all lines and rounded up once; a line without a price leaves the option without one.
options as (
    select
        council,
        option,
        min(starts_on) as starts_on,
        case when count(ends_on) = count(*) then max(ends_on) end as ends_on,
        sum(posts_fte) as posts_fte,
        coalesce(max(set_up_heads), ceil(sum(posts_fte))) as set_up_heads,
        coalesce(max(set_up_per_head_gbp), 0) as set_up_per_head_gbp,
        sum(adds_social_worker_fte) as adds_social_worker_fte,
        case when count(annual_cost_gbp) = count(*) then sum(annual_cost_gbp) end as annual_cost_gbp,
        min({{ financial_year_start('starts_on') }}) as first_year
    from lines
    group by council, option
),

years_ahead as (
    {{ whole_numbers(0, (most_years_costed() | int) - 1, 'ahead') | indent(4) }}
),

years as (
    select
        options.council,
        options.option,
        options.first_year + years_ahead.ahead as year
    from options
    cross join years_ahead
    where
        (options.ends_on is null and years_ahead.ahead < {{ years_costed() }})
        or options.first_year + years_ahead.ahead <= {{ financial_year_start('options.ends_on') }}
),

of_the_year as (
    select
        years.council,
        years.option,
        years.year,
        lines.annual_cost_gbp,
        {{ months_spanned(
            'greatest(lines.starts_on, ' ~ 'make_date(cast(years.year as integer), 4, 1))',
            'least(coalesce(lines.ends_on, ' ~ 'make_date(cast(years.year as integer) + 1, 3, 31)), '
            ~ 'make_date(cast(years.year as integer) + 1, 3, 31))'
        ) }} as months
    from years
    inner join lines
        on
            years.council = lines.council
            and years.option = lines.option
),

costed as (
    select
        council,
        option,
        year,
        max(months) as months,
        case when count(annual_cost_gbp) = count(*) then sum(annual_cost_gbp * months) end as cost_times_twelve
    from of_the_year
    group by council, option, year
)

select
    options.council,
    options.option,
    cast({{ financial_year_of_start('costed.year') }} as varchar(7)) as financial_year,
    options.starts_on,
    options.ends_on,
    cast(costed.months as integer) as months,
    {{ half_up('options.posts_fte', 2, 9) }} as posts_fte,
    {{ half_up('options.adds_social_worker_fte', 2, 9) }} as adds_social_worker_fte,
    cast(options.set_up_heads as integer) as set_up_heads,
    {{ half_up('options.annual_cost_gbp', 2) }} as annual_cost_gbp,
    {{ ratio_half_up('costed.cost_times_twelve', '12', 2) }} as recurring_gbp,
    {{ half_up(
        'case when costed.year = options.first_year then options.set_up_heads * options.set_up_per_head_gbp else 0 end', 2
    ) }} as one_off_gbp,
    {{ ratio_half_up(
        'costed.cost_times_twelve + 12 * case when costed.year = options.first_year '
        ~ 'then options.set_up_heads * options.set_up_per_head_gbp else 0 end', '12', 2
    ) }} as total_gbp,
    {{ ratio_half_up('options.annual_cost_gbp', 'options.adds_social_worker_fte', 2) }} as cost_per_fte_gbp
from costed
inner join options
    on
        costed.council = options.council
        and costed.option = options.option
