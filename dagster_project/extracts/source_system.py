"""How a source system's files become extracts: the strict model of one file in `sources/`. Reads no landed file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from dagster_project.errors import PlainError
from dagster_project.extracts.specification import (
    NAME,
    Column,
    Specification,
    Strict,
    load_specifications,
)

SOURCES = Path(__file__).parent / "sources"
CANONICAL = "canonical"

Kind = Literal["table", "joined", "xml"]
DateOrder = Literal["day_first", "month_first", "iso"]
Headers = tuple[str, ...]
WAYS = ("headers", "constant", "part", "together", "share", "difference", "signed")
CouncilFact = Literal["standard_hours_per_week"]


class SourceError(PlainError):
    """A mapping cannot be used; the message names the file and the field."""


def stem_key(text: str) -> str:
    """The form in which names of files and sheets compare: without case, spaces, hyphens and underscores."""
    return re.sub(r"[\s_\-\u00a0]+", "", text).lower()


class Part(Strict):
    """One part of a path such as `Children > Assessment > North`, counted from its end when `last` is given."""

    headers: Headers = Field(min_length=1)
    separator: str = Field(min_length=1)
    take: Literal["first", "last"] = "last"


class Together(Strict):
    """Several columns as one text; `columns` holds the accepted headers of each. Empty where the first is empty."""

    columns: tuple[Headers, ...] = Field(min_length=2)
    separator: str = ""


class Share(Strict):
    """A number of the row over a fact of the council, or over another number of the row; exact."""

    of: Headers = Field(min_length=1)
    minus: Headers = ()
    by: Headers = ()
    by_council: CouncilFact | None = None

    @model_validator(mode="after")
    def _is_over_one_thing(self) -> Share:
        if bool(self.by) == bool(self.by_council):
            raise ValueError(
                "`by` (headers) or `by_council` (a fact of councils.csv) is wanted, and one of them"
            )
        return self


class Difference(Strict):
    """One number of the row less another, each counted as nothing where the other alone is given."""

    of: Headers = Field(min_length=1)
    minus: Headers = Field(min_length=1)


class Signed(Strict):
    """A number whose sign stands in another column; a word that is in neither list leaves the row rejected."""

    of: Headers = Field(min_length=1)
    by: Headers = Field(min_length=1)
    positive: tuple[str, ...] = Field(min_length=1)
    negative: tuple[str, ...] = Field(min_length=1)


class SourceColumn(Strict):
    """Where a canonical column comes from, in one of several ways, and how its words are read.

    `codes` are source word -> canonical word; a word not among them stays as it is. `absent`: the source has none,
    though a column of that name may stand in the file.
    """

    headers: Headers = ()
    constant: str | None = None
    part: Part | None = None
    together: Together | None = None
    share: Share | None = None
    difference: Difference | None = None
    signed: Signed | None = None
    absent: bool = False
    codes: dict[str, str] = Field(default_factory=dict)
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()
    date_order: DateOrder | None = None

    @field_validator("codes", mode="before")
    @classmethod
    def _words_are_text(cls, value: object) -> object:
        """YAML reads 01 and 2018 as numbers; a code is its text, and only quotes keep that."""
        if isinstance(value, dict):
            for word, code in value.items():
                if not isinstance(word, str) or not isinstance(code, str):
                    raise ValueError(f"{word!r}: {code!r}: put codes in quotes")  # noqa: TRY004 - pydantic names the field
        return value

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> SourceColumn:
        ways = [way for way in WAYS if getattr(self, way) not in ((), None)] + ["absent"] * self.absent
        if len(ways) != 1:
            raise ValueError(
                f"one of {', '.join(WAYS)} or absent is wanted, found {', '.join(ways) or 'none'}"
            )
        if bool(self.true_words) != bool(self.false_words):
            raise ValueError("`true_words` and `false_words` go together")
        folded = [word.strip().lower() for word in self.codes]
        if len(set(folded)) != len(folded):
            raise ValueError("two codes compare equal: case and outer spaces do not count")
        return self

    @property
    def sources(self) -> tuple[Headers, ...]:
        """Accepted headers of each column of the source that is read for this one."""
        if self.part:
            return (self.part.headers,)
        if self.together:
            return self.together.columns
        if self.share:
            return tuple(h for h in (self.share.of, self.share.minus, self.share.by) if h)
        if self.difference:
            return (self.difference.of, self.difference.minus)
        if self.signed:
            return (self.signed.of, self.signed.by)
        return (self.headers,) if self.headers else ()


class RowRule(Strict):
    """Rows that do not belong to the extract: those whose cell is one of `values`, is `empty`, or is not `other_than`.

    `notice` is the name under which they are counted.
    """

    headers: Headers = Field(min_length=1)
    values: tuple[str, ...] = ()
    other_than: tuple[str, ...] = ()
    empty: bool = False
    notice: str

    @model_validator(mode="after")
    def _says_which(self) -> RowRule:
        if not (self.values or self.other_than or self.empty):
            raise ValueError("`values`, `other_than` or `empty` is wanted")
        if not NAME.match(self.notice):
            raise ValueError("`notice` is lower-case words joined by underscores")
        return self


class SourceExtract(Strict):
    """How one extract lies in the source's files.

    `files` are names without ending, `*` standing for anything, such as a month; the extract's own name always
    holds. A canonical column that is not in `columns` is read under its own name. `once`: rows that say the same of
    the extract are one, as where a file of workers repeats the post of each.
    Of kind `joined`: `tables` are the files of each table and `query` the SQL file beside the mapping. Of kind `xml`:
    `root` is the element on top.
    """

    files: tuple[str, ...] = ()
    sheet: str | None = None
    columns: dict[str, SourceColumn] = Field(default_factory=dict)
    leave_out: tuple[RowRule, ...] = ()
    once: bool = False
    tables: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    query: str | None = None
    root: str | None = None

    def part_named(self, stem: str) -> str | None:
        """Which part of the extract a file of that name holds: a table's name, "" for the whole; None for none."""
        for table, patterns in self.tables.items():
            if _fits(stem, patterns):
                return table
        return "" if _fits(stem, self.files) else None


