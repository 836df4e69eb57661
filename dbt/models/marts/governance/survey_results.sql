select
    council,
    survey,
    question,
    taken_on,
    value,
    unit,
    source
from {{ ref('surveys') }}
