-- Run before the first prompt. Temporary macros: the marts themselves are opened read only. Long texts stand on several
-- lines, so that a window shows them whole.
create temp macro lines_of(words) as
    list_transform(regexp_extract_all(coalesce(words, ''), '.{1,88}(\s|$)'), lambda line: trim(line));
create temp macro marts() as table
    select table_name as mart, estimated_size as row_count, regexp_extract(comment, '^[^.:]+') as holds
    from duckdb_tables() where database_name = current_database() order by 1;
create temp macro about(name) as table
    select unnest(lines_of(comment)) as holds
    from duckdb_tables() where database_name = current_database() and table_name = name;
create temp macro columns_of(name) as table
    select
        case when line = 1 then column_name else '' end as column_name,
        case when line = 1 then lower(data_type) else '' end as data_type,
        lines_of(comment)[line] as holds
    from (
        select *, unnest(range(1, greatest(len(lines_of(comment)), 1) + 1)) as line
        from duckdb_columns() where database_name = current_database() and table_name = name
    ) order by column_index, line;
create temp macro find(word) as table
    select
        case when line = 1 then table_name else '' end as mart,
        case when line = 1 then column_name else '' end as column_name,
        lines_of(comment)[line] as holds
    from (
        select *, unnest(range(1, greatest(len(lines_of(comment)), 1) + 1)) as line
        from duckdb_columns()
        where database_name = current_database()
            and contains(
                replace(lower(column_name || ' ' || coalesce(comment, '')), '_', ' '), replace(lower(word), '_', ' ')
            )
    ) order by table_name, column_index, line;
