"""What every rival starts from: the files landed, their columns and types, the tree of units, the keys. No engine."""

from __future__ import annotations

import csv
import hmac
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROLES = Path(__file__).resolve().parents[2] / "seeds" / "roles.csv"

TEXT, DAY, THOUSANDTHS, PENNIES, FLAG = "text", "day", "thousandths", "pennies", "flag"
FORMS: Mapping[str, Mapping[str, str]] = {
    "caseload": {
        **dict.fromkeys(("case_id", "child_id", "family_id", "case_type", "team", "worker_id"), TEXT),
        **dict.fromkeys(("opened_on", "allocated_on", "closed_on"), DAY),
        **dict.fromkeys(("closure_outcome", "transferred_to"), TEXT),
        **dict.fromkeys(("plan_started_on", "plan_ended_on"), DAY),
    },
    "workforce": {
        **dict.fromkeys(("worker_id", "post_id", "team", "role", "employment"), TEXT),
        "fte": THOUSANDTHS,
        **dict.fromkeys(("started_on", "ended_on"), DAY),
        "leaving_reason": TEXT,
        "qualified_on": DAY,
        "registration_no": TEXT,
        "asye": FLAG,
        "sickness_days": THOUSANDTHS,
        "absent_at_month_end": TEXT,
    },
    "posts": {
        **dict.fromkeys(("post_id", "team", "role"), TEXT),
        "fte": THOUSANDTHS,
        "newly_created": FLAG,
        **dict.fromkeys(("created_on", "funded_until"), DAY),
        "vacant_fte": THOUSANDTHS,
    },
    "offers": {
        **dict.fromkeys(("offer_id", "team", "role", "employment"), TEXT),
        "fte": THOUSANDTHS,
        **dict.fromkeys(("accepted_on", "expected_start_on"), DAY),
    },
    "agency_spend": {
        **dict.fromkeys(("line_id", "team", "role", "worker_id", "supplier", "contract_id"), TEXT),
        "week_ending": DAY,
        "hours": THOUSANDTHS,
        **dict.fromkeys(("hourly_rate_gbp", "amount_gbp"), PENNIES),
        "cost_type": TEXT,
    },
    "contacts": {
        "contact_id": TEXT,
        "received_on": DAY,
        **dict.fromkeys(("source", "outcome", "referral_id"), TEXT),
        "is_re_referral": FLAG,
    },
    "assessments": {
        **dict.fromkeys(("assessment_id", "case_id", "team"), TEXT),
        **dict.fromkeys(("started_on", "completed_on"), DAY),
    },
}
# What is hashed, and the kind of person it is of.
KINDS: Mapping[str, str] = {
    "child_id": "child",
    "family_id": "family",
    "worker_id": "worker",
    "registration_no": "registration",
}


def key_column(column: str) -> str:
    """The name in the archive of the column that holds keys instead of identifiers."""
    return f"{KINDS[column]}_key"


@dataclass(frozen=True)
class Ground:
    """One run of a rival."""

    home: Path
    out: Path
    secret: bytes

    @classmethod
    def of_command_line(cls) -> Ground:
        home, out = (Path(word) for word in sys.argv[1:3])
        for folder in ("archive", "marts"):
            (out / folder).mkdir(parents=True, exist_ok=True)
        return cls(home, out, os.environ["CASELOAD_PSEUDONYM_KEY"].encode("utf-8"))

    def files(self, extract: str) -> list[Path]:
        return sorted((self.home / "landing").glob(f"*/*/{extract}.csv"))

    def mart(self, name: str) -> Path:
        return self.out / "marts" / f"{name}.parquet"

    @cached_property
    def units(self) -> list[Mapping[str, str]]:
        return _rows(self.home / "reference" / "org_units.csv")

    @cached_property
    def tree(self) -> list[tuple[str, str, str]]:
        """Council, unit, and each unit at or below it."""
        parents = {(row["council"], row["unit"]): row["parent_unit"] for row in self.units}
        found = []
        for council, unit in parents:
            above = unit
            while above:
                found.append((council, above, unit))
                above = parents[council, above]
        return found

    @cached_property
    def roles(self) -> list[tuple[str, str, bool, bool]]:
        """Role, its group, whether it is a social worker's, whether it carries cases."""
        return [
            (
                row["role"],
                row["role_group"],
                row["is_social_worker"] == "true",
                row["carries_cases"] == "true",
            )
            for row in _rows(ROLES)
        ]

    @cached_property
    def costs(self) -> list[tuple[str, str, int]]:
        """Council, role, and what a year of it costs in pennies."""
        return [
            (row["council"], row["role"], round(float(row["annual_cost_gbp"]) * 100))
            for row in _rows(self.home / "reference" / "unit_costs.csv")
        ]

    def keys(self, kind: str, councils: Sequence[str], identifiers: Sequence[str]) -> list[int]:
        """The keys of identifiers: the first 8 bytes of HMAC-SHA256 as a signed number."""
        return [
            int.from_bytes(
                hmac.digest(self.secret, f"{kind}\x1f{council}\x1f{one}".encode(), "sha256")[:8],
                "big",
                signed=True,
            )
            for council, one in zip(councils, identifiers, strict=True)
        ]


def hmac_pads(secret: bytes) -> tuple[str, str]:
    """The inner and outer block of HMAC as hexadecimal digits, for engines that know SHA-256 alone."""
    padded = secret.ljust(64, b"\0")
    return bytes(byte ^ 0x36 for byte in padded).hex(), bytes(byte ^ 0x5C for byte in padded).hex()


def _rows(path: Path) -> list[Mapping[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
