"""What dbt's `config` is to our macros, for sqlfluff, which renders models without their properties."""


def get(name, default=None):
    """Nothing is configured."""
    return default
