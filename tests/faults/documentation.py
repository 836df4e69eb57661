"""The tables of docs/reliability.md on faults."""

from __future__ import annotations

from faults.tried import FAULTS, KILLED


def tables() -> tuple[str, str]:
    """Of the steps at which a load was killed, and of the other faults."""
    kills = [
        "| killed as | deliveries recorded | new marts published | message in the outbox |",
        "|---|---|---|---|",
        *(
            f"| {one.step} | {_yes(one.recorded)} | {_yes(one.published)} | {_yes(one.told)} |"
            for one in KILLED
        ),
    ]
    faults = [
        "| fault | tries | the load says | needed before the next load |",
        "|---|---|---|---|",
        *(
            f"| {one.what} | {one.tries} | {f'`... {one.says} ...`' if one.says else 'nothing'} | {one.then} |"
            for one in FAULTS
        ),
    ]
    return "\n".join(kills) + "\n", "\n".join(faults) + "\n"


def _yes(so: bool) -> str:
    return "yes" if so else "no"
