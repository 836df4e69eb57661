-- The Standard Safeguarding Dataset as at one month end: cases by team, and the assessments completed in the month.
-- Reads the tables of the export as text, a `..._day` beside each date, and the rules of ssd.yml as tables; month_start
-- and month_end are variables.
-- Nothing that happened after the month's last day is known here, so one export gives every month its own state.

create or replace temp table teams as
select dept_team_id as team_id, min(dept_team_name) as team_name
from department
where dept_team_id is not null
group by all;

create or replace temp table episodes as
select
    e.row_number,
    e.cine_referral_id as referral_id,
    e.cine_person_id as person_id,
    e.cine_referral_date as opened_text,
    e.cine_referral_date_day as opened_on,
    e.cine_close_date as closed_text,
    e.cine_close_date_day as closed_day,
    case when e.cine_close_date_day <= getvariable('month_end') then e.cine_close_date_day end as closed_on,
    e.cine_close_reason as reason,
    coalesce(t.team_name, e.cine_referral_team) as referral_team,
    -- A person's identifier must not stand in a case_id, which is kept as it is; most referrals have one person.
    dense_rank() over (partition by e.cine_referral_id order by e.cine_person_id) as person_number
from cin_episodes as e
left join teams as t on t.team_id = e.cine_referral_team;

create or replace temp table workers as
select prof_professional_id as professional_id, min(worker_identifier) as worker_id,
    count(distinct worker_identifier) as identifiers
from professionals_read
where prof_professional_id is not null
group by all;

create or replace temp table involved as
select
    i.row_number,
    i.invo_involvements_id as involvement_id,
    i.invo_professional_id as professional_id,
    coalesce(w.worker_id, i.invo_professional_id) as worker_id,
    w.professional_id is null as is_stranger,
    coalesce(t.team_name, i.invo_professional_team) as team,
    i.invo_person_id as person_id,
    i.invo_referral_id as referral_id,
    i.invo_involvement_start_date as start_text,
    i.invo_involvement_start_date_day as started_on,
    i.invo_involvement_end_date as end_text,
    i.invo_involvement_end_date_day as end_day
from involvements as i
inner join allocated_roles as r on r.role = name_key(i.invo_professional_role_id)
left join workers as w on w.professional_id = i.invo_professional_id
left join teams as t on t.team_id = i.invo_professional_team;

-- An involvement belongs to its referral; one that names none, to the episode of its person that ran when it began.
create or replace temp table allocations as
select e.row_number as episode, i.*
from involved as i
inner join episodes as e on i.referral_id = e.referral_id
where i.person_id is null or e.person_id is null or i.person_id = e.person_id
union all
select e.row_number as episode, i.*
from involved as i
inner join episodes as e on i.referral_id is null and i.person_id = e.person_id
where i.started_on is null or (i.started_on >= e.opened_on and (e.closed_day is null or i.started_on <= e.closed_day));

create or replace temp table running as
select
    episode, involvement_id, worker_id, team, started_on,
    case when end_day <= getvariable('month_end') then end_day end as ended_on
from allocations
where started_on <= getvariable('month_end')
    and (end_text is null or end_day > started_on);

-- A segment is a stretch of an episode in which nothing changes: the latest to start of those involved holds it.
create or replace temp table segments as
with bounds as (
    select row_number as episode, opened_on, coalesce(closed_on, getvariable('month_end') + 1) as until, referral_team
    from episodes
    where opened_on <= getvariable('month_end')
),
changes as (
    select episode, opened_on as from_day from bounds
    union
    select r.episode, r.started_on from running as r inner join bounds as b using (episode)
    where r.started_on > b.opened_on and r.started_on < b.until
    union
    select r.episode, r.ended_on from running as r inner join bounds as b using (episode)
    where r.ended_on > b.opened_on and r.ended_on < b.until
),
held as (
    select c.episode, c.from_day, r.involvement_id, r.worker_id, r.team
    from changes as c
    left join running as r
        on r.episode = c.episode and r.started_on <= c.from_day and (r.ended_on is null or r.ended_on > c.from_day)
    qualify row_number() over (
        partition by c.episode, c.from_day order by r.started_on desc, r.involvement_id desc
    ) = 1
)
select
    h.episode, h.from_day, h.worker_id, b.until,
    coalesce(
        last_value(h.team ignore nulls) over up_to_now,
        b.referral_team,
        first_value(h.team ignore nulls) over from_now
    ) as team
from held as h
inner join bounds as b using (episode)
window
    up_to_now as (partition by h.episode order by h.from_day rows between unbounded preceding and current row),
    from_now as (partition by h.episode order by h.from_day rows between current row and unbounded following);

