with months_touched as (
    {{ months_touched() }}
),

wanted as (
    select
        months_touched.council,
        months_touched.month,
        units.unit
    from months_touched
    inner join {{ ref('org_units') }} as units
        on
            months_touched.council = units.council
            and (units.valid_from is null or units.valid_from <= months_touched.as_at)
            and (units.valid_to is null or months_touched.as_at < units.valid_to)
)

{%- for mart in ['caseload_bands', 'throughput', 'timeliness', 'agency_costs', 'establishment'] %}

select
    '{{ mart }}' as mart,
    wanted.council,
    wanted.month,
    wanted.unit
from wanted
left join {{ ref(mart) }} as rows_told
    on
        wanted.council = rows_told.council
        and wanted.month = rows_told.month
        and wanted.unit = rows_told.unit
        {%- if mart == 'establishment' %}
        and rows_told.role_group = 'total'
        {%- endif %}
where rows_told.unit is null
{%- if not loop.last %}

union all
{%- endif %}
{%- endfor %}
