"""The chart of a declared table and the words that say the same to those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence

from dagster_project.reports import charts
from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import month_words
from dagster_project.reports.paper.contents import Picture
from dagster_project.reports.paper.sections import Chart
from dagster_project.reports.paper.tables import TableMaker
from dagster_project.reports.policies import Policy

MOST_IN_WORDS = 8


def picture_of(
    maker: TableMaker, rows: Sequence[Row], number: int, as_at: str, policies: Sequence[Policy]
) -> Picture | None:
    """The picture of a table's rows, without suppressed values; None where fewer than two values are there."""
    chart = maker.shown.chart
    if chart is None:
        return None
    if chart.kind == "lines":
        return _lines(maker, chart, rows, number)
    return _bars(maker, chart, rows, number, as_at, policies)


def _bars(
    maker: TableMaker, chart: Chart, rows: Sequence[Row], number: int, as_at: str, policies: Sequence[Policy]
) -> Picture | None:
    value, label, contract, wording = chart.values[0], str(chart.label), maker.contract, maker.wording
    drawn, said = [], []
    for row in rows:
        if row.get(value) is None:
            continue
        name = wording.text(contract, label, row[label])
        figure = _figure(maker, value, row)
        word = row.get(chart.words) if chart.words else None
        words = wording.text(contract, str(chart.words), word) if word else ""
        shown = _short(maker, value, row)
        drawn.append(
            charts.Bar(
                name,
                row[value],
                f"{shown}  {words}".strip(),
                is_estimate=row.get("is_complete") is False and chart.kind == "columns",
            )
        )
        said.append((row[value], f"{name} {figure}{f' ({words})' if words else ''}"))
    if len(drawn) < 2:
        return None
    used = {row.get("band_label") for row in rows}
    fitting = [policy for policy in policies if used & set(policy.labels)] if chart.policy else []
    policy = fitting[0] if len(fitting) == 1 else None
    target = (policy.target, "target") if policy and policy.target is not None else None
    unit = contract.measure(value).heading
    drawing = charts.bars(
        drawn,
        unit + (f"; dashed line: target {target[0].normalize():f}" if target else ""),
        policy.bands if policy else (),
        target,
    )
    sentence = f"Bar chart: {chart.title}, {as_at}. {_in_words(said)}"
    if policy:
        sentence += f" Bands: {policy.words}."
    return Picture(number, chart.title, sentence, drawing)


def _lines(maker: TableMaker, chart: Chart, rows: Sequence[Row], number: int) -> Picture | None:
    points, said = [], []
    for value in chart.values:
        label = chart.label or ""
        names = list(dict.fromkeys(row[label] for row in rows)) if label else [None]
        for name in names:
            found = sorted(
                (row for row in rows if row.get(value) is not None and (name is None or row[label] == name)),
                key=lambda row: row["month"],
            )
            if not found:
                continue
            series = str(name) if name is not None else maker.contract.measure(value).heading
            points += [charts.Point(row["month"], series, row[value]) for row in found]
            first, last = found[0], found[-1]
            said.append(
                f"{series}: {_figure(maker, value, first)} in {month_words(first['month'])}, "
                f"{_figure(maker, value, last)} in {month_words(last['month'])}"
            )
    if len({point.month for point in points}) < 2:
        return None
    axis = (
        maker.contract.measure(chart.values[0]).heading if len(chart.values) == 1 else "Number in the month"
    )
    return Picture(
        number, chart.title, f"Line chart: {chart.title}. {'; '.join(said)}.", charts.lines(points, axis)
    )


def _figure(maker: TableMaker, column: str, row: Row) -> str:
    return maker.wording.text(maker.contract, column, row[column]).join(
        ("£", "") if column.endswith("_gbp") else ("", "")
    )


def _short(maker: TableMaker, column: str, row: Row) -> str:
    """The figure at the end of a bar: the mart's own rounded one where it has one."""
    rounded = f"{column}_rounded"
    return _figure(maker, rounded if row.get(rounded) is not None else column, row)


def _in_words(said: Sequence[tuple[object, str]]) -> str:
    """Every figure, or of many the highest and lowest."""
    if len(said) <= MOST_IN_WORDS:
        return "; ".join(words for _, words in said) + "."
    ordered = [words for _, words in sorted(said, key=lambda pair: pair[0], reverse=True)]  # type: ignore[arg-type, return-value]
    return f"Highest: {'; '.join(ordered[:3])}. Lowest: {'; '.join(ordered[-3:])}."
