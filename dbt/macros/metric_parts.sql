{# Figures of a relation as rows, one for each part: what metrics.csv makes a metric of. `subject` says in SQL what a
   row is about where that is not the unit alone: level, grain, worker_key, role_group, experience. #}
{% macro metric_parts(relation, mart, parts, subject={}) -%}
{%- for part, value in parts.items() %}
select
    measured.council,
    measured.month,
    measured.unit,
    {{ subject.get('worker_key', 'cast(null as bigint)') }} as worker_key,
    {{ subject.get('level', 'cast(null as varchar(20))') }} as level_of_its_own,
    {{ subject.get('role_group', 'cast(null as varchar(40))') }} as role_group,
    {{ subject.get('experience', 'cast(null as varchar(20))') }} as experience,
    {{ subject.get('grain', 'measured.grain') }} as grain,
    '{{ mart }}' as mart,
    '{{ part }}' as part,
    cast({{ value or 'measured.' ~ part }} as decimal(38, 15)) as value
from {{ relation }} as measured
inner join due
    on
        measured.council = due.council
        and measured.month = due.month
{%- if not loop.last %}

union all
{% endif %}
{%- endfor %}
{%- endmacro %}
