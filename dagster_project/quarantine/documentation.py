"""docs/quarantine.md, made from rules.yml so that it cannot say anything else."""

from __future__ import annotations

from dagster_project.quarantine.rules import rules

HEAD = """\
# Rules of quarantine

A row that breaks a rule stays out of every mart and the rest of its delivery loads; a delivery with too many of them is
refused whole. `caseload quarantine` lists what stands; each load writes a workbook for every council and month into
`outbox/quarantine/` that can go back to the sender: row, column, rule and what was expected, never a value. A mended
file clears both.

Made by `python -m dagster_project.quarantine` from `dagster_project/quarantine/rules.yml`.
"""


def documentation() -> str:
    """The page: each rule with an example, why it is there and how to mend what breaks it."""
    sections = [
        f"\n## {name}\n\n{words.says[0].upper()}{words.says[1:]}.\n\n"
        f"- **Example:** {words.example}\n- **Why:** {words.why}\n- **How to mend it:** {words.mend}\n"
        for name, words in rules().items()
    ]
    return HEAD + "".join(sections)
