{# What dbt-spark asks a project for, or does not know: by_scope, and contracts in its words for types. #}

{# dbt-spark knows its own strategies only; any other would stop the model here. #}
{% macro dbt_spark_validate_get_incremental_strategy(raw_strategy, file_format) -%}
{%- if raw_strategy != 'by_scope' -%}
    {%- do exceptions.raise_compiler_error('marts are built by_scope, not by ' ~ raw_strategy) -%}
{%- endif -%}
{{ return(raw_strategy) }}
{%- endmacro %}

{# Plain Parquet has no `delete`: the rows that are kept and those built are written beside the table, which they replace. #}
{% macro dbt_spark_get_incremental_sql(strategy, source, target, existing, unique_key, incremental_predicates) -%}
{%- set columns = adapter.get_columns_in_relation(target) | map(attribute='quoted') | join(', ') -%}
{%- set aside = target.incorporate(path={'identifier': target.identifier ~ '__aside'}, type='table') -%}
{%- do adapter.drop_relation(aside) -%}
{%- call statement('written_aside') -%}
create table {{ aside }} using parquet as
select {{ columns }} from {{ target }}
where {{ 'not ' ~ is_due_in(target.identifier) }}
union all
select {{ columns }} from {{ source }}
{%- endcall -%}
{%- do adapter.drop_relation(existing) -%}
alter table {{ aside }} rename to {{ target }}
{%- endmacro %}

{# A contract says `varchar` of a text; that is `string` here, and every other type has the same name. #}
{% macro spark__get_empty_schema_sql(columns) -%}
select
{%- for name, column in columns.items() %}
    cast(null as {{ 'string' if column['data_type'] == 'varchar' else column['data_type'] }}) as {{ adapter.quote(name) }}
    {{- ',' if not loop.last }}
{%- endfor %}
{%- endmacro %}
