-- Whoever comes back through an agency may have left in any month before.
with due as (
    {{ months_due() }}
)

select distinct
    held.council,
    held.month,
    held.worker_key,
    held.ended_on
from {{ ref('stg_workforce') }} as held
inner join due
    on
        held.council = due.council
        and held.month = due.month
where held.employment = 'permanent' and held.ended_on is not null and held.leaving_reason <> 'internal_move'