-- A spell is the time of an episode in one team; its number never changes, for only later spells can follow it.
create or replace temp table spells as
with marked as (
    select *, name_key(team) is distinct from lag(name_key(team)) over (partition by episode order by from_day)
        or lag(from_day) over (partition by episode order by from_day) is null as is_first
    from segments
),
numbered as (
    select *, sum(is_first::int) over (partition by episode order by from_day) as spell
    from marked
),
ends as (
    select episode, spell, min(from_day) as started_on, arg_min(team, from_day) as team,
        last(worker_id order by from_day) as worker_id
    from numbered
    group by all
)
select
    s.episode, s.spell, s.started_on, s.team, s.worker_id,
    lead(s.started_on) over (partition by s.episode order by s.spell) as moved_on,
    lead(s.team) over (partition by s.episode order by s.spell) as next_team,
    (select min(n.from_day) from numbered as n
    where n.episode = s.episode and n.spell = s.spell and n.worker_id = s.worker_id) as allocated_on
from ends as s;

create or replace temp table cases as
select
    e.row_number, s.spell, e.person_id, e.referral_id,
    e.referral_id
        || case when e.person_number > 1 then '/' || e.person_number else '' end
        || case when s.spell > 1 then '#' || s.spell else '' end as case_id,
    s.team, s.worker_id, s.started_on, s.allocated_on,
    coalesce(s.moved_on, e.closed_on) as ended_on,
    coalesce(s.moved_on, e.closed_on, getvariable('month_end')) as at_day,
    s.moved_on is not null as is_moved,
    s.next_team, e.reason, e.opened_on, e.opened_text, e.closed_text, e.closed_day
from episodes as e
inner join spells as s on s.episode = e.row_number
union all by name
-- Without a readable first day there is no knowing which months it belongs to: it is told in each.
select row_number, 1 as spell, person_id, referral_id, referral_id as case_id, referral_team as team, opened_text,
    closed_text, closed_day, closed_on as ended_on, getvariable('month_end') as at_day, false as is_moved, reason
from episodes
where opened_on is null;

create or replace temp table plans as
select
    cppl_cp_plan_id as plan_id,
    cppl_person_id as person_id, cppl_referral_id as referral_id,
    cppl_cp_plan_start_date as start_text, cppl_cp_plan_start_date_day as started_on,
    cppl_cp_plan_end_date as end_text, cppl_cp_plan_end_date_day as end_day
from cp_plans;

create or replace temp table episode_plans as
select e.row_number as episode, p.*
from plans as p
inner join episodes as e on p.referral_id = e.referral_id
where p.person_id is null or e.person_id is null or p.person_id = e.person_id
union all
select e.row_number as episode, p.*
from plans as p
inner join episodes as e on p.person_id = e.person_id
where p.referral_id is null or p.referral_id not in (select referral_id from episodes where referral_id is not null);

create or replace temp table assessed as
select
    row_number,
    cina_assessment_id as assessment_id,
    cina_person_id as person_id, cina_referral_id as referral_id,
    cina_assessment_start_date as start_text, cina_assessment_start_date_day as started_on,
    cina_assessment_auth_date as completed_text, cina_assessment_auth_date_day as completed_on,
    coalesce(t.team_name, cina_assessment_team) as team
from cin_assessments as a
left join teams as t on t.team_id = a.cina_assessment_team;

create or replace temp table episode_assessments as
select e.row_number as episode, a.*
from assessed as a
inner join episodes as e on a.referral_id = e.referral_id
where a.person_id is null or e.person_id is null or a.person_id = e.person_id
union all
select e.row_number as episode, a.*
from assessed as a
inner join episodes as e on a.referral_id is null and a.person_id = e.person_id
where a.started_on >= e.opened_on and (e.closed_day is null or a.started_on <= e.closed_day);

create or replace temp table case_plans as
select
    c.row_number, c.spell,
    max(p.started_on) as plan_started_on,
    arg_max(case when p.end_day <= c.at_day then p.end_day end, (p.started_on, p.plan_id)) as plan_ended_on,
    bool_or(p.end_day is null or p.end_day > c.at_day or (c.ended_on is not null and p.end_day = c.at_day)) as is_running
from cases as c
inner join episode_plans as p on p.episode = c.row_number
where p.started_on <= c.at_day
    and (p.end_day is null or p.end_day >= greatest(c.started_on, p.started_on))
group by all;

create or replace temp table case_assessments as
select distinct c.row_number, c.spell
from cases as c
inner join episode_assessments as a on a.episode = c.row_number
where a.started_on <= c.at_day
    and (
        a.completed_text is null or a.completed_on > c.at_day
        or (c.ended_on is not null and a.completed_on = c.at_day)
    );

