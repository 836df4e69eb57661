"""Data folders as each release leaves them, kept so that any later one can be tried on them."""
