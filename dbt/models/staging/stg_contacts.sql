with landed as (
    {{ landed_in_force('contacts') }}
)

select
    delivery,
    council,
    month,
    as_at,
    contact_id,
    received_on,
    source,
    outcome,
    referral_id,
    is_re_referral
from landed
