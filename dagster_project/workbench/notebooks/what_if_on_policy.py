"""Which breaches would another threshold have raised? A council's policy changed and tried over its history."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="What if the policy were another")


@app.cell
def _():
    import csv
    import tempfile
    from decimal import Decimal
    from pathlib import Path

    import marimo as mo

    from dagster_project.policies import check_file, try_file
    from dagster_project.reference import load_reference
    from dagster_project.settings import load_settings

    settings = load_settings()
    in_force = load_reference(settings).rows("threshold_policy")
    return Decimal, Path, check_file, csv, in_force, mo, settings, tempfile, try_file


@app.cell
def _(in_force, mo):
    policies = sorted({row["policy_id"] for row in in_force if row["severity"] in ("warning", "breach")})
    policy = mo.ui.dropdown(
        policies,
        value=next((name for name in policies if "average_caseload" in name), policies[0]),
        label="Policy",
        searchable=True,
    )
    raise_by = mo.ui.text(value="2", label="Move its bounds by")
    asked = mo.ui.run_button(label="Try it over history")
    mo.vstack(
        [
            mo.md(
                """
                # What if the policy were another?

                Choose a policy, move the bounds at which it speaks, and see which breaches history would have had:
                the marts' own models are run beside the installation, which stays as it is. It takes as long as a
                build. To adopt a policy, put its rows into `reference/threshold_policy.csv` and load.
                """
            ),
            mo.hstack([policy, raise_by, asked], justify="start"),
        ]
    )
    return asked, policy, raise_by


@app.cell
def _(Decimal, in_force, policy, raise_by):
    moved = []
    for row in in_force:
        if row["policy_id"] == policy.value:
            changed = {column: value for column, value in row.items() if not column.startswith("_")}
            for bound in ("lower", "upper"):
                # The outermost band begins at nothing and ends nowhere: what lies between its neighbours moves.
                if changed[bound] not in ("", "0", None):
                    changed[bound] = str(Decimal(changed[bound]) + Decimal(raise_by.value))
            moved.append(changed)
    return (moved,)


@app.cell
def _(mo, moved):
    mo.vstack([mo.md("## The policy as it would be"), mo.ui.table(moved)])
    return


@app.cell
def _(Path, check_file, csv, mo, moved, settings, tempfile):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "threshold_policy.csv"
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, moved[0])
            writer.writeheader()
            writer.writerows(moved)
        checked = check_file(settings, file)
    mo.md("\n".join(f"- {finding.place}: {finding.words}" for finding in checked.findings))
    return (checked,)


@app.cell
def _(asked, checked, mo, settings, try_file):
    mo.stop(checked.reference is None, mo.md("The changed policy has errors: see above."))
    mo.stop(not asked.value, mo.md("Press *Try it over history*."))
    trial = try_file(settings, checked.reference)
    return (trial,)


@app.cell
def _(mo, trial):
    mo.vstack(
        [
            mo.md(
                f"## {len(trial.changes)} judgements would be others: {trial.number('new')} new, "
                f"{trial.number('gone')} gone, {trial.number('severity')} of another severity"
            ),
            mo.ui.table(list(trial.changes)),
            mo.md("## What recipients would have been told"),
            mo.ui.table(list(trial.told)),
        ]
    )
    return


if __name__ == "__main__":
    app.run()
