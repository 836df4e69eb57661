{{ extracts_of_marts() }}
