"""Does agency spend follow vacant posts? Each unit's cost of a month beside its vacancy, and the premium paid."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Agency cost against vacancy")


@app.cell
def _():
    import altair as alt
    import marimo as mo

    from dagster_project.workbench import marts

    published = marts()
    return alt, mo, published


@app.cell
def _(mo, published):
    found = published.execute(
        "select distinct council from agency_costs where agency_cost_gbp > 0 order by 1"
    ).fetchall()
    councils = [row[0] for row in found]
    council = mo.ui.dropdown(councils, value=councils[0], label="Council")
    mo.vstack(
        [
            mo.md(
                """
                # Agency cost against vacancy

                What agency workers cost a unit in a month, beside the posts it had vacant then. Months of one grain
                are compared: rows with rows, totals with totals. A line through a cloud of points shows no cause.
                """
            ),
            council,
        ]
    )
    return (council,)


@app.cell
def _(council, published):
    together = published.execute(
        """
        select cost.unit, cost.level, cost.month, cost.grain, cost.financial_year, cost.agency_cost_gbp,
            cost.agency_fte, cost.cost_per_agency_fte_gbp, cost.permanent_equivalent_gbp, cost.premium_gbp,
            posts.posts_fte, posts.vacant_fte, posts.vacancy_rate
        from agency_costs as cost
        join (
            select council, unit, month, grain, sum(posts_fte) as posts_fte, sum(vacant_fte) as vacant_fte,
                max(vacancy_rate) filter (where role_group = 'social_worker') as vacancy_rate
            from establishment
            group by all
        ) as posts using (council, unit, month, grain)
        where cost.council = ? and cost.agency_cost_gbp is not null
        order by cost.month, cost.unit
        """,
        [council.value],
    ).to_arrow_table()
    return (together,)


@app.cell
def _(alt, mo, published, together):
    drawn = published.sql(
        "select month, unit, level, vacant_fte::double as vacant, agency_cost_gbp::double as cost from together "
        "where vacant_fte is not null and level in ('team', 'service')"
    ).to_arrow_table()
    chart = (
        alt.Chart(drawn)
        .mark_point()
        .encode(
            x=alt.X("vacant:Q", title="Vacant FTE"),
            y=alt.Y("cost:Q", title="Agency cost of the month (GBP)"),
            color=alt.Color("unit:N", title="Unit"),
            shape="level:N",
            tooltip=["unit", "month", "vacant", "cost"],
        )
        .properties(width=640, height=320)
    )
    mo.vstack([chart, mo.ui.table(together)])
    return


@app.cell
def _(council, mo, published):
    years = published.execute(
        """
        select unit, financial_year, month, year_to_date_gbp, forecast_year_gbp, budget_gbp, variance_gbp, is_forecast
        from agency_costs
        where council = ? and year_to_date_gbp is not null
        qualify month = max(month) over (partition by unit, financial_year)
        order by unit, financial_year
        """,
        [council.value],
    ).to_arrow_table()
    mo.vstack([mo.md("## The financial years, at their latest month"), mo.ui.table(years)])
    return


if __name__ == "__main__":
    app.run()
