"""A pandas script as an analyst would write it, with care for the digits: whole numbers, rounded half up once."""

from __future__ import annotations

import pandas as pd

from bench.rivals.ground import DAY, FLAG, FORMS, KINDS, PENNIES, THOUSANDTHS, Ground, key_column

OF_UNIT = ["council", "month", "unit"]


def main() -> None:
    ground = Ground.of_command_line()
    frames = {extract: archive(ground, extract) for extract in FORMS if ground.files(extract)}
    build(ground, frames)


def archive(ground: Ground, extract: str) -> pd.DataFrame:
    """One extract of every council and month, written as Parquet by month, and the frame."""
    form = FORMS[extract]
    parts = []
    for path in ground.files(extract):
        part = pd.read_csv(path, dtype=dict.fromkeys(form, "str"))
        part["council"], part["month"] = path.parts[-3], pd.Timestamp(f"{path.parts[-2]}-01")
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    for name, kind in form.items():
        if name in KINDS:
            known = frame[["council", name]].drop_duplicates().dropna()
            known[key_column(name)] = ground.keys(
                KINDS[name], known["council"].tolist(), known[name].tolist()
            )
            known[key_column(name)] = known[key_column(name)].astype("Int64")
            frame = frame.merge(known, how="left", on=["council", name]).drop(columns=name)
        elif kind == DAY:
            frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%d")
        elif kind == FLAG:
            frame[name] = frame[name].map({"true": True, "false": False}).astype("boolean")
        elif kind in (THOUSANDTHS, PENNIES):
            scale = 1000 if kind == THOUSANDTHS else 100
            frame[name] = (frame[name].astype("float64") * scale).round().astype("Int64")
    for month, rows in frame.groupby("month"):
        folder = ground.out / "archive" / extract / f"month={month:%Y-%m-%d}"
        folder.mkdir(parents=True)
        rows.drop(columns="month").to_parquet(folder / "rows.parquet", index=False)
    return frame


def ratio(numerator: pd.Series, denominator: pd.Series | int, decimals: int) -> pd.Series:
    """Rounded half up in whole numbers; missing where the denominator is zero."""
    n = numerator.astype("Int64")
    d = (
        denominator.astype("Int64")
        if isinstance(denominator, pd.Series)
        else pd.Series(denominator, n.index, "Int64")
    )
    d = d.mask(d == 0)
    nearest = (2 * n.abs() * 10**decimals + d) // (2 * d)
    rounded: pd.Series = nearest.where(n >= 0, -nearest).astype("Float64") / 10**decimals
    return rounded


