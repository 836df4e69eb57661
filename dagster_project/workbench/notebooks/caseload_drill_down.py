"""Which units carry more than they can, since when, and what moved them: from council to one unit's steps."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Caseload drill-down")


@app.cell
def _():
    import altair as alt
    import marimo as mo

    from dagster_project.workbench import marts

    published = marts()
    return alt, mo, published


@app.cell
def _(mo):
    mo.md(
        """
        # Caseload drill-down

        Choose a council, then a unit. Every number is read from the published marts: averages are kept with four
        decimals and rounded once, half up, when they are shown.
        """
    )
    return


@app.cell
def _(mo, published):
    found = published.execute("select distinct council from caseload_bands order by 1").fetchall()
    councils = [row[0] for row in found]
    council = mo.ui.dropdown(councils, value=councils[0], label="Council")
    return (council,)


@app.cell
def _(council, published):
    units = published.execute(
        """
        select unit, unit_name, level, month, open_cases, fte_social_workers, average_caseload, band_label,
            severity, target_caseload, fte_to_target
        from caseload_bands
        where council = ? and open_cases is not null
        qualify month = max(month) over (partition by unit)
        order by average_caseload desc nulls last, unit
        """,
        [council.value],
    ).to_arrow_table()
    return (units,)


@app.cell
def _(council, mo, units):
    names = dict(zip(units.column("unit").to_pylist(), units.column("unit_name").to_pylist(), strict=True))
    unit = mo.ui.dropdown(
        {f"{name} ({key})": key for key, name in names.items()},
        value=next((f"{name} ({key})" for key, name in names.items()), None),
        label="Unit",
    )
    mo.vstack(
        [
            mo.hstack([council, unit], justify="start"),
            mo.md("## Each unit's latest month"),
            mo.ui.table(units),
        ]
    )
    return (unit,)


@app.cell
def _(council, published, unit):
    months = published.execute(
        """
        select month, grain, open_cases, fte_social_workers, average_caseload, band_label, severity, target_caseload,
            fte_to_target, unallocated_cases, is_complete
        from caseload_bands
        where council = ? and unit = ? and open_cases is not null
        order by month, grain
        """,
        [council.value, unit.value],
    ).to_arrow_table()
    return (months,)


@app.cell
def _(alt, mo, months, published):
    # A picture may be drawn from binary numbers; the table beneath it holds the exact ones.
    drawn = published.sql(
        "select month, average_caseload::double as average, band_label, target_caseload::double as target "
        "from months where average_caseload is not null"
    ).to_arrow_table()
    line = alt.Chart(drawn).encode(x=alt.X("month:T", title=None))
    chart = (
        line.mark_line(point=True).encode(
            y=alt.Y("average:Q", title="Cases for one FTE"), tooltip=["month", "average", "band_label"]
        )
        + line.mark_line(strokeDash=[4, 4], color="grey").encode(y="target:Q")
    ).properties(width=640, height=260)
    mo.vstack([mo.md("## The unit's months (dashed: its target)"), chart, mo.ui.table(months)])
    return


@app.cell
def _(council, mo, published, unit):
    steps = published.execute(
        """
        select month, step_label, cases_change, fte_change, cases, fte, average
        from caseload_bridge
        where council = ? and unit = ?
        order by month desc, step_order
        """,
        [council.value, unit.value],
    ).to_arrow_table()
    mo.vstack(
        [
            mo.md("## What moved it"),
            mo.ui.table(steps)
            if steps.num_rows
            else mo.md(
                "No steps are kept of this unit: they need the row of every case, in two months that follow each other."
            ),
        ]
    )
    return


@app.cell
def _(council, mo, published):
    by_quarter = published.execute(
        """
        select unit, cast(date_trunc('quarter', month) as date) as quarter, sum(open_cases) as open_cases,
            sum(fte_social_workers) as fte, count(*) as months,
            round(sum(open_cases) / sum(fte_social_workers), 1) as about
        from caseload_bands
        where council = ? and level = 'service' and average_caseload is not null
        group by all
        order by 1, 2
        """,
        [council.value],
    ).to_arrow_table()
    mo.vstack(
        [
            mo.md(
                "## Services by quarter\n\nCases and FTE of the quarter's months are added up before they are "
                "divided: an average of averages would weigh a small month like a large one. `about` is to look at, "
                "not to print."
            ),
            mo.ui.table(by_quarter),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
