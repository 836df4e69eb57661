"""What an extract is: the strict model of one file in `specifications/`. No reading of landed files here."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

SPECIFICATIONS = Path(__file__).parent / "specifications"

ColumnType = Literal[
    "identifier", "text", "code", "unit", "role", "date", "decimal", "money", "boolean", "financial_year"
]
Bound = Literal["month_start", "month_end"]
NAME = re.compile(r"^[a-z][a-z0-9_]*$")


class SpecificationError(Exception):
    """A specification file cannot be used; the message names the file and the field."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DateBound(Strict):
    """A date limit relative to the delivery's month; `rule` is the reason a row outside it is given."""

    bound: Bound
    plus_days: int = 0
    rule: Literal["other_month", "range"] = "range"


class RequiredWhen(Strict):
    """The column must hold a value in rows where another column does (or holds one certain code)."""

    column: str
    equals: str | None = None


class Column(Strict):
    """One column of the canonical form.

    A `pseudonym` column is hashed on arrival and archived as `..._key`; a `unit` or `role` column is matched
    against the council's names, `unknown` saying what a name nobody knows becomes. `headers` are other spellings of its
    header, `headed` is what a sender wrote whose mapping reads it from elsewhere.
    """

    name: str
    type: ColumnType
    meaning: str
    key: bool = False
    required: bool = False
    required_when: RequiredWhen | None = None
    codes: tuple[str, ...] = ()
    pseudonym: Literal["child", "family", "worker", "registration"] | None = None
    unknown: Literal["unmapped", "outside"] | None = None
    precision: int = 18
    scale: int = 2
    percent: bool = False
    minimum: int | None = None
    above: int | None = None
    maximum: int | None = None
    at_most: str | None = None
    not_after: DateBound | None = None
    not_before: DateBound | None = None
    headers: tuple[str, ...] = ()
    headed: str = ""

    @field_validator("name")
    @classmethod
    def _named_in_snake_case(cls, value: str) -> str:
        if not NAME.match(value):
            raise ValueError("a column name is lower-case words joined by underscores")
        return value

    @model_validator(mode="after")
    def _options_fit_the_type(self) -> Column:
        if (self.type == "code") != bool(self.codes):
            raise ValueError(f"{self.name}: `codes` go with type code, and a code column needs them")
        if self.pseudonym and self.type != "identifier":
            raise ValueError(f"{self.name}: only an identifier can be pseudonymised")
        if (self.type == "unit") != (self.unknown is not None):
            raise ValueError(f"{self.name}: `unknown` goes with type unit, and a unit column needs it")
        numeric = self.type in ("decimal", "money")
        if not numeric and (
            self.percent or any(v is not None for v in (self.minimum, self.above, self.maximum))
        ):
            raise ValueError(f"{self.name}: ranges and percent go with numbers")
        if self.type != "date" and (self.not_after or self.not_before):
            raise ValueError(f"{self.name}: not_after and not_before go with dates")
        return self

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every header the column is known by."""
        return (self.name, *self.headers)

    @property
    def archived_name(self) -> str:
        """The column's name in the archive: `worker_id` becomes `worker_key` once it is a hash."""
        if not self.pseudonym:
            return self.name
        return re.sub(r"(_id|_no)?$", "_key", self.name, count=1)

    @property
    def archived_type(self) -> str:
        """DuckDB type of the archived column."""
        if self.pseudonym:
            return "BIGINT"
        return {
            "date": "DATE",
            "boolean": "BOOLEAN",
            "decimal": f"DECIMAL({self.precision},{self.scale})",
            "money": f"DECIMAL({self.precision},{self.scale})",
        }.get(self.type, "VARCHAR")

    @property
    def expected(self) -> str:
        """What a sender should have put there, in words; used in quarantine reasons and documentation."""
        words = {
            "identifier": "an identifier as text",
            "text": "text",
            "code": "one of " + ", ".join(self.codes),
            "unit": "a unit's slug, name or alias",
            "role": "a role's slug or alias",
            "date": "a date as YYYY-MM-DD, DD/MM/YYYY or DD-Mon-YYYY",
            "decimal": "a number with . as its decimal sign",
            "money": "an amount in pounds with at most two decimals",
            "boolean": "true or false",
            "financial_year": "a financial year as YYYY-YY, in the folder of its March",
        }[self.type]
        if self.above is not None:
            words += f", more than {self.above}"
        if self.minimum is not None:
            words += f", at least {self.minimum}"
        if self.maximum is not None:
            words += f", at most {self.maximum}"
        if self.at_most:
            words += f", at most {self.at_most}"
        for limit, text in ((self.not_before, "not before"), (self.not_after, "not after")):
            if limit:
                day = "the month's first day" if limit.bound == "month_start" else "the month's last day"
                words += f", {text} {day}" + (f" plus {limit.plus_days} days" if limit.plus_days else "")
        if self.required_when:
            given = self.required_when
            words += f", required when {given.column} is " + (given.equals or "given")
        if self.headed:
            words += f"; the file's column {self.headed}"
        return words


class Specification(Strict):
    """One extract: its family, its grain and its columns, in canonical order.

    Totals without a key column are one row a delivery. `stands_in_for` names the extracts that are not missed where
    these totals came.
    """

    extract: str
    family: Literal["caseload", "hr", "agency_spend"]
    grain: Literal["rows", "summary"]
    title: str
    expected_each_month: bool = False
    stands_in_for: tuple[str, ...] = ()
    header_only: Literal["refused", "empty"]
    columns: Annotated[tuple[Column, ...], Field(min_length=1)]
    source_hash: str = ""

    @model_validator(mode="after")
    def _columns_fit_together(self) -> Specification:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("two columns have one name")
        for column in self.columns:
            for other in (column.at_most, column.required_when.column if column.required_when else None):
                if other and other not in names:
                    raise ValueError(f"{column.name} refers to {other}, which is no column")
        if not self.key and self.grain == "rows":
            raise ValueError("an extract of rows needs at least one key column")
        return self

    @property
    def key(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.key)

    @property
    def required_names(self) -> tuple[str, ...]:
        """Columns whose header must be there."""
        return tuple(column.name for column in self.columns if column.required)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def read_specification(path: Path) -> Specification:
    """The specification in one YAML file.

    Raises SpecificationError naming the file and every field that is wrong.
    """
    text = path.read_text(encoding="utf-8")
    try:
        content = yaml.safe_load(text)
        if not isinstance(content, dict):
            raise SpecificationError(f"{path.name}: a mapping is wanted at the top")
        specification = Specification(**content, source_hash=hashlib.sha256(text.encode()).hexdigest()[:16])
    except yaml.YAMLError as error:
        raise SpecificationError(f"{path.name}: not YAML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc'])) or 'file'}: {p['msg']}" for p in error.errors())
        raise SpecificationError(f"{path.name}: {problems}") from error
    if specification.extract != path.stem:
        raise SpecificationError(
            f"{path.name}: describes {specification.extract}; file and extract share one name"
        )
    return specification


@cache
def load_specifications(folder: Path = SPECIFICATIONS) -> dict[str, Specification]:
    """Every extract's specification by name, in alphabetical order."""
    return {path.stem: read_specification(path) for path in sorted(folder.glob("*.yml"))}
