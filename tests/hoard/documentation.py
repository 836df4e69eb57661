"""The table of docs/reliability.md: every file of the hoard and what becomes of it."""

from __future__ import annotations

from hoard.files import FILES, File


def page() -> str:
    refused = sum(bool(file.refused) for file in FILES)
    rejected = sum(sum(file.reasons.values()) for file in FILES)
    lines = [
        f"{len(FILES)} files tried: {refused} refused, {len(FILES) - refused} read, {rejected} rows set aside.",
        "",
        "| file | what becomes of it |",
        "|---|---|",
        *(f"| {file.what} | {_outcome(file)} |" for file in FILES),
    ]
    return "\n".join(lines) + "\n"


def _outcome(file: File) -> str:
    reasons = ", ".join(f"{rows} of `{column}`: `{rule}`" for (column, rule), rows in file.reasons.items())
    if file.refused:
        return f"refused: {file.refused}" + (f" ({reasons})" if reasons else "")
    rows = "1 row" if file.accepted == 1 else f"{file.accepted} rows"
    return f"{rows} read" + (f"; {reasons}" if reasons else "")
