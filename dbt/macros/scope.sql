{# Which council months a model builds: those that what changed reaches, by how far the model looks back. #}

{# The model's own look-back, `meta.reach` in its yml: 0 its month only, 1 twelve months, 2 its whole history. #}
{% macro reach() -%}
{{ return((config.get('meta') or {}).get('reach', 0)) }}
{%- endmacro %}

{# In a full build every month is due. The SQL is the same in each build: it is kept and run again without dbt. #}
{% macro months_due() -%}
select * from {{ source('run', 'build_scope') }}
where is_loaded and reach <= {{ reach() }}
{%- endmacro %}

{# Whether a row of the model's table is of a month that this build makes anew, or takes out. #}
{% macro is_due_in(table) -%}
exists (
    select 1
    from {{ source('run', 'build_scope') }} as due
    where
        due.council = {{ table }}.council
        and due.month = {{ table }}.month
        and due.reach <= {{ reach() }}
)
{%- endmacro %}

{# Incremental strategy: the months due are taken out, built or not, and what was built for them is put in. Builds that
   run what dbt compiled do the same without it (warehouse/compiled_project.py). #}
{% macro get_incremental_by_scope_sql(arg_dict) -%}
{%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
delete from {{ arg_dict['target_relation'] }}
where {{ is_due_in(arg_dict['target_relation'].identifier) }};

insert into {{ arg_dict['target_relation'] }} ({{ columns }})
select {{ columns }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
