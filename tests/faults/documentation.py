"""The tables of docs/reliability.md on faults."""

from __future__ import annotations

from faults.tried import BY_CHANCE, FAULTS, KILLED


def tables() -> tuple[str, str, str]:
    """Of the steps at which a load was killed, of the other faults, and of those at points drawn by chance."""
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
    by_chance = [
        "| at a change drawn by chance | the run ends |",
        "|---|---|",
        *(f"| {one.what} | {one.ends} |" for one in BY_CHANCE),
    ]
    return "\n".join(kills) + "\n", "\n".join(faults) + "\n", "\n".join(by_chance) + "\n"


def _yes(so: bool) -> str:
    return "yes" if so else "no"
