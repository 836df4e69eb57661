-- Run before the first prompt. Temporary macros: the marts themselves are opened read only.
create temp macro marts() as table
    select table_name as mart, estimated_size as row_count, comment as holds
    from duckdb_tables() where database_name = current_database() order by 1;
create temp macro columns_of(name) as table
    select column_name, lower(data_type) as data_type, comment as holds
    from duckdb_columns() where database_name = current_database() and table_name = name order by column_index;
create temp macro find(word) as table
    select table_name as mart, column_name, comment as holds
    from duckdb_columns()
    where database_name = current_database()
        and (contains(lower(column_name), lower(word)) or contains(lower(comment), lower(word)))
    order by 1, column_index;
