"""A mapping to start from, as the text of a YAML file: what could be placed, and by name what could not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from dagster_project.deliveries.file_names import printable
from dagster_project.deliveries.layout import header_key
from dagster_project.deliveries.mapped_cells import plain
from dagster_project.extracts import Column as SpecifiedColumn
from dagster_project.extracts import Specification
from dagster_project.inspection.headers import by_key
from dagster_project.inspection.kinds import FEW_WORDS, Column
from dagster_project.inspection.looking import Fit, Looked, LookedSheet

CHANGES_EACH_MONTH = (
    r"(?<![a-z])(january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)(?![a-z])|\d{4}[-_. ]?\d{1,2}([-_. ]?\d{1,2})?|\d{2,}"
)
ORDERS = ("day_first", "month_first")


def proposal(looked: Looked, specifications: Mapping[str, Specification], name: str) -> str:
    """The mapping as YAML: certain placements as fields, likely ones and gaps as comments for a person to decide.

    Some sheet has to hold an extract.
    """
    stem = re.sub(r"\.[^.]*$", "", looked.file)
    files = any_month(stem)
    extracts: dict[str, tuple[LookedSheet, Fit]] = {}
    for sheet in looked.sheets:
        for fit in sheet.held:
            extracts.setdefault(fit.extract, (sheet, fit))
    lines = [
        f"# Proposed by `caseload inspect {looked.file}`. Read it through before a council uses it: what stands",
        "# after # is for you to decide.",
        f"source: {name}",
        "kind: table",
        yaml.safe_dump({"title": stem}, width=1000, allow_unicode=True).strip(),
    ]
    lines += _words_of_the_file(looked, [fit for _, fit in extracts.values()])
    lines.append("extracts:")
    for extract, (sheet, fit) in extracts.items():
        lines += _extract(files, sheet, fit, specifications[extract], len(looked.sheets) > 1)
    return "\n".join([*lines, *_left_over(looked, extracts), ""])


def _words_of_the_file(looked: Looked, fits: list[Fit]) -> list[str]:
    """What holds for every column: the order of dates where they tell, the decimal sign, words for true and false."""
    columns = [column for sheet in looked.sheets for column in sheet.columns]
    orders = {column.date_order for column in columns} & {*ORDERS, "mixed", "unsure"}
    told = orders & {*ORDERS}
    lines = []
    if len(told) == 1 and "mixed" not in orders:
        lines += [f"date_order: {order}" for order in told]
    elif orders:
        lines.append(
            "# date_order: day_first or month_first? The dates of the file do not tell, or not alike."
        )
    if any(column.kind == "number with decimal comma" for column in columns):
        lines.append("decimal: comma")
    source = next((fit.source for fit in fits if fit.source.true_words), None)
    if source:
        lines += [
            f"true_words: {_flow(list(source.true_words))}",
            f"false_words: {_flow(list(source.false_words))}",
        ]
    return lines


def any_month(stem: str) -> str:
    """A file's name with `*` for what changes from month to month: the name of a month, years and numbers of days."""
    pattern = re.sub(CHANGES_EACH_MONTH, "*", stem, flags=re.IGNORECASE)
    pattern = re.sub(r"\*([\s_.-]*\*)+", "*", pattern)
    return pattern if re.search(r"[^\W\d_]{2}", pattern) else stem


def _extract(
    files: str, sheet: LookedSheet, fit: Fit, specification: Specification, several: bool
) -> list[str]:
    known = fit.source.extracts[fit.extract]
    key = by_key(sheet.cells)
    lines = [f"  {fit.extract}:", f"    files: [{_flow(files)}]"]
    if several and sheet.name:
        lines.append(f"    sheet: {_flow(sheet.name)}")
    if known.once:
        lines.append("    once: true")
    rules = [rule.model_dump(exclude_defaults=True, mode="json") for rule in known.leave_out]
    for rule in rules:
        rule["headers"] = [key[header_key(t)] for t in rule["headers"] if header_key(t) in key]
    rules = [rule for rule in rules if rule["headers"]]
    if rules:
        lines += ["    leave_out:", *(f"      - {_flow(rule)}" for rule in rules)]
    columns = [line for column in specification.columns for line in _column(column, fit, sheet, key)]
    nothing_yet = all(line.startswith("#") for line in columns)
    lines.append("    columns: {}  # take {} away with the first # below" if nothing_yet else "    columns:")
    return [*lines, *(f"      {line}" for line in columns)]


