"""The same in polars, lazily where it can be: whole numbers, rounded half up once."""

from __future__ import annotations

import polars as pl

from bench.rivals.ground import DAY, FLAG, FORMS, KINDS, PENNIES, THOUSANDTHS, Ground, key_column

OF_UNIT = ["council", "month", "unit"]


def main() -> None:
    ground = Ground.of_command_line()
    frames = {extract: archive(ground, extract) for extract in FORMS if ground.files(extract)}
    build(ground, frames)


def archive(ground: Ground, extract: str) -> pl.DataFrame:
    """One extract of every council and month, written as Parquet by month, and the frame."""
    form = FORMS[extract]
    types = {
        name: pl.Date
        if kind == DAY
        else pl.Boolean
        if kind == FLAG
        else pl.Float64
        if kind in (THOUSANDTHS, PENNIES)
        else pl.String
        for name, kind in form.items()
    }
    frame = pl.scan_csv(ground.files(extract), schema=types, include_file_paths="path").collect()
    path = pl.col("path").str.split("/")
    frame = frame.with_columns(
        path.list.get(-3).alias("council"), (path.list.get(-2) + "-01").str.to_date("%Y-%m-%d").alias("month")
    ).drop("path")
    for name, kind in form.items():
        if name in KINDS:
            known = frame.select("council", name).unique().drop_nulls()
            keys = ground.keys(KINDS[name], known["council"].to_list(), known[name].to_list())
            known = known.with_columns(pl.Series(key_column(name), keys, pl.Int64))
            frame = frame.join(known, how="left", on=["council", name]).drop(name)
        elif kind in (THOUSANDTHS, PENNIES):
            scale = 1000 if kind == THOUSANDTHS else 100
            frame = frame.with_columns((pl.col(name) * scale).round().cast(pl.Int64))
    for (month,), rows in frame.partition_by("month", as_dict=True, include_key=True).items():
        folder = ground.out / "archive" / extract / f"month={month}"
        folder.mkdir(parents=True)
        rows.drop("month").write_parquet(folder / "rows.parquet")
    return frame


