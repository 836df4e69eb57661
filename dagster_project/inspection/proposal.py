"""A mapping to start from, as the text of a YAML file: what could be placed, and by name what could not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import yaml

from dagster_project.deliveries.layout import header_key
from dagster_project.deliveries.mapped_cells import plain
from dagster_project.extracts import Specification
from dagster_project.inspection.kinds import FEW_WORDS, Column
from dagster_project.inspection.looking import Fit, Looked, LookedSheet

CLOSE = 0.8
ORDERS = ("day_first", "month_first")


def proposal(looked: Looked, specifications: Mapping[str, Specification], name: str) -> str:
    """The mapping as YAML: certain placements as fields, likely ones and gaps as comments for a person to decide."""
    stem = re.sub(r"\.[^.]*$", "", looked.file)
    lines = [
        f"# Proposed by `caseload inspect {looked.file}`. Read it through before a council uses it: what stands after #",
        "# is for you to decide.",
        f"source: {name}",
        "kind: table",
        yaml.safe_dump({"title": stem}, width=1000, allow_unicode=True).strip(),
    ]
    lines += _date_order(looked)
    extracts: dict[str, tuple[LookedSheet, Fit]] = {}
    for sheet in looked.sheets:
        if sheet.best:
            extracts.setdefault(sheet.best.extract, (sheet, sheet.best))
        for fit in sheet.fits:
            # One file may hold several extracts of its source, each of them whole.
            if (
                sheet.best
                and fit.source is sheet.best.source
                and fit.is_whole
                and not fit.source.is_canonical
            ):
                extracts.setdefault(fit.extract, (sheet, fit))
    if not extracts:
        return "\n".join(
            [*lines, "# No extract fits: none has half of its required columns here.", "extracts: {}", ""]
        )
    lines.append("extracts:")
    for extract, (sheet, fit) in extracts.items():
        lines += _extract(stem, sheet, fit, specifications[extract], len(looked.sheets) > 1)
    return "\n".join([*lines, ""])


def _date_order(looked: Looked) -> list[str]:
    orders = {column.date_order for sheet in looked.sheets for column in sheet.columns} & {
        *ORDERS,
        "mixed",
        "unsure",
    }
    certain = orders & set(ORDERS)
    if len(certain) == 1 and "mixed" not in orders:
        return [f"date_order: {certain.pop()}"]
    if orders:
        return ["# date_order: day_first or month_first? The dates of the file do not tell."]
    return []


def _extract(
    stem: str, sheet: LookedSheet, fit: Fit, specification: Specification, several: bool
) -> list[str]:
    known = fit.source.extracts[fit.extract]
    by_key = {header_key(header): header for header in sheet.cells}
    kinds = {column.header: column for column in sheet.columns}
    lines = [f"  {fit.extract}:", f"    files: [{_flow(stem)}]"]
    if several and sheet.name:
        lines.append(f"    sheet: {_flow(sheet.name)}")
    if known.once:
        lines.append("    once: true")
    if known.leave_out:
        rules = [rule.model_dump(exclude_defaults=True, mode="json") for rule in known.leave_out]
        lines += ["    leave_out:", *(f"      - {_flow(rule)}" for rule in rules)]
    lines.append("    columns:")
    used = set(fit.found)
    for column in specification.columns:
        given = fit.placed.get(column.name)
        if given is not None:
            dump: dict[str, Any] = given.model_dump(exclude_defaults=True, mode="json")
            if given.headers:
                dump["headers"] = [by_key[header_key(t)] for t in given.headers if header_key(t) in by_key]
            lines.append(f"      {column.name}: {_flow(dump)}")
            words = _words_unknown(sheet, dump, column.codes if column.type == "code" else ())
            if words:
                lines.append(
                    f"      # {column.name}: {words} of the file are in no code list: say what they mean"
                )
            continue
        if column.name in known.columns and known.columns[column.name].constant is not None:
            lines.append(f"      {column.name}: {_flow({'constant': known.columns[column.name].constant})}")
            continue
        guess = _close(column.name, [h for h in sheet.cells if h not in used])
        needed = "required and not placed" if column.required else "not placed"
        if guess:
            used.add(guess)
            lines.append(f"      # {column.name}: {_flow({'headers': [guess]})}  # {needed}; is it this one?")
        elif column.required:
            lines.append(f"      # {column.name}: {needed}: {column.meaning}")
        else:
            lines.append(f"      {column.name}: {{absent: true}}")
    left = [h for h in sheet.cells if h not in used and h not in _rule_headers(fit, by_key)]
    if left:
        lines.append("    # Columns of the file that are in no place, and will not be read:")
        lines += [f"    #   {header} ({_about(kinds[header])})" for header in left]
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
    """A header that is nearly the canonical name, or holds it."""
    keys = {header_key(header): header for header in reversed(headers)}
    close = get_close_matches(header_key(name), list(keys), n=1, cutoff=CLOSE)
    return keys[close[0]] if close else None


def _flow(value: object) -> str:
    """One line of YAML, words quoted where YAML would read them as something else."""
    text = yaml.safe_dump(value, default_flow_style=True, width=100_000, allow_unicode=True, sort_keys=False)
    return text.replace("\n...\n", "").strip()