def _column(column: SpecifiedColumn, fit: Fit, sheet: LookedSheet, key: Mapping[str, str]) -> list[str]:
    given = fit.placed.get(column.name)
    if given is not None:
        dump: dict[str, Any] = given.model_dump(exclude_defaults=True, mode="json")
        if given.headers:
            dump["headers"] = [key[header_key(t)] for t in given.headers if header_key(t) in key]
        return [f"{column.name}: {_flow(dump)}", *_codes_to_give(column, sheet, dump)]
    constant = fit.source.extracts[fit.extract].columns.get(column.name)
    if constant is not None and constant.constant is not None:
        return [f"{column.name}: {_flow({'constant': constant.constant})}"]
    needed = f"required and not placed ({column.meaning})" if column.required else "not placed"
    guess = fit.likely.get(column.name)
    if guess:
        line = f"# {column.name}: {_flow({'headers': [guess]})}  # {needed}: is it this one?"
        return [line, *_codes_to_give(column, sheet, {"headers": [guess]})]
    if column.required:
        return [f"# {column.name}: {needed}"]
    when = column.required_when
    is_missed = when is not None and (when.column in fit.placed or when.column in fit.likely)
    return [
        f"{column.name}: {{absent: true}}"
        + (f"  # without it every row that has {when.column} is turned away" if when and is_missed else "")
    ]


def _left_over(looked: Looked, extracts: Mapping[str, tuple[LookedSheet, Fit]]) -> list[str]:
    """Columns that no extract reads, as comments."""
    lines = []
    for sheet in looked.sheets:
        fits = [fit for of, fit in extracts.values() if of is sheet]
        key = by_key(sheet.cells)
        used = {
            header for fit in fits for header in (*fit.found, *fit.likely.values(), *_rule_headers(fit, key))
        }
        left = [column for column in sheet.columns if column.header not in used]
        if left:
            where = f" of sheet {_flow(sheet.name)}" if sheet.name else ""
            lines.append(f"# Columns{where} that have no place and will not be read:")
            lines += [f"#   {printable(column.header)} ({_about(column)})" for column in left]
    return lines


def _rule_headers(fit: Fit, key: Mapping[str, str]) -> set[str]:
    rules = fit.source.extracts[fit.extract].leave_out
    return {key[header_key(t)] for rule in rules for t in rule.headers if header_key(t) in key}


def _codes_to_give(column: SpecifiedColumn, sheet: LookedSheet, dump: Mapping[str, Any]) -> list[str]:
    """A comment on a coded column whose words are not all known, with the codes there are."""
    unknown = _words_unknown(sheet, dump, column.codes)
    if not unknown:
        return []
    ours = ", ".join(column.codes)
    codes = f"codes: {{'word of the file': {column.codes[0]}, ...}}"
    return [f"# {column.name}: {unknown} of the file in no code list: give it {codes}; ours are {ours}"]


def _words_unknown(sheet: LookedSheet, dump: Mapping[str, Any], codes: tuple[str, ...]) -> str:
    """How many words of a coded column nobody knows; the words themselves might say something of a person."""
    if not codes or not dump.get("headers"):
        return ""
    known = {*codes, *(word.strip().lower() for word in dump.get("codes", {}))}
    words = {plain(cell).lower() for cell in sheet.cells[dump["headers"][0]]} - {""} - known
    return f"{len(words)} {'word' if len(words) == 1 else 'words'}" if words else ""


def _about(column: Column) -> str:
    few = f", {column.distinct} different" if column.distinct <= FEW_WORDS else ""
    return f"{column.kind}, {column.filled} filled{few}"


def _flow(value: object) -> str:
    """One line of YAML, words quoted where YAML would read them as something else."""
    text = yaml.safe_dump(value, default_flow_style=True, width=100_000, allow_unicode=True, sort_keys=False)
    return text.replace("\n...\n", "").strip()
