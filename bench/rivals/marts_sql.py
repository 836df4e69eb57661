"""The marts of the comparison by hand in SQL that DuckDB and Spark both run; only whole-number division differs.

Whole numbers throughout: FTE in thousandths, money in pennies. Rounded half up, once.
"""

from __future__ import annotations

from collections.abc import Mapping


def queries(division: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What to prepare, in order, and the marts; `division` is the engine's operator that drops the remainder."""

    def ratio(numerator: str, denominator: str, decimals: int) -> str:
        scaled = f"(2 * abs({numerator}) * {10**decimals} + ({denominator})) {division} nullif(2 * ({denominator}), 0)"
        step = (
            f"cast({10**-decimals:.{decimals}f} as decimal({decimals + 1}, {decimals}))" if decimals else "1"
        )
        return f"cast(cast(sign({numerator}) * ({scaled}) as decimal(18, 0)) * {step} as decimal(18, {decimals}))"

    def in_pounds(pennies: str) -> str:
        return f"cast(cast({pennies} as decimal(18, 0)) * cast(0.01 as decimal(3, 2)) as decimal(18, 2))"

    def in_fte(thousandths: str) -> str:
        return ratio(thousandths, "1000", 2)

    def rate(part: str, whole: str) -> str:
        return ratio(f"(100 * ({part}))", whole, 1)

    return (
        {
            "in_post": """
select
    w.council, w.month, w.worker_key, u.unit, w.role, r.role_group, r.is_social_worker, r.carries_cases,
    w.employment, w.fte, w.asye, w.qualified_on, c.annual_cost
from workforce as w
inner join units as u on w.council = u.council and lower(w.team) = u.name
inner join roles as r on w.role = r.role
left join costs as c on w.council = c.council and w.role = c.role
where w.ended_on is null or w.ended_on >= last_day(w.month)
""",
            "cases": """
select
    c.council, c.month, u.unit, c.child_key, c.family_key, c.worker_key, c.closure_outcome,
    c.opened_on >= c.month as is_received,
    c.closed_on <= last_day(c.month) as is_ended,
    c.closed_on is null or c.closed_on > last_day(c.month) as is_open,
    w.role_group = 'manager' as is_of_manager,
    w.is_social_worker as is_of_social_worker
from caseload as c
inner join units as u on c.council = u.council and lower(c.team) = u.name
left join in_post as w on c.council = w.council and c.month = w.month and c.worker_key = w.worker_key
""",
            "held": """
select
    council, month, worker_key, count(*) as open_cases, count(distinct child_key) as open_children,
    count(distinct family_key) + sum(case when family_key is null then 1 else 0 end) as families
from cases
where is_open and worker_key is not null
group by council, month, worker_key
""",
            "months": "select distinct council, month from caseload",
            "unit_months": """
select m.council, m.month, u.unit from months as m inner join units as u on m.council = u.council
""",
            "case_counts": """
select
    c.council, c.month, t.unit,
    sum(received) as received, sum(rows - received) as open_at_start, sum(closed) as closed,
    sum(stepped_down) as stepped_down, sum(transferred_out) as transferred_out, sum(open_at_end) as open_at_end,
    sum(unallocated) as unallocated, sum(of_manager) as of_manager, sum(of_social_worker) as of_social_worker
from (
    select
        council, month, unit, count(*) as rows,
        sum(case when is_received then 1 else 0 end) as received,
        sum(case when is_ended and closure_outcome = 'closed' then 1 else 0 end) as closed,
        sum(case when is_ended and closure_outcome = 'stepped_down' then 1 else 0 end) as stepped_down,
        sum(case when is_ended and closure_outcome = 'transferred' then 1 else 0 end) as transferred_out,
        sum(case when is_open then 1 else 0 end) as open_at_end,
        sum(case when is_open and worker_key is null then 1 else 0 end) as unallocated,
        sum(case when is_open and is_of_manager then 1 else 0 end) as of_manager,
        sum(case when is_open and is_of_social_worker then 1 else 0 end) as of_social_worker
    from cases
    group by council, month, unit
) as c
inner join tree as t on c.council = t.council and c.unit = t.descendant
group by c.council, c.month, t.unit
""",
            "children": """
select c.council, c.month, t.unit, count(distinct c.child_key) as open_children
from (select distinct council, month, unit, child_key from cases where is_open) as c
inner join tree as t on c.council = t.council and c.unit = t.descendant
group by c.council, c.month, t.unit
""",
            "workers": """
select
    w.council, w.month, t.unit, w.role_group,
    sum(w.fte) as fte,
    sum(case when w.employment = 'agency' then w.fte else 0 end) as agency_fte,
    sum(case when w.is_social_worker and h.worker_key is not null then w.fte else 0 end) as holders_fte,
    sum(case when w.employment = 'agency' then w.fte * w.annual_cost end) as agency_cost_thousandths,
    sum(case when w.employment = 'agency' and w.annual_cost is null then 1 else 0 end) as without_cost
from in_post as w
inner join tree as t on w.council = t.council and w.unit = t.descendant
left join held as h on w.council = h.council and w.month = h.month and w.worker_key = h.worker_key
group by w.council, w.month, t.unit, w.role_group
""",
            "post_totals": """
select
    p.council, p.month, t.unit, r.role_group, sum(p.fte) as posts_fte, sum(p.vacant_fte) as vacant_fte,
    sum(case when p.newly_created then p.fte else 0 end) as newly_created_fte
from posts as p
inner join units as u on p.council = u.council and lower(p.team) = u.name
inner join roles as r on p.role = r.role
inner join tree as t on u.council = t.council and u.unit = t.descendant
group by p.council, p.month, t.unit, r.role_group
""",
            "spend": """
select
    s.council, s.month, t.unit, sum(s.amount_gbp) as amount,
    sum(case when s.cost_type = 'pay' then s.amount_gbp else 0 end) as pay
from agency_spend as s
inner join units as u on s.council = u.council and lower(s.team) = u.name
inner join tree as t on u.council = t.council and u.unit = t.descendant
group by s.council, s.month, t.unit
""",
            "spend_to_date": """
select
    m.council, m.month, m.unit,
    sum(coalesce(s.amount, 0)) over same_year as to_date,
    count(*) over same_year as months_loaded
from (
    select *, year(month) - case when month(month) < 4 then 1 else 0 end as financial_year from unit_months
) as m
left join spend as s on m.council = s.council and m.month = s.month and m.unit = s.unit
window same_year as (
    partition by m.council, m.unit, m.financial_year order by m.month
    rows between unbounded preceding and current row
)
""",
        },
        {
            "caseload_bands": f"""
select
    m.council, m.month, m.unit,
    coalesce(c.open_at_end, 0) as open_cases,
    coalesce(k.open_children, 0) as open_children,
    coalesce(c.unallocated, 0) as unallocated_cases,
    coalesce(c.of_manager, 0) as manager_held_cases,
    {in_fte("coalesce(w.fte, 0)")} as fte_social_workers,
    {ratio("coalesce(c.open_at_end, 0) * 1000", "w.fte", 4)} as average_caseload,
    {ratio("coalesce(c.open_at_end, 0) * 1000", "w.fte", 0)} as average_caseload_rounded,
    coalesce(c.of_social_worker, 0) as dfe_cases,
    {in_fte("coalesce(w.holders_fte, 0)")} as dfe_fte,
    {ratio("coalesce(c.of_social_worker, 0) * 1000", "w.holders_fte", 1)} as dfe_average_caseload
from unit_months as m
left join case_counts as c on m.council = c.council and m.month = c.month and m.unit = c.unit
left join children as k on m.council = k.council and m.month = k.month and m.unit = k.unit
left join (
    select
        council, month, unit, sum(holders_fte) as holders_fte,
        sum(case when role_group = 'social_worker' then fte else 0 end) as fte
    from workers
    group by council, month, unit
) as w on m.council = w.council and m.month = w.month and m.unit = w.unit
""",
            "throughput": f"""
select
    m.council, m.month, m.unit,
    coalesce(c.open_at_start, 0) as open_at_start,
    coalesce(c.received, 0) as received,
    coalesce(c.closed, 0) as closed,
    coalesce(c.stepped_down, 0) as stepped_down,
    coalesce(c.transferred_out, 0) as transferred_out,
    coalesce(c.open_at_end, 0) as open_at_end,
    coalesce(c.open_at_start, 0)
    - lag(coalesce(c.open_at_end, 0)) over (partition by m.council, m.unit order by m.month) as restated_cases,
    {rate("coalesce(c.closed, 0)", "c.received")} as closed_rate,
    {rate("coalesce(c.stepped_down, 0)", "c.received")} as stepped_down_rate
from unit_months as m
left join case_counts as c on m.council = c.council and m.month = c.month and m.unit = c.unit
""",
            "worker_caseloads": f"""
select
    w.council, w.month, w.unit, w.worker_key, w.role, w.employment,
    {in_fte("w.fte")} as fte,
    coalesce(h.open_cases, 0) as open_cases,
    coalesce(h.open_children, 0) as open_children,
    coalesce(h.families, 0) as families,
    {ratio("coalesce(h.open_cases, 0) * 1000", "w.fte", 4)} as cases_per_fte,
    coalesce(w.asye, false) as is_asye,
    (year(w.month) - year(w.qualified_on)) * 12 + month(w.month) - month(w.qualified_on) as months_since_qualified
from in_post as w
left join held as h on w.council = h.council and w.month = h.month and w.worker_key = h.worker_key
where w.is_social_worker or w.carries_cases or h.worker_key is not null
""",
            "agency_costs": f"""
select
    m.council, m.month, m.unit,
    {in_pounds("coalesce(s.amount, 0)")} as agency_cost_gbp,
    {in_pounds("coalesce(s.pay, 0)")} as pay_gbp,
    {in_fte("coalesce(w.agency_fte, 0)")} as agency_fte,
    {ratio("coalesce(s.amount, 0) * 10", "w.agency_fte", 2)} as cost_per_agency_fte_gbp,
    {ratio("w.annual_cost", "1200000", 2)} as permanent_equivalent_gbp,
    {ratio("(coalesce(s.amount, 0) * 12000 - w.annual_cost)", "1200000", 2)} as premium_gbp,
    {in_pounds("d.to_date")} as year_to_date_gbp,
    {ratio("d.to_date * 12", "d.months_loaded * 100", 2)} as forecast_year_gbp
from unit_months as m
inner join spend_to_date as d on m.council = d.council and m.month = d.month and m.unit = d.unit
left join spend as s on m.council = s.council and m.month = s.month and m.unit = s.unit
left join (
    select
        council, month, unit, sum(agency_fte) as agency_fte,
        case when sum(without_cost) = 0 then coalesce(sum(agency_cost_thousandths), 0) end as annual_cost
    from workers
    group by council, month, unit
) as w on m.council = w.council and m.month = w.month and m.unit = w.unit
""",
            "establishment": f"""
select
    council, month, unit, role_group,
    {in_fte("posts_fte")} as posts_fte,
    {in_fte("in_post_fte")} as in_post_fte,
    {in_fte("newly_created_fte")} as newly_created_fte,
    {in_fte("vacant_fte")} as vacant_fte,
    {in_fte("agency_fte")} as agency_fte,
    {in_fte("(vacant_fte - agency_fte)")} as uncovered_fte,
    {rate("vacant_fte", "vacant_fte + in_post_fte")} as vacancy_rate,
    {rate("agency_fte", "agency_fte + in_post_fte")} as agency_rate
from (
    select
        m.council, m.month, m.unit, g.role_group,
        sum(coalesce(p.posts_fte, 0)) as posts_fte,
        sum(coalesce(w.fte - w.agency_fte, 0)) as in_post_fte,
        sum(coalesce(p.newly_created_fte, 0)) as newly_created_fte,
        sum(coalesce(p.vacant_fte, 0)) as vacant_fte,
        sum(coalesce(w.agency_fte, 0)) as agency_fte
    from unit_months as m
    cross join (
        select distinct role_group as counted, role_group from roles
        union all
        select distinct role_group as counted, 'total' as role_group from roles
    ) as g
    left join post_totals as p
        on m.council = p.council and m.month = p.month and m.unit = p.unit and g.counted = p.role_group
    left join workers as w
        on m.council = w.council and m.month = w.month and m.unit = w.unit and g.counted = w.role_group
    group by m.council, m.month, m.unit, g.role_group
) as t
""",
        },
    )
