"""What dbt's `adapter` is to our macros, for sqlfluff, which renders models without dbt."""

from collections.abc import Callable


def dispatch(macro: str) -> Callable[..., str]:
    """A call of a function with the macro's name: SQL of the same shape, whichever engine it is for."""
    return lambda *arguments: f"{macro}({', '.join(str(argument) for argument in arguments)})"


def quote(name):
    """The name in the quotes of the dialect that is linted."""
    return f'"{name}"'
