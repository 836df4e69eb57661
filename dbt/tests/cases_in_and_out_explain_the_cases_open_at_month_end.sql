select
    council,
    unit,
    month,
    open_at_start,
    received,
    closed,
    stepped_down,
    transferred_out,
    open_at_end
from {{ ref('throughput') }}
where open_at_start + received - closed - stepped_down - transferred_out <> open_at_end