def build(ground: Ground, frames: dict[str, pd.DataFrame]) -> None:
    units = pd.DataFrame(
        [(u["council"], u["unit"], u["name"].lower()) for u in ground.units],
        columns=["council", "unit", "team"],
    )
    tree = pd.DataFrame(ground.tree, columns=["council", "above", "unit"])
    roles = pd.DataFrame(ground.roles, columns=["role", "role_group", "is_social_worker", "carries_cases"])
    costs = pd.DataFrame(ground.costs, columns=["council", "role", "annual_cost"])

    def placed(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(team=frame["team"].str.lower()).merge(units, on=["council", "team"])

    def above(frame: pd.DataFrame, sums: list[str], *more: str) -> pd.DataFrame:
        """Totals of units, and of everything above them."""
        by_unit = frame.groupby([*OF_UNIT, *more], as_index=False)[sums].sum()
        raised = (
            by_unit.merge(tree, on=["council", "unit"]).drop(columns="unit").rename(columns={"above": "unit"})
        )
        return raised.groupby([*OF_UNIT, *more], as_index=False)[sums].sum()

    workforce = (
        placed(frames["workforce"]).merge(roles, on="role").merge(costs, how="left", on=["council", "role"])
    )
    end = workforce["month"] + pd.offsets.MonthEnd(0)
    in_post = workforce[workforce["ended_on"].isna() | (workforce["ended_on"] >= end)].copy()

    cases = placed(frames["caseload"]).merge(
        in_post[["council", "month", "worker_key", "role_group", "is_social_worker"]],
        how="left",
        on=["council", "month", "worker_key"],
    )
    end = cases["month"] + pd.offsets.MonthEnd(0)
    ended = cases["closed_on"].notna() & (cases["closed_on"] <= end)
    is_open = ~ended
    received = cases["opened_on"] >= cases["month"]
    outcome = cases["closure_outcome"]
    counts = {
        "open_at_start": ~received,
        "received": received,
        "closed": ended & (outcome == "closed"),
        "stepped_down": ended & (outcome == "stepped_down"),
        "transferred_out": ended & (outcome == "transferred"),
        "open_at_end": is_open,
        "unallocated_cases": is_open & cases["worker_key"].isna(),
        "manager_held_cases": is_open & (cases["role_group"] == "manager"),
        "dfe_cases": is_open & cases["is_social_worker"].fillna(value=False).astype(bool),
    }
    cases = cases.assign(**{name: flag.astype("int64") for name, flag in counts.items()})
    case_counts = above(cases, list(counts))
    open_cases = cases[is_open]
    children = (
        open_cases[[*OF_UNIT, "child_key"]]
        .drop_duplicates()
        .merge(tree, on=["council", "unit"])[["council", "month", "above", "child_key"]]
        .drop_duplicates()
        .groupby(["council", "month", "above"], as_index=False)
        .size()
        .rename(columns={"above": "unit", "size": "open_children"})
    )
    held_cases = open_cases[open_cases["worker_key"].notna()]
    held = held_cases.groupby(["council", "month", "worker_key"], as_index=False).agg(
        open_cases=("case_id", "size"),
        open_children=("child_key", "nunique"),
        families=("family_key", "nunique"),
        without_family=("family_key", lambda keys: keys.isna().sum()),
    )
    held["families"] += held.pop("without_family").astype("int64")

    in_post = in_post.merge(held, how="left", on=["council", "month", "worker_key"])
    is_agency = in_post["employment"] == "agency"
    in_post["held_fte"] = in_post["fte"]
    in_post["agency_fte"] = in_post["fte"].where(is_agency, 0)
    in_post["holders_fte"] = in_post["fte"].where(
        in_post["is_social_worker"] & in_post["open_cases"].notna(), 0
    )
    in_post["sw_fte"] = in_post["fte"].where(in_post["role_group"] == "social_worker", 0)
    in_post["annual"] = (
        (in_post["fte"] * in_post["annual_cost"].astype("Int64")).where(is_agency, 0).fillna(0)
    )
    in_post["without_cost"] = (is_agency & in_post["annual_cost"].isna()).astype("int64")
    sums = ["held_fte", "agency_fte", "holders_fte", "sw_fte", "annual", "without_cost"]
    workers = above(in_post, sums, "role_group")
    of_units = workers.groupby(OF_UNIT, as_index=False)[sums].sum()

    months = cases[["council", "month"]].drop_duplicates()
    spine = months.merge(units[["council", "unit"]], on="council").sort_values(OF_UNIT)

    bands = (
        spine.merge(case_counts, how="left", on=OF_UNIT)
        .merge(children, how="left", on=OF_UNIT)
        .merge(of_units, how="left", on=OF_UNIT)
        .fillna(dict.fromkeys([*counts, "open_children", *sums], 0))
    )
    write(
        ground,
        "caseload_bands",
        bands[OF_UNIT].assign(
            open_cases=bands["open_at_end"],
            open_children=bands["open_children"],
            unallocated_cases=bands["unallocated_cases"],
            manager_held_cases=bands["manager_held_cases"],
            fte_social_workers=ratio(bands["sw_fte"], 1000, 2),
            average_caseload=ratio(bands["open_at_end"] * 1000, bands["sw_fte"], 4),
            average_caseload_rounded=ratio(bands["open_at_end"] * 1000, bands["sw_fte"], 0),
            dfe_cases=bands["dfe_cases"],
            dfe_fte=ratio(bands["holders_fte"], 1000, 2),
            dfe_average_caseload=ratio(bands["dfe_cases"] * 1000, bands["holders_fte"], 1),
        ),
    )
    before = bands.groupby(["council", "unit"])["open_at_end"].shift()
    write(
        ground,
        "throughput",
        bands[[*OF_UNIT, *list(counts)[:6]]].assign(
            restated_cases=bands["open_at_start"] - before,
            closed_rate=ratio(100 * bands["closed"], bands["received"], 1),
            stepped_down_rate=ratio(100 * bands["stepped_down"], bands["received"], 1),
        ),
    )
    carrying = in_post[in_post["is_social_worker"] | in_post["carries_cases"] | in_post["open_cases"].notna()]
    carrying = carrying.fillna({"open_cases": 0, "open_children": 0, "families": 0, "asye": False})
    write(
        ground,
        "worker_caseloads",
        carrying[
            [*OF_UNIT, "worker_key", "role", "employment", "open_cases", "open_children", "families"]
        ].assign(
            fte=ratio(carrying["fte"], 1000, 2),
            cases_per_fte=ratio(carrying["open_cases"] * 1000, carrying["fte"], 4),
            is_asye=carrying["asye"].astype(bool),
            months_since_qualified=(carrying["month"].dt.year - carrying["qualified_on"].dt.year) * 12
            + carrying["month"].dt.month
            - carrying["qualified_on"].dt.month,
        ),
    )
    spend = placed(frames["agency_spend"])
    spend["amount"] = spend["amount_gbp"]
    spend["pay"] = spend["amount_gbp"].where(spend["cost_type"] == "pay", 0)
    cost = (
        spine.merge(above(spend, ["amount", "pay"]), how="left", on=OF_UNIT)
        .merge(of_units, how="left", on=OF_UNIT)
        .fillna(dict.fromkeys(["amount", "pay", *sums], 0))
    )
    cost["year"] = cost["month"].dt.year - (cost["month"].dt.month < 4).astype("int64")
    years = cost.groupby(["council", "unit", "year"])
    to_date, months_loaded = years["amount"].cumsum(), years.cumcount() + 1
    annual = cost["annual"].where(cost["without_cost"] == 0)
    write(
        ground,
        "agency_costs",
        cost[OF_UNIT].assign(
            agency_cost_gbp=ratio(cost["amount"], 100, 2),
            pay_gbp=ratio(cost["pay"], 100, 2),
            agency_fte=ratio(cost["agency_fte"], 1000, 2),
            cost_per_agency_fte_gbp=ratio(cost["amount"] * 10, cost["agency_fte"], 2),
            permanent_equivalent_gbp=ratio(annual, 1200000, 2),
            premium_gbp=ratio(cost["amount"] * 12000 - annual, 1200000, 2),
            year_to_date_gbp=ratio(to_date, 100, 2),
            forecast_year_gbp=ratio(to_date * 12, months_loaded * 100, 2),
        ),
    )
    posts = placed(frames["posts"]).merge(roles, on="role")
    posts["posts_fte"] = posts["fte"]
    posts["newly_created_fte"] = posts["fte"].where(posts["newly_created"], 0)
    of_posts = ["posts_fte", "newly_created_fte", "vacant_fte"]
    groups = pd.DataFrame({"role_group": sorted(set(roles["role_group"]))})
    by_group = (
        spine.merge(groups, how="cross")
        .merge(above(posts, of_posts, "role_group"), how="left", on=[*OF_UNIT, "role_group"])
        .merge(workers, how="left", on=[*OF_UNIT, "role_group"])
        .fillna(dict.fromkeys([*of_posts, *sums], 0))
    )
    measures = [*of_posts, "held_fte", "agency_fte"]
    total = by_group.groupby(OF_UNIT, as_index=False)[measures].sum().assign(role_group="total")
    every = pd.concat([by_group[[*OF_UNIT, "role_group", *measures]], total], ignore_index=True)
    in_post_fte = every["held_fte"] - every["agency_fte"]
    write(
        ground,
        "establishment",
        every[[*OF_UNIT, "role_group"]].assign(
            **{name: ratio(every[name], 1000, 2) for name in [*of_posts, "agency_fte"]},
            in_post_fte=ratio(in_post_fte, 1000, 2),
            uncovered_fte=ratio(every["vacant_fte"] - every["agency_fte"], 1000, 2),
            vacancy_rate=ratio(100 * every["vacant_fte"], every["vacant_fte"] + in_post_fte, 1),
            agency_rate=ratio(100 * every["agency_fte"], every["agency_fte"] + in_post_fte, 1),
        ),
    )


def write(ground: Ground, name: str, mart: pd.DataFrame) -> None:
    mart.assign(month=mart["month"].dt.date).to_parquet(ground.mart(name), index=False)


if __name__ == "__main__":
    main()
