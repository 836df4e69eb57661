"""An option told in words as rows of capacity_options.csv, and those rows kept in the council's file. No price here."""

from __future__ import annotations

import calendar
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path

from dagster_project.durable import put_in_place
from dagster_project.errors import PlainError
from dagster_project.reference.merge import Reference
from dagster_project.reference.names import name_key
from dagster_project.reference.tables import load_tables

FILE = "capacity_options"
MONTHS_OF_A_YEAR = 12
PENNY = Decimal("0.01")


class OptionError(PlainError):
    """An option that cannot be priced or kept, in words."""


@dataclass(frozen=True)
class WantedOption:
    """What somebody asks the price of. Months are first days; money in pounds as it was written."""

    council: str
    name: str
    starts: date
    ends: date | None
    posts: Sequence[str]
    non_staffing: str | None = None
    set_up_per_head: str | None = None
    managed_team: str | None = None
    adds_fte: str | None = None
    source: str = ""


def option_rows(wanted: WantedOption, reference: Reference) -> list[Mapping[str, str]]:
    """One row a role, one for what is not staffing, one for a team bought.

    Where it is not said how much social worker FTE the option adds, it is that of posts of the group social_worker.
    Raises OptionError for a role nobody knows, an amount that is none, or nothing to price.
    """
    if wanted.ends and wanted.ends < wanted.starts:
        raise OptionError(
            f"the option ends in {wanted.ends:%Y-%m}, before it starts in {wanted.starts:%Y-%m}"
        )
    if any(row["council"] == wanted.council and row["option"] == wanted.name for row in reference.rows(FILE)):
        raise OptionError(f"{wanted.council} has an option named {wanted.name} already: give another name")
    posts = _posts(wanted, reference)
    groups = {row["role"]: row["role_group"] for row in reference.rows("roles")}
    lines: list[dict[str, str]] = []
    for role, fte in posts.items():
        adds = fte if wanted.adds_fte is None and groups[role] == "social_worker" else None
        head = "" if wanted.set_up_per_head is None else _money("--set-up-per-head", wanted.set_up_per_head)
        lines.append(
            {
                "line": role,
                "role": role,
                "posts_fte": str(fte),
                "set_up_per_head_gbp": head,
                "adds_social_worker_fte": "" if adds is None else str(adds),
            }
        )
    if wanted.non_staffing is not None:
        lines.append(
            {"line": "non_staffing", "non_staffing_gbp": _money("--non-staffing", wanted.non_staffing)}
        )
    if wanted.managed_team is not None:
        lines.append({"line": "managed_team", "non_staffing_gbp": _a_year(wanted.managed_team)})
    if not lines:
        raise OptionError("nothing to price: give --posts, --non-staffing or --managed-team")
    if wanted.adds_fte is not None:
        lines[0]["adds_social_worker_fte"] = str(_number("--adds-fte", wanted.adds_fte))
    whole = {
        "council": wanted.council,
        "option": wanted.name,
        "starts_on": wanted.starts.isoformat(),
        "ends_on": _last_day(wanted.ends).isoformat() if wanted.ends else "",
        "source": wanted.source,
        "_place": "the option asked for",
    }
    return [{**whole, **line} for line in lines]


def keep_option(folder: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """The rows are added to the council's own file, which appears whole; what stood there stays as it was."""
    path = folder / f"{FILE}.csv"
    folder.mkdir(parents=True, exist_ok=True)
    columns = load_tables()[FILE].columns
    there: list[dict[str, str]] = []
    if path.is_file():
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
        reader.fieldnames = [(name or "").strip() for name in reader.fieldnames or []]
        there = list(reader)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore", restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows([*there, *rows])
    being_written = path.with_name(f".{path.name}.writing")
    being_written.write_text(text.getvalue(), encoding="utf-8", newline="")
    put_in_place(being_written, path)
    return path


def _posts(wanted: WantedOption, reference: Reference) -> dict[str, Decimal]:
    """FTE of each role; a role may be named by an alias of the council."""
    known = {name.name_key: name.role for name in reference.role_names_of.get(wanted.council, [])}
    posts: dict[str, Decimal] = {}
    for written in (part for text in wanted.posts for part in text.split(",") if part.strip()):
        name, equals, fte = written.partition("=")
        if not equals:
            raise OptionError(f"--posts {written}: write ROLE=FTE, such as social_worker=4.5")
        role = known.get(name_key(name))
        if role is None:
            alike = get_close_matches(name_key(name), sorted(set(known.values())), n=3, cutoff=0.5)
            hint = f"; known are {', '.join(alike)}" if alike else ""
            raise OptionError(f"--posts {written}: {wanted.council} has no role named {name.strip()}{hint}")
        posts[role] = posts.get(role, Decimal(0)) + _number(f"--posts {written}", fte)
    return posts


def _a_year(text: str) -> str:
    """GBP/MONTHS as the price of a year, in whole pennies."""
    price, slash, months = text.partition("/")
    if not slash:
        raise OptionError(f"--managed-team {text}: write the price and its months, such as 255000/6")
    span = _number("--managed-team", months)
    a_year = Decimal(_money("--managed-team", price)) * MONTHS_OF_A_YEAR / span
    return str(a_year.quantize(PENNY, ROUND_HALF_UP))


def _money(option: str, text: str) -> str:
    amount = _number(option, text, zero=True)
    if amount != amount.quantize(PENNY):
        raise OptionError(f"{option} {text}: pounds and whole pennies are wanted")
    return str(amount)


def _number(option: str, text: str, *, zero: bool = False) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0 or (number == 0 and not zero):
        raise OptionError(f"{option}: {text.strip()!r} is no number above 0, such as 4.5")
    return number


def _last_day(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])
