"""The tables of docs/reliability.md on alerts."""

from __future__ import annotations

from walk.steps import ANSWERED, KILLED, SERVED


def page() -> str:
    lines = [
        "| killed once | recorded | file in the outbox | mails in all | posts in all |",
        "|---|---|---|---|---|",
        *(
            f"| {one.step} | {_yes(one.recorded)} | {_yes(one.file)} | {_copies(one.mails)} | {_copies(one.posts)} |"
            for one in KILLED
        ),
        "",
        "| the mail server | what the ledger keeps | the message |",
        "|---|---|---|",
        *(f"| {one.what} | `{one.reply}` | {one.then} |" for one in SERVED),
        "",
        "| the web address | what the ledger keeps | the message |",
        "|---|---|---|",
        *(f"| {one.what} | `{one.reply}` | {one.then} |" for one in ANSWERED),
    ]
    return "\n".join(lines) + "\n"


def _yes(so: bool) -> str:
    return "yes" if so else "no"


def _copies(count: int | None) -> str:
    if count is None:
        return "not a step of a post"
    return "1" if count == 1 else f"{count}, one Message-ID"
