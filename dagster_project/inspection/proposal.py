"""A mapping to start from, as the text of a YAML file: what could be placed, and by name what could not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import yaml

from dagster_project.deliveries.layout import header_key
from dagster_project.deliveries.mapped_cells import plain
from dagster_project.extracts import Column as SpecifiedColumn
from dagster_project.extracts import Specification
from dagster_project.inspection.kinds import FEW_WORDS, Column
from dagster_project.inspection.looking import Fit, Looked, LookedSheet

CLOSE = 0.8
ORDERS = ("day_first", "month_first")


def proposal(looked: Looked, specifications: Mapping[str, Specification], name: str) -> str:
    """The mapping as YAML: certain placements as fields, likely ones and gaps as comments for a person to decide."""
    stem = re.sub(r"\.[^.]*$", "", looked.file)
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
    if not extracts:
        fits_none = "# No extract fits: none has half of its required columns here."
        return "\n".join([*lines, fits_none, "extracts: {}", *_left_over(looked, extracts), ""])
    lines.append("extracts:")
    for extract, (sheet, fit) in extracts.items():
        lines += _extract(stem, sheet, fit, specifications[extract], len(looked.sheets) > 1)
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


def _extract(
    stem: str, sheet: LookedSheet, fit: Fit, specification: Specification, several: bool
) -> list[str]:
    known = fit.source.extracts[fit.extract]
    by_key = {header_key(header): header for header in sheet.cells}
    lines = [f"  {fit.extract}:", f"    files: [{_flow(stem)}]"]
    if several and sheet.name:
        lines.append(f"    sheet: {_flow(sheet.name)}")
    if known.once:
        lines.append("    once: true")
    rules = [rule.model_dump(exclude_defaults=True, mode="json") for rule in known.leave_out]
    for rule in rules:
        rule["headers"] = [by_key[header_key(t)] for t in rule["headers"] if header_key(t) in by_key]
    rules = [rule for rule in rules if rule["headers"]]
    if rules:
        lines += ["    leave_out:", *(f"      - {_flow(rule)}" for rule in rules)]
    lines.append("    columns:")
    free = [header for header in sheet.cells if header not in fit.found]
    for column in specification.columns:
        lines += [f"      {line}" for line in _column(column, fit, sheet, by_key, free)]
    return lines


def _column(
    column: SpecifiedColumn, fit: Fit, sheet: LookedSheet, by_key: Mapping[str, str], free: list[str]
) -> list[str]:
    given = fit.placed.get(column.name)
    if given is not None:
        dump: dict[str, Any] = given.model_dump(exclude_defaults=True, mode="json")
        if given.headers:
            dump["headers"] = [by_key[header_key(t)] for t in given.headers if header_key(t) in by_key]
        lines = [f"{column.name}: {_flow(dump)}"]
        unknown = _words_unknown(sheet, dump, column.codes)
        if unknown:
            lines.append(f"# {column.name}: {unknown} of the file are in no code list: say what they mean")
        return lines
    constant = fit.source.extracts[fit.extract].columns.get(column.name)
    if constant is not None and constant.constant is not None:
        return [f"{column.name}: {_flow({'constant': constant.constant})}"]
    needed = f"required and not placed ({column.meaning})" if column.required else "not placed"
    guess = _close(column.name, free)
    if guess:
        free.remove(guess)
        return [f"# {column.name}: {_flow({'headers': [guess]})}  # {needed}: is it this one?"]
    return [f"# {column.name}: {needed}" if column.required else f"{column.name}: {{absent: true}}"]


def _left_over(looked: Looked, extracts: Mapping[str, tuple[LookedSheet, Fit]]) -> list[str]:
    """Columns that no extract reads, as comments."""
    lines = []
    for sheet in looked.sheets:
        fits = [fit for of, fit in extracts.values() if of is sheet]
        by_key = {header_key(header): header for header in sheet.cells}
        used = {header for fit in fits for header in (*fit.found, *_rule_headers(fit, by_key))}
        left = [column for column in sheet.columns if column.header not in used]
        if left:
            where = f" of sheet {_flow(sheet.name)}" if sheet.name else ""
            lines.append(f"# Columns{where} that have no place and will not be read:")
            lines += [f"#   {column.header} ({_about(column)})" for column in left]
    return lines


def _rule_headers(fit: Fit, by_key: Mapping[str, str]) -> set[str]:
    rules = fit.source.extracts[fit.extract].leave_out
    return {by_key[header_key(t)] for rule in rules for t in rule.headers if header_key(t) in by_key}


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


def _close(name: str, headers: list[str]) -> str | None:
    """A header that begins with the canonical name, or is nearly it."""
    keys = {header_key(header): header for header in reversed(headers)}
    begins = [header for key, header in keys.items() if key.startswith(header_key(name))]
    if begins:
        return begins[-1]
    close = get_close_matches(header_key(name), list(keys), n=1, cutoff=CLOSE)
    return keys[close[0]] if close else None


def _flow(value: object) -> str:
    """One line of YAML, words quoted where YAML would read them as something else."""
    text = yaml.safe_dump(value, default_flow_style=True, width=100_000, allow_unicode=True, sort_keys=False)
    return text.replace("\n...\n", "").strip()
