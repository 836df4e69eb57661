{# Which council months a model builds: those that what changed reaches, by how far the model looks back. #}

{# The model's own look-back, `meta.reach` in its yml: 0 its month only, 1 twelve months, 2 its whole history. #}
{% macro reach() -%}
{{ return((config.get('meta') or {}).get('reach', 0)) }}
{%- endmacro %}

{% macro months_due() -%}
select * from {{ source('run', 'build_scope') }}
where is_loaded {% if not flags.FULL_REFRESH %}and reach <= {{ reach() }}{% endif %}
{%- endmacro %}

{# Incremental strategy: the months due are taken out, built or not, and what was built for them is put in. #}
{% macro get_incremental_by_scope_sql(arg_dict) -%}
{%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
delete from {{ arg_dict['target_relation'] }}
where exists (
    select 1
    from {{ source('run', 'build_scope') }} as due
    where
        due.council = {{ arg_dict['target_relation'].identifier }}.council
        and due.month = {{ arg_dict['target_relation'].identifier }}.month
        and due.reach <= {{ reach() }}
);

insert into {{ arg_dict['target_relation'] }} ({{ columns }})
select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
