"""The packages as Dagster assets: what is asked, shown and scheduled. No work of a load is done here, only called."""