def ratio(numerator: pl.Expr, denominator: pl.Expr | int, decimals: int) -> pl.Expr:
    """Rounded half up in whole numbers; missing where the denominator is zero."""
    d = denominator if isinstance(denominator, pl.Expr) else pl.lit(denominator, pl.Int64)
    d = pl.when(d != 0).then(d)
    return numerator.sign() * ((2 * numerator.abs() * 10**decimals + d) // (2 * d)) / 10**decimals


def build(ground: Ground, frames: dict[str, pl.DataFrame]) -> None:
    units = pl.DataFrame(
        [(u["council"], u["unit"], u["name"].lower()) for u in ground.units],
        ["council", "unit", "team"],
        orient="row",
    ).lazy()
    tree = pl.DataFrame(ground.tree, ["council", "above", "unit"], orient="row").lazy()
    roles = pl.DataFrame(
        ground.roles, ["role", "role_group", "is_social_worker", "carries_cases"], orient="row"
    ).lazy()
    costs = pl.DataFrame(ground.costs, ["council", "role", "annual_cost"], orient="row").lazy()
    c = pl.col

    def placed(extract: str) -> pl.LazyFrame:
        return (
            frames[extract]
            .lazy()
            .with_columns(c("team").str.to_lowercase())
            .join(units, on=["council", "team"])
        )

    def above(frame: pl.LazyFrame, sums: dict[str, pl.Expr], *more: str) -> pl.LazyFrame:
        """Totals of units, and of everything above them."""
        by_unit = frame.group_by(*OF_UNIT, *more).agg(**{name: part.sum() for name, part in sums.items()})
        raised = by_unit.join(tree, on=["council", "unit"]).drop("unit").rename({"above": "unit"})
        return raised.group_by(*OF_UNIT, *more).agg(c(*sums).sum())

    in_post = (
        placed("workforce")
        .join(roles, on="role")
        .join(costs, how="left", on=["council", "role"])
        .filter(c("ended_on").is_null() | (c("ended_on") >= c("month").dt.month_end()))
        .collect()
        .lazy()
    )
    ended = c("closed_on").is_not_null() & (c("closed_on") <= c("month").dt.month_end())
    cases = (
        placed("caseload")
        .join(
            in_post.select("council", "month", "worker_key", "role_group", "is_social_worker"),
            how="left",
            on=["council", "month", "worker_key"],
        )
        .with_columns(is_open=~ended, is_received=c("opened_on") >= c("month"))
        .collect()
        .lazy()
    )
    is_open = c("is_open")
    counts = {
        "open_at_start": ~c("is_received"),
        "received": c("is_received"),
        "closed": ~is_open & (c("closure_outcome") == "closed"),
        "stepped_down": ~is_open & (c("closure_outcome") == "stepped_down"),
        "transferred_out": ~is_open & (c("closure_outcome") == "transferred"),
        "open_at_end": is_open,
        "unallocated_cases": is_open & c("worker_key").is_null(),
        "manager_held_cases": is_open & (c("role_group") == "manager"),
        "dfe_cases": is_open & c("is_social_worker"),
    }
    case_counts = above(cases, {name: flag.cast(pl.Int64) for name, flag in counts.items()})
    children = (
        cases.filter(is_open)
        .select(*OF_UNIT, "child_key")
        .unique()
        .join(tree, on=["council", "unit"])
        .group_by("council", "month", c("above").alias("unit"))
        .agg(open_children=c("child_key").n_unique().cast(pl.Int64))
    )
    held = (
        cases.filter(is_open & c("worker_key").is_not_null())
        .group_by("council", "month", "worker_key")
        .agg(
            open_cases=pl.len().cast(pl.Int64),
            open_children=c("child_key").n_unique().cast(pl.Int64),
            families=(c("family_key").drop_nulls().n_unique() + c("family_key").null_count()).cast(pl.Int64),
        )
    )
    in_post = in_post.join(held, how="left", on=["council", "month", "worker_key"]).collect().lazy()
    is_agency = c("employment") == "agency"
    sums = {
        "held_fte": c("fte"),
        "agency_fte": pl.when(is_agency).then(c("fte")).otherwise(0),
        "holders_fte": pl.when(c("is_social_worker") & c("open_cases").is_not_null())
        .then(c("fte"))
        .otherwise(0),
        "sw_fte": pl.when(c("role_group") == "social_worker").then(c("fte")).otherwise(0),
        "annual": pl.when(is_agency).then(c("fte") * c("annual_cost")).otherwise(0),
        "without_cost": (is_agency & c("annual_cost").is_null()).cast(pl.Int64),
    }
    workers = above(in_post, sums, "role_group").collect().lazy()
    of_units = workers.group_by(OF_UNIT).agg(c(*sums).sum())
    spine = (
        cases.select("council", "month")
        .unique()
        .join(units.select("council", "unit"), on="council")
        .sort(OF_UNIT)
    )
    bands = (
        spine.join(case_counts, how="left", on=OF_UNIT)
        .join(children, how="left", on=OF_UNIT)
        .join(of_units, how="left", on=OF_UNIT)
        .with_columns(c(*counts, "open_children", *sums).fill_null(0))
        .sort(OF_UNIT)
        .collect()
        .lazy()
    )
    write(
        ground,
        "caseload_bands",
        bands.select(
            *OF_UNIT,
            c("open_at_end").alias("open_cases"),
            *("open_children", "unallocated_cases", "manager_held_cases", "dfe_cases"),
            fte_social_workers=ratio(c("sw_fte"), 1000, 2),
            average_caseload=ratio(c("open_at_end") * 1000, c("sw_fte"), 4),
            average_caseload_rounded=ratio(c("open_at_end") * 1000, c("sw_fte"), 0),
            dfe_fte=ratio(c("holders_fte"), 1000, 2),
            dfe_average_caseload=ratio(c("dfe_cases") * 1000, c("holders_fte"), 1),
        ),
    )
    write(
        ground,
        "throughput",
        bands.select(
            *OF_UNIT,
            *list(counts)[:6],
            restated_cases=c("open_at_start") - c("open_at_end").shift().over("council", "unit"),
            closed_rate=ratio(100 * c("closed"), c("received"), 1),
            stepped_down_rate=ratio(100 * c("stepped_down"), c("received"), 1),
        ),
    )
    held_counts = ("open_cases", "open_children", "families")
    write(
        ground,
        "worker_caseloads",
        in_post.filter(c("is_social_worker") | c("carries_cases") | c("open_cases").is_not_null())
        .with_columns(c(*held_counts).fill_null(0))
        .select(
            *(*OF_UNIT, "worker_key", "role", "employment", *held_counts),
            cases_per_fte=ratio(c("open_cases") * 1000, c("fte"), 4),
            fte=ratio(c("fte"), 1000, 2),
            is_asye=c("asye").fill_null(value=False),
            months_since_qualified=(c("month").dt.year() - c("qualified_on").dt.year()) * 12
            + c("month").dt.month()
            - c("qualified_on").dt.month(),
        ),
    )
    spend = above(
        placed("agency_spend"),
        {
            "amount": c("amount_gbp"),
            "pay": pl.when(c("cost_type") == "pay").then(c("amount_gbp")).otherwise(0),
        },
    )
    year = ["council", "unit", "year"]
    write(
        ground,
        "agency_costs",
        spine.join(spend, how="left", on=OF_UNIT)
        .join(of_units, how="left", on=OF_UNIT)
        .with_columns(c("amount", "pay", *sums).fill_null(0))
        .with_columns(year=c("month").dt.year() - (c("month").dt.month() < 4).cast(pl.Int32))
        .sort(OF_UNIT)
        .with_columns(
            to_date=c("amount").cum_sum().over(year),
            months_loaded=pl.int_range(1, pl.len() + 1).over(year),
            annual=pl.when(c("without_cost") == 0).then(c("annual")),
        )
        .select(
            *OF_UNIT,
            agency_cost_gbp=ratio(c("amount"), 100, 2),
            pay_gbp=ratio(c("pay"), 100, 2),
            agency_fte=ratio(c("agency_fte"), 1000, 2),
            cost_per_agency_fte_gbp=ratio(c("amount") * 10, c("agency_fte"), 2),
            permanent_equivalent_gbp=ratio(c("annual"), 1200000, 2),
            premium_gbp=ratio(c("amount") * 12000 - c("annual"), 1200000, 2),
            year_to_date_gbp=ratio(c("to_date"), 100, 2),
            forecast_year_gbp=ratio(c("to_date") * 12, c("months_loaded") * 100, 2),
        ),
    )
    of_posts = {
        "posts_fte": c("fte"),
        "newly_created_fte": pl.when(c("newly_created")).then(c("fte")).otherwise(0),
        "vacant_fte": c("vacant_fte"),
    }
    of_group = [*OF_UNIT, "role_group"]
    by_group = (
        spine.join(roles.select("role_group").unique(), how="cross")
        .join(above(placed("posts").join(roles, on="role"), of_posts, "role_group"), how="left", on=of_group)
        .join(workers, how="left", on=of_group)
        .select(*of_group, c(*of_posts, "held_fte", "agency_fte").fill_null(0))
    )
    measures = [*of_posts, "held_fte", "agency_fte"]
    total = by_group.group_by(OF_UNIT).agg(c(*measures).sum()).with_columns(role_group=pl.lit("total"))
    in_post_fte = c("held_fte") - c("agency_fte")
    write(
        ground,
        "establishment",
        pl.concat([by_group, total.select(*of_group, *measures)]).select(
            *of_group,
            *(ratio(c(name), 1000, 2).alias(name) for name in [*of_posts, "agency_fte"]),
            in_post_fte=ratio(in_post_fte, 1000, 2),
            uncovered_fte=ratio(c("vacant_fte") - c("agency_fte"), 1000, 2),
            vacancy_rate=ratio(100 * c("vacant_fte"), c("vacant_fte") + in_post_fte, 1),
            agency_rate=ratio(100 * c("agency_fte"), c("agency_fte") + in_post_fte, 1),
        ),
    )


def write(ground: Ground, name: str, mart: pl.LazyFrame) -> None:
    mart.collect().write_parquet(ground.mart(name))


if __name__ == "__main__":
    main()