def _fits(stem: str, patterns: Iterable[str]) -> bool:
    key = stem_key(stem)
    return any(fnmatchcase(key, stem_key(pattern).replace("[", "[[]")) for pattern in patterns)


class SourceSystem(Strict):
    """One source system: what it is, and how each of its extracts is read.

    `date_order` and `decimal` hold for every column that says nothing else. Without a date order dates are read as
    the canonical form has them.
    `rules` are what a reader of kind `joined` or `xml` wants to know besides; it checks them itself.
    """

    source: str
    kind: Kind
    title: str
    date_order: DateOrder | None = None
    decimal: Literal["point", "comma"] = "point"
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()
    extracts: dict[str, SourceExtract] = Field(min_length=1)
    rules: dict[str, Any] = Field(default_factory=dict)
    source_hash: str = ""
    folder: Path = SOURCES

    @model_validator(mode="after")
    def _fits_the_extracts(self) -> SourceSystem:
        known = load_specifications()
        problems = []
        for name, extract in self.extracts.items():
            if name not in known:
                problems.append(f"extracts.{name}: no extract of that name; known are {', '.join(known)}")
                continue
            columns = {column.name: column for column in known[name].columns}
            for column, how in extract.columns.items():
                problems += [
                    f"extracts.{name}.columns.{column}: {p}" for p in _misfits(columns.get(column), how)
                ]
            problems += _gaps(self.kind, name, extract)
        if bool(self.true_words) != bool(self.false_words):
            problems.append("`true_words` and `false_words` go together")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def is_canonical(self) -> bool:
        return self.source == CANONICAL

    def takes_as_specified(self, extract: str) -> bool:
        """Whether the extract comes as its specification has it: nothing is renamed, left out or translated."""
        how = self.extracts.get(extract, SourceExtract())
        maps = how.columns or how.leave_out or how.once or how.sheet
        translates = self.date_order or self.decimal != "point" or self.true_words
        return self.kind == "table" and not maps and not translates


