"""Printed figures and their lineage for a terminal. Looks nothing up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from dagster_project.reports.figures import Lineage
from dagster_project.reports.terminal import print_figures, titled_table

EVIDENCE = {
    "computed": "the paper prints the inputs: a match is evidence",
    "calibrated": "it does not, and the sample is made to it: a match proves the formula only",
    "given": "a survey answer or a policy: stored, not compared",
}


def print_all_figures(
    console: Console, figures: Sequence[Mapping[str, Any]], readings: Sequence[Mapping[str, Any]]
) -> None:
    """Every printed figure, the count of each class of evidence for itself, and the figures read in two ways."""
    print_figures(console, figures)
    table = titled_table("How many match, each class of evidence for itself")
    for heading in ("evidence", "what a match says"):
        table.add_column(heading)
    for heading in ("figures", "match", "differ", "no data"):
        table.add_column(heading, justify="right")
    for evidence, words in EVIDENCE.items():
        found = Counter(
            "no data"
            if row["computed"] is None
            else {True: "match", False: "differ", None: "stored"}[row["matches"]]
            for row in figures
            if row["evidence"] == evidence
        )
        shown = [str(found["match"]), str(found["differ"])] if evidence != "given" else ["", ""]
        table.add_row(evidence, words, str(found.total()), *shown, str(found["no data"]))
    console.print(table)
    if readings:
        _print_readings(console, readings)


def print_lineage(console: Console, lineage: Lineage) -> None:
    """One figure: what is printed and computed, its rule and source, each way to read it, and what it is made from."""
    figure, looked_up = lineage.figure, lineage.looked_up
    console.print(f"[bold]{figure['figure_id']}[/]  {escape(figure['measure'])}", highlight=False)
    verdict = {True: "they match", False: "they differ", None: "stored as given"}[figure["matches"]]
    if figure["computed"] is None:
        verdict = "the extracts it needs were not loaded"
    exact = "unknown" if figure["exact"] is None else figure["exact"]
    facts = {
        "printed": f"{figure['printed']} {figure['unit']}",
        "computed": f"{figure['computed'] or ''} (exact {exact}): {verdict}",
        "evidence": f"{figure['evidence']}: {EVIDENCE[figure['evidence']]}",
        "report": f"{figure['report']}, {figure['place']}",
        "inputs": lineage.inputs,
        "rule": figure["rule"] or "",
        "note": figure["note"] or "",
        "looked up": ", ".join(
            f"{name} {looked_up[name]}"
            for name in ("measure", "council", "unit", "month", "item", "from_on", "to_on")
            if looked_up[name]
        ),
    }
    for name, words in facts.items():
        if words:
            console.print(f"  {name:<10} {escape(words)}", highlight=False)
    if lineage.readings:
        _print_readings(console, lineage.readings)
    answered = "Answered by"
    if lineage.models:
        answered += f" [bold]{escape(lineage.models[0][1])}[/], which is made from"
    tree = Tree(answered, guide_style="dim")
    branch = tree
    depth_reached = -1
    for depth, name in lineage.models:
        if depth != depth_reached:
            branch = tree.add(escape(f"step {depth + 1}"))
            depth_reached = depth
        branch.add(escape(name))
    if lineage.reference_files:
        files = tree.add("reference data")
        for name in lineage.reference_files:
            files.add(escape(f"{name}.csv"))
    console.print(tree)
    if lineage.files:
        table = titled_table("Files in force that it reads, of the months it names")
        for heading in ("month", "extract", "file", "delivery"):
            table.add_column(heading, overflow="fold")
        for delivery in lineage.files:
            table.add_row(
                f"{delivery.month:%Y-%m}", delivery.extract, escape(delivery.told_name), delivery.delivery
            )
        console.print(table)


def _print_readings(console: Console, readings: Sequence[Mapping[str, Any]]) -> None:
    table = titled_table("Figures that a paper contradicts or words in two ways")
    table.add_column("figure", no_wrap=True)
    table.add_column("printed", justify="right", no_wrap=True)
    table.add_column("one reading", ratio=3)
    table.add_column("gives", justify="right", no_wrap=True)
    table.add_column("what follows", ratio=3)
    before = None
    for row in readings:
        is_first = row["figure_id"] != before
        before = row["figure_id"]
        table.add_row(
            row["figure_id"] if is_first else "",
            escape(row["printed"]) if is_first else "",
            escape(row["reading"]),
            escape(row["computed"] or "unknown"),
            escape(row["consequence"]),
        )
    console.print(table)
