"""Policies made of an imported file: a council worse than nine in ten authorities of the year. Judges no council."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal

from dagster_project.official_statistics.published_file import Row

RATES = ("vacancy_rate", "agency_rate", "turnover_rate", "absence_rate")
NINE_IN_TEN = (9, 10)
STEP = Decimal("0.1")
"""The published rates have one decimal, and so has what is compared with them: worse means a tenth more."""
CENSUS_DAY = "09-30"
FEWEST_AUTHORITIES = 10
"""Nine in ten of fewer would be all of them."""


def policies_of_published_rates(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Rows of threshold_policy.csv for each rate and year of the authorities' published rates.

    A year holds from its census day to the next year's; the last one until another is imported.
    """
    policies = []
    for rate in RATES:
        published: dict[str, list[Decimal]] = {}
        for row in rows:
            if row["geographic_level"] == "Local authority" and row[rate] != "":
                published.setdefault(row["year"], []).append(Decimal(row[rate]))
        years = sorted(year for year, values in published.items() if len(values) >= FEWEST_AUTHORITIES)
        for year, following in itertools.zip_longest(years, years[1:]):
            policies += _bands_of_year(rate, year, following, published[year])
    return policies


def nearest_rank(values: Sequence[Decimal], part: int, whole: int) -> Decimal:
    """The smallest value that at least part/whole of the values do not exceed."""
    ordered = sorted(values)
    return ordered[-(-part * len(ordered) // whole) - 1]


def _bands_of_year(
    rate: str, year: str, following: str | None, values: Sequence[Decimal]
) -> list[dict[str, str]]:
    bound = format((nearest_rank(values, *NINE_IN_TEN) + STEP).normalize(), "f")
    common: Mapping[str, str] = {
        "policy_id": f"dfe_{rate}",
        "level": "council",
        "metric": rate,
        "rounding": "one_decimal",
        "valid_from": f"{year}-{CENSUS_DAY}",
        "valid_to": f"{following}-{CENSUS_DAY}" if following else "",
        "source": f"Children's social work workforce, Department for Education, {year}: {rate} of {len(values)} "
        f"authorities; nine in ten are below {bound}%",
    }
    return [
        {**common, "upper": bound, "band": "as_nine_in_ten", "label": "as nine in ten authorities or better",
         "severity": "none"},
        {**common, "lower": bound, "band": "worse_than_nine_in_ten", "label": "worse than nine in ten authorities",
         "severity": "warning"},
    ]  # fmt: skip
