with recursive units as (
    select
        council,
        unit,
        parent_unit
    from {{ ref('org_units') }}

    union all

    -- Work under a name nobody knows still belongs to the council.
    select
        council,
        'unmapped' as unit,
        unit as parent_unit
    from {{ ref('org_units') }}
    where level = 'council'
),

tree as (
    select
        council,
        unit,
        unit as descendant
    from units

    union all

    select
        tree.council,
        tree.unit,
        units.unit as descendant
    from tree
    inner join units
        on
            tree.council = units.council
            and tree.descendant = units.parent_unit
)

select
    council,
    unit,
    descendant
from tree
