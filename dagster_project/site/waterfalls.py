"""How one published figure leads to another, as bars and a table: cases, posts and gap, own and DfE's average.

Each bar begins where the one before it ended; every end is a figure of a mart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import month_words
from dagster_project.site.contents import Cell, Chart, Heading, Section, Table
from dagster_project.site.drawing import Step, waterfall
from dagster_project.site.reading import CouncilData, Unit
from dagster_project.site.tables import MINUS, NO_VALUE, cell, heading, shown, table

BANDS, FLOWS, BRIDGE = "caseload_bands", "throughput", "caseload_bridge"
# What a month's cases went through: how a bar is called, its column, and whether it adds or takes away.
OF_A_MONTH = (
    ("Opened", "received", "+"),
    ("Closed", "closed", MINUS),
    ("Stepped down", "stepped_down", MINUS),
    ("Transferred out", "transferred_out", MINUS),
)
MADE_OF = ("open_cases", "fte_social_workers", "average_caseload", "unallocated_cases", "manager_held_cases")


def change_section(data: CouncilData, unit: Unit) -> Section | None:
    """Why a unit's caseload is what it is: what its average is made of, then and now, and the cases of its month."""
    then = _then_and_now(data, unit)
    row = next((row for row in reversed(data.of_unit(FLOWS, unit.unit)) if _is_whole(row)), None)
    if row is None:
        return Section("change", "Why it changed", tables=[then]) if then else None
    steps = month_steps(data, row)
    month = month_words(row["month"])
    return Section(
        "change",
        "Why it changed",
        charts=[_chart(f"Open cases from the start to the end of {month}", steps)],
        tables=[
            *([then] if then else []),
            _steps_table(f"Open cases of {unit.name} from the start to the end of {month}", "Cases", steps),
        ],
        notes=_notes(data, row),
    )


def _is_whole(row: Row) -> bool:
    names = ("open_at_start", "open_at_end", *(column for _, column, _ in OF_A_MONTH))
    return all(row.get(name) is not None for name in names)


def month_steps(data: CouncilData, row: Row) -> list[Step]:
    """From the cases open at the start of a month to those open at its end, by throughput's own sum."""

    def words(column: str, sign: str = "") -> str:
        return f"{sign}{shown(row, column, data.measure(FLOWS, column))[0]}"

    zero = row["open_at_start"] - row["open_at_start"]
    steps = [Step("Open at the start", words("open_at_start"), zero, row["open_at_start"], is_total=True)]
    for label, column, sign in OF_A_MONTH:
        was = steps[-1].end
        now = was + row[column] if sign == "+" else was - row[column]
        steps.append(Step(label, words(column, sign), was, now, is_total=False))
    return [*steps, Step("Open at the end", words("open_at_end"), zero, row["open_at_end"], is_total=True)]


def _notes(data: CouncilData, row: Row) -> list[str]:
    notes = []
    if row.get("transferred_in"):
        count = shown(row, "transferred_in", data.measure(FLOWS, "transferred_in"))[0]
        notes.append(f"Of the cases opened {count} came from other units.")
    if row.get("restated_cases"):
        count = shown(row, "restated_cases", data.measure(FLOWS, "restated_cases"))[0]
        notes.append(
            f"The start differs by {count} from the end of the month before, of which this file tells anew."
        )
    return notes


def _then_and_now(data: CouncilData, unit: Unit) -> Table | None:
    """The parts of the average in the month before it was crossed, else in the month before, beside today's."""
    month = data.month_of(unit.unit)
    crossed = [
        row
        for row in data.of_unit("threshold_breaches", unit.unit)
        if row["month"] == month
        and row["metric"] == "average_caseload"
        and row.get("severity") not in (None, "none")
        and row.get("since_month") is not None
    ]
    since = crossed[0]["since_month"] if crossed else month
    now = data.row_of(BANDS, unit.unit, month)
    before = data.before_crossing(unit.unit, since)
    if now is None or before is None or before["month"] == now["month"]:
        return None
    measures = data.marts.measures[BANDS]
    known = [
        column
        for column in MADE_OF
        if column in measures and (before.get(column) is not None or now.get(column) is not None)
    ]
    if not known:
        return None
    named = "before its threshold was crossed" if crossed else "a month before"
    return Table(
        f"What the average of {unit.name} is made of, {named} and now",
        [
            Heading("Part"),
            Heading(month_words(before["month"]), is_number=True),
            Heading(month_words(month), is_number=True),
            Heading("Change", is_number=True),
        ],
        [
            [
                Cell(heading(measures[column]).text),
                cell(data, BANDS, before, column),
                cell(data, BANDS, now, column),
                _difference(before, now, column),
            ]
            for column in known
        ],
    )


