"""The strict model of rules.yml: how figures are made of rows, and how people make them otherwise. Counts nothing."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

Amounts = Mapping[str, Fraction | None]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rows(Strict):
    """What is counted, one row each; a row counts where every facet holds. `none_is_zero`: no row means nothing."""

    of: str
    sql: str
    facets: Mapping[str, str]
    none_is_zero: bool = True
    below: Mapping[str, str] = Field(default_factory=dict)


class Term(Strict):
    """A count or a sum over rows: `amount` of each row, or 1 for each different `once_per`."""

    rows: str
    where: Mapping[str, str] = Field(default_factory=dict)
    keep: str | None = None
    amount: str = "1"
    once_per: str | None = None


class Change(Strict):
    """What a rule does to the terms made of one kind of row; `terms` says to which, empty means all."""

    rows: str
    terms: tuple[str, ...] = ()
    facet: str | None = None
    becomes: str | None = None
    or_: str | None = Field(default=None, alias="or")
    keep: str | None = None
    amount: str | None = None
    once_per: str | None = None
    term: str | None = None

    def concerns(self, term: str, rows: str) -> bool:
        return self.rows == rows and (not self.terms or term in self.terms)

    @property
    def place(self) -> tuple[str, ...] | None:
        """What only one rule can set at a time; None for what goes together with anything."""
        if self.term:
            return (self.rows, "term")
        if self.becomes:
            return (self.rows, "facet", self.facet or "")
        return (self.rows, "counted") if self.amount or self.once_per else None


class Rule(Strict):
    """One way in which people make a figure differently, in plain words."""

    name: str
    words: str
    changes: tuple[Change, ...] = ()
    only_together: bool = False
    mean_over: Literal["teams", "units_below"] | None = None
    of: str | None = None
    is_: str | None = Field(default=None, alias="is")

    def changes_to(self, term: str, rows: str) -> list[Change]:
        return [change for change in self.changes if change.concerns(term, rows)]


class Rulebook(Strict):
    """All of rules.yml, names checked against each other."""

    rows: Mapping[str, Rows]
    terms: Mapping[str, Term]
    measures: Mapping[str, str]
    rules: tuple[Rule, ...]

    @model_validator(mode="after")
    def _names_exist(self) -> Rulebook:
        named = {(term.rows, tuple(term.where)) for term in self.terms.values()}
        named |= {(c.rows, (c.facet,) if c.facet else ()) for rule in self.rules for c in rule.changes}
        for rows, facets in named:
            unknown = set(facets) - set(self.rows[rows].facets) if rows in self.rows else {rows}
            if unknown:
                raise ValueError(f"no rows or facets are called {', '.join(sorted(map(str, unknown)))}")
        terms = {name for formula in self.formulas.values() for name in formula.terms}
        terms |= {name for rule in self.rules for c in rule.changes for name in (*c.terms, c.term) if name}
        if terms - set(self.terms):
            raise ValueError(f"no term is called {', '.join(sorted(terms - set(self.terms)))}")
        return self

    @cached_property
    def formulas(self) -> dict[str, Formula]:
        return {measure: Formula(text) for measure, text in self.measures.items()}

    def position(self, rule: Rule) -> int:
        return self.rules.index(rule)


OPERATIONS: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: lambda one, other: one + other,
    ast.Sub: lambda one, other: one - other,
    ast.Mult: lambda one, other: one * other,
    ast.Div: lambda one, other: one / other,
}


class Formula:
    """Arithmetic over terms, exact; nothing but + - * / and whole numbers."""

    def __init__(self, text: str) -> None:
        self._tree = ast.parse(text, mode="eval").body
        self.terms = tuple(dict.fromkeys(n.id for n in ast.walk(self._tree) if isinstance(n, ast.Name)))

    @property
    def is_ratio(self) -> bool:
        return any(isinstance(node, ast.Div) for node in ast.walk(self._tree))

    def value(self, amounts: Amounts) -> Fraction | None:
        """None where a term has no value or something is divided by zero."""
        return self._value(self._tree, amounts)

    def _value(self, node: ast.expr, amounts: Amounts) -> Fraction | None:
        if isinstance(node, ast.Name):
            return amounts[node.id]
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return Fraction(node.value)
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
            one, other = self._value(node.left, amounts), self._value(node.right, amounts)
            if one is None or other is None or (isinstance(node.op, ast.Div) and other == 0):
                return None
            return OPERATIONS[type(node.op)](one, other)
        raise ValueError("a formula is arithmetic over terms")


def applicable(rules: Iterable[Rule], book: Rulebook, measure: str) -> list[Rule]:
    """The rules that have something to say of a published measure."""
    formula = book.formulas.get(measure)
    found = []
    for rule in rules:
        if rule.of:
            if rule.of == measure:
                found.append(rule)
        elif formula and rule.mean_over:
            if formula.is_ratio:
                found.append(rule)
        elif formula:
            touched = {c for term in formula.terms for c in rule.changes_to(term, book.terms[term].rows)}
            if touched and (not rule.only_together or len(touched) == len(rule.changes)):
                found.append(rule)
    return found


@cache
def load_rulebook() -> Rulebook:
    """What rules.yml says; a mistake in it is a mistake of the product and raises at once."""
    text = Path(__file__).with_name("rules.yml").read_text(encoding="utf-8")
    return Rulebook(**yaml.safe_load(text))