def _misfits(column: Column | None, how: SourceColumn) -> list[str]:
    if column is None:
        return ["no column of the extract"]
    problems = []
    if column.codes:
        given = [*how.codes.values(), *([how.constant] if how.constant is not None and not how.codes else [])]
        problems += [
            f"{code!r} is none of {', '.join(column.codes)}" for code in given if code not in column.codes
        ]
    if how.true_words and column.type != "boolean":
        problems.append("`true_words` go with a true/false column")
    if how.date_order and column.type != "date":
        problems.append("`date_order` goes with a date")
    if (how.share or how.difference or how.signed) and column.type not in ("decimal", "money"):
        problems.append("share, difference and signed make numbers")
    if how.absent and column.required:
        problems.append("required, so it cannot be absent")
    return problems


def _gaps(kind: Kind, name: str, extract: SourceExtract) -> list[str]:
    """What a kind of source needs and lacks, or has and cannot use."""
    problems = []
    if (kind == "joined") != bool(extract.tables and extract.query):
        problems.append(f"extracts.{name}: `tables` and `query` go with kind joined, which needs both")
    if (kind == "xml") != bool(extract.root):
        problems.append(f"extracts.{name}: `root` goes with kind xml, which needs it")
    if kind != "table" and (extract.columns or extract.leave_out or extract.once or extract.sheet):
        problems.append(f"extracts.{name}: columns, leave_out, once and sheet go with kind table")
    return problems


def read_source(path: Path) -> SourceSystem:
    """The mapping in one YAML file.

    Raises SourceError naming the file and every field that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = _without_twins(text)
        if not isinstance(content, dict):
            raise SourceError(f"{path.name}: a mapping is wanted at the top")
        source = SourceSystem(**content | {"source_hash": _hash(path, content, text), "folder": path.parent})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceError(f"{path.name}: not YAML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            ": ".join(filter(None, [".".join(map(str, p["loc"])), p["msg"].removeprefix("Value error, ")]))
            for p in error.errors()
        )
        raise SourceError(f"{path.name}: {problems}") from error
    if source.source != path.stem:
        raise SourceError(f"{path.name}: describes {source.source}; file and source share one name")
    return source


class _OneOfEach(yaml.SafeLoader):
    """YAML lets a later key replace an earlier one without a word; here that is an error."""


def _construct(loader: _OneOfEach, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    twins = sorted({str(key) for key in keys if keys.count(key) > 1})
    if twins:
        raise yaml.constructor.ConstructorError(
            None, None, f"{', '.join(twins)} stands twice", node.start_mark
        )
    return loader.construct_mapping(node, deep=True)


_OneOfEach.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct)


def _without_twins(text: str) -> object:
    return yaml.load(text, Loader=_OneOfEach)  # noqa: S506 - a safe loader that allows less


def _hash(path: Path, content: dict[str, Any], text: str) -> str:
    """Of the mapping and the queries it names, so that a change of either is a change of the mapping."""
    digest = hashlib.sha256(text.encode())
    extracts = content.get("extracts")
    for extract in extracts.values() if isinstance(extracts, dict) else ():
        query = extract.get("query") if isinstance(extract, dict) else None
        if isinstance(query, str):
            file = path.parent / Path(query).name
            if not file.is_file():
                raise SourceError(f"{path.name}: query: {query} does not lie beside it")
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _product_sources() -> dict[str, SourceSystem]:
    return {path.stem: read_source(path) for path in sorted(SOURCES.glob("*.yml"))}


def load_sources(own: Path | None = None) -> dict[str, SourceSystem]:
    """Every source system by name: the product's, and a council's own in the folder `own`, which wins.

    Raises SourceError where one cannot be used.
    """
    sources = dict(_product_sources())
    if own is not None and own.is_dir():
        for path in sorted(own.glob("*.yml")):
            if path.stem == CANONICAL:
                raise SourceError(
                    f"{path.name}: the canonical form is the product's; give the mapping another name"
                )
            sources[path.stem] = read_source(path)
    return sources


def source_hash(specification: Specification, source: SourceSystem) -> str:
    """Names how a delivery is read: the extract's form, and the mapping to it where there is one."""
    if source.is_canonical:
        return specification.source_hash
    return hashlib.sha256(f"{specification.source_hash} {source.source_hash}".encode()).hexdigest()[:16]