def _difference(before: Row, now: Row, column: str) -> Cell:
    """The difference of two published figures, exact."""
    if before.get(column) is None or now.get(column) is None:
        return Cell(NO_VALUE, is_number=True, kind="missing")
    return Cell(signed(now[column] - before[column]), is_number=True)


def signed(difference: Decimal | int) -> str:
    """A difference with its sign; none before what is no difference."""
    sign = "+" if difference > 0 else MINUS if difference < 0 else ""
    return f"{sign}{abs(difference):,}"


def bridge_section(data: CouncilData) -> Section | None:
    """From the council's own average to the one by DfE's definition, in the newest month of which both are known."""
    rows = [row for row in data.rows(BRIDGE) if row["month"] <= data.month and row.get("average") is not None]
    month = max((row["month"] for row in rows), default=None)
    rows = sorted((row for row in rows if row["month"] == month), key=lambda row: row["step_order"])
    found = table(
        data,
        BRIDGE,
        f"From the average caseload of {data.name} to DfE's definition, {month_words(month)}"
        if month
        else "",
        [("Step", lambda row: Cell(row["step_label"]))],
        ["cases_change", "fte_change", "cases", "fte", "average"],
        rows,
    )
    if found is None or month is None:
        return None
    return Section(
        "bridge",
        "From the council's own average to DfE's",
        about="The council counts every open case against the social workers in post; DfE counts the cases held by "
        "social workers against those who hold any. Each step says what that takes away or adds.",
        charts=[_chart(f"Average caseload step by step, {month_words(month)}", bridge_steps(data, rows))],
        tables=[found],
        notes=["The drawing leaves out steps that do not move the average."],
    )


def bridge_steps(data: CouncilData, rows: Sequence[Row]) -> list[Step]:
    """The averages after each step that moves them, between the first and the last."""
    measure = data.measure(BRIDGE, "average")
    first, last = rows[0], rows[-1]
    zero = first["average"] - first["average"]
    steps = [
        Step("The council's own", shown(first, "average", measure)[0], zero, first["average"], is_total=True)
    ]
    for row in rows[1:-1]:
        was = steps[-1].end
        if row["average"] != was:
            steps.append(
                Step(row["step_label"], signed(row["average"] - was), was, row["average"], is_total=False)
            )
    return [
        *steps,
        Step("By DfE's definition", shown(last, "average", measure)[0], zero, last["average"], is_total=True),
    ]


def _chart(title: str, steps: Sequence[Step]) -> Chart:
    return Chart(
        title,
        waterfall(steps),
        "Waterfall. " + "; ".join(f"{step.label} {step.words}" for step in steps) + ".",
    )


def _steps_table(caption: str, figure: str, steps: Sequence[Step]) -> Table:
    return Table(
        caption,
        [Heading("Step"), Heading(figure, is_number=True)],
        [[Cell(step.label), Cell(step.words, is_number=True)] for step in steps],
    )