create or replace temp table caseload as
select
    c.row_number, c.spell,
    c.case_id, c.person_id as child_id, null::varchar as family_id,
    case when p.is_running then 'child_protection' when a.row_number is not null then 'assessment' else 'child_in_need' end
        as case_type,
    c.team, c.worker_id,
    coalesce(c.started_on::varchar, c.opened_text) as opened_on,
    c.allocated_on::varchar as allocated_on,
    -- A day of closing that cannot be read is handed on as it stands, for the checks to reject.
    coalesce(c.ended_on::varchar, case when c.closed_day is null and not c.is_moved then c.closed_text end) as closed_on,
    case
        when c.is_moved then 'transferred'
        when c.ended_on is not null then coalesce(r.outcome, c.reason)
    end as closure_outcome,
    case when c.is_moved then c.next_team end as transferred_to,
    p.plan_started_on::varchar as plan_started_on, p.plan_ended_on::varchar as plan_ended_on
from cases as c
left join case_plans as p on p.row_number = c.row_number and p.spell = c.spell
left join case_assessments as a on a.row_number = c.row_number and a.spell = c.spell
left join close_reasons as r on r.reason = upper(regexp_extract(c.reason, '^[A-Za-z]+[0-9]+'))
where c.ended_on is null or c.ended_on >= getvariable('month_start') or c.ended_on < c.opened_on
order by c.row_number, c.spell;

create or replace temp table assessments as
select
    a.row_number, 1 as spell, a.assessment_id, c.case_id,
    a.team, coalesce(a.started_on::varchar, a.start_text) as started_on,
    coalesce(a.completed_on::varchar, a.completed_text) as completed_on
from assessed as a
left join episode_assessments as e on e.row_number = a.row_number
left join cases as c on c.row_number = e.episode and (c.started_on <= a.completed_on or c.spell = 1)
where a.completed_text is not null
    and (
        a.completed_on is null
        or a.completed_on between getvariable('month_start') and getvariable('month_end')
    )
qualify row_number() over (partition by a.row_number order by c.row_number desc nulls last, c.spell desc) = 1
order by a.row_number;

-- What makes a leading row untrustworthy though its own cells can be read: its sender is told the other table's column.
create or replace temp table caseload_faults as
select row_number, 'cine_close_date' as header, 'ends_before_it_starts' as rule, closed_text as cell
from episodes
where closed_day < opened_on
union all
select episode, 'invo_involvement_start_date', 'date', start_text from allocations where started_on is null
union all
select episode, 'invo_involvement_end_date', 'date', end_text from allocations
where end_text is not null and end_day is null
union all
select episode, 'cppl_cp_plan_start_date', 'date', start_text from episode_plans where started_on is null
union all
select episode, 'cppl_cp_plan_end_date', 'date', end_text from episode_plans
where end_text is not null and end_day is null;

create or replace temp table assessments_faults as
select row_number, 'cina_assessment_auth_date' as header, 'ends_before_it_starts' as rule, completed_text as cell
from assessed
where completed_on < started_on;

create or replace temp table caseload_notices as
select 'involvements_without_episode' as notice, count(*) as rows from involved as i
where not exists (select 1 from allocations as a where a.row_number = i.row_number)
union all
select 'involvements_that_end_before_they_start', count(*) from involved where end_day < started_on
union all
select 'involvements_of_no_day', count(*) from involved where end_day = started_on
union all
select 'involvements_without_professional', count(*) from involved where professional_id is null
union all
select 'involvements_of_unknown_professionals', count(*) from involved
where is_stranger and professional_id is not null
union all
select 'overlapping_involvements', count(distinct (a.episode, a.involvement_id)) from running as a
inner join running as b on a.episode = b.episode and a.involvement_id <> b.involvement_id
where (b.started_on, b.involvement_id) > (a.started_on, a.involvement_id)
    and (a.ended_on is null or a.ended_on > b.started_on)
union all
select 'professionals_with_two_identifiers', count(*) from workers where identifiers > 1
union all
select 'plans_without_episode', count(*) from plans as p
where not exists (select 1 from episode_plans as e where e.plan_id = p.plan_id)
union all
select 'plans_that_end_before_they_start', count(*) from plans where end_day < started_on
union all
select 'assessments_without_episode', count(*) from assessed as a
where not exists (select 1 from episode_assessments as e where e.row_number = a.row_number)
union all
select 'assessments_with_unreadable_days', count(*) from assessed
where started_on is null or (completed_text is not null and completed_on is null)
union all
select 'involvements_in_other_roles', (select count(*) from involvements) - (select count(*) from involved);

create or replace temp table assessments_notices as
select 'assessments_not_yet_completed' as notice, count(*) as rows from assessed where completed_text is null;