def gap_section(data: CouncilData, unit: Unit) -> Section | None:
    mart = "establishment"
    known = [
        row
        for row in data.of_unit(mart, unit.unit)
        if row["role_group"] == "total"
        and all(
            row.get(name) is not None for name in ("posts_fte", "in_post_fte", "vacant_fte", "uncovered_fte")
        )
    ]
    if not known:
        return None
    row = known[-1]
    pipeline = next(
        (
            found
            for found in data.of_unit("recruitment_pipeline", unit.unit)
            if found["role_group"] == "total" and found["month"] == row["month"]
        ),
        None,
    )
    steps = gap_steps(data, row, pipeline)
    roles = _by_role_group(
        data,
        unit,
        mart,
        row["month"],
        f"Posts of {unit.name} by role group",
        ["posts_fte", "newly_created_fte", "in_post_fte", "vacant_fte", "agency_fte", "uncovered_fte",
         "vacancy_rate"],
    )  # fmt: skip
    caption = f"From posts to the gap of {unit.name}, {month_words(row['month'])}, FTE"
    tables = [_steps_table(caption, "FTE", steps), *([roles] if roles else [])]
    if pipeline is not None:
        coming = _by_role_group(
            data,
            unit,
            "recruitment_pipeline",
            row["month"],
            "People on their way and the gap that remains",
            ["uncovered_fte", "agency_offers_fte", "permanent_offers_fte", "pipeline_fte", "remaining_gap_fte",
             "surplus_fte"],
        )  # fmt: skip
        tables += [coming] if coming else []
    return Section(
        "gap",
        "From establishment to gap",
        about="Posts, less those filled, less agency cover"
        + (", less those on their way." if pipeline is not None else "."),
        charts=[_chart(f"From posts to the gap, FTE, {month_words(row['month'])}", steps)],
        tables=tables,
        notes=[
            "What remains is the sum over role groups: one group's surplus fills no other's gap and is added back."
        ]
        if pipeline is not None
        else [],
    )


def _by_role_group(
    data: CouncilData, unit: Unit, mart: str, month: date, caption: str, columns: Sequence[str]
) -> Table | None:
    """A unit's rows of a month, a role group each, their total last."""
    rows = [row for row in data.of_unit(mart, unit.unit) if row["month"] == month]
    return table(
        data,
        mart,
        f"{caption}, {month_words(month)}",
        [("Role group", lambda row: Cell(row["role_group"].replace("_", " ").capitalize()))],
        columns,
        sorted(rows, key=lambda row: (row["role_group"] == "total", row["role_group"])),
    )


def gap_steps(data: CouncilData, row: Row, pipeline: Row | None) -> list[Step]:
    """The published figures between posts and gap; each bar begins where the one before it ended."""

    def words(found: Row, mart: str, column: str, sign: str = "") -> str:
        text = shown(found, column, data.measure(mart, column))[0]
        return f"{sign}{text}" if text != NO_VALUE else text

    posts, vacant, uncovered = row["posts_fte"], row["vacant_fte"], row["uncovered_fte"]
    zero = posts - posts
    steps = [
        Step("Posts", words(row, "establishment", "posts_fte"), zero, posts, is_total=True),
        Step(
            "Less in post", words(row, "establishment", "in_post_fte", MINUS), posts, vacant, is_total=False
        ),
        Step("Vacant", words(row, "establishment", "vacant_fte"), zero, vacant, is_total=True),
        Step(
            "Less agency cover",
            words(row, "establishment", "agency_fte", MINUS),
            vacant,
            uncovered,
            is_total=False,
        ),
        Step("Not covered", words(row, "establishment", "uncovered_fte"), zero, uncovered, is_total=True),
    ]
    if pipeline is not None and all(
        pipeline.get(name) is not None for name in ("pipeline_fte", "surplus_fte", "remaining_gap_fte")
    ):
        coming = uncovered - pipeline["pipeline_fte"]
        mart = "recruitment_pipeline"
        steps += [
            Step(
                "Less on their way",
                words(pipeline, mart, "pipeline_fte", MINUS),
                uncovered,
                coming,
                is_total=False,
            ),
            Step(
                "Surplus elsewhere",
                words(pipeline, mart, "surplus_fte", "+"),
                coming,
                coming + pipeline["surplus_fte"],
                is_total=False,
            ),
            Step(
                "Gap that remains",
                words(pipeline, mart, "remaining_gap_fte"),
                zero,
                pipeline["remaining_gap_fte"],
                is_total=True,
            ),
        ]
    return steps
