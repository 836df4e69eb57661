"""Which rule, or which two together, give the figure somebody else has. Tries what rules.yml lists, knows no rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

from dagster_project.reference import Reference
from dagster_project.shadow.evidence import Evidence, Rules, Variant, variant
from dagster_project.shadow.measures import Measure, Month, Published
from dagster_project.shadow.rounding import half_up, is_written_as
from dagster_project.shadow.rules import Rule, Rulebook, applicable

MONTH_BEFORE = "month_before"


@dataclass(frozen=True)
class Question:
    """A cell that differs: `theirs` with the decimals it was written with."""

    unit: str
    measure: Measure
    theirs: Decimal
    decimals: int


@dataclass(frozen=True)
class Answer:
    """What was found for a cell: rules that give their figure exactly, others that would too, or the nearest."""

    rules: Rules = ()
    also: tuple[Rules, ...] = ()
    nearest: Rules = ()
    nearest_value: Fraction | None = None
    has_rows: bool = True


@dataclass
class Search:
    """Works on one month's evidence; each figure is computed once."""

    book: Rulebook
    evidence: Evidence
    published: Published
    teams_below: Mapping[str, Sequence[str]]
    units_below: Mapping[str, Sequence[str]]

    def terms(self, measure: Measure, rules: Rules) -> dict[str, Variant] | None:
        """The measure's terms under the rules; None where rules contradict each other."""
        formula = self.book.formulas[measure.name]
        made = {name: variant(self.book, name, rules) for name in formula.terms}
        whole = {name: one for name, one in made.items() if one is not None}
        return whole if len(whole) == len(made) else None

    def value(self, unit: str, measure: Measure, rules: Rules) -> Fraction | None:
        """The figure under the rules; None where they do not go together or give none."""
        if any(rule.is_ for rule in rules) or not self.has_rows(unit, measure):
            return self._published_figure(unit, measure, rules)
        return self._from_rows(unit, measure, rules)

    def _from_rows(self, unit: str, measure: Measure, rules: Rules) -> Fraction | None:
        means = [rule for rule in rules if rule.mean_over]
        rest = tuple(rule for rule in rules if not rule.mean_over)
        terms = self.terms(measure, rest)
        if terms is None or len(means) > 1:
            return None
        if not means:
            return self._ratio(unit, measure, terms)
        below = self.teams_below if means[0].mean_over == "teams" else self.units_below
        values = [self._ratio(one, measure, terms) for one in below.get(unit, ())]
        known = [value for value in values if value is not None]
        return sum(known, Fraction(0)) / len(known) if len(known) > 1 else None

    def has_rows(self, unit: str, measure: Measure) -> bool:
        """Whether rows give our own figure, as they do unless monthly totals stand in for some of them."""
        if measure.name not in self.book.formulas:
            return False
        ours = self.published.figures.get((unit, measure.name))
        exact = self._from_rows(unit, measure, ())
        return ours is not None and exact is not None and half_up(exact, measure.scale) == ours

    def _published_figure(self, unit: str, measure: Measure, rules: Rules) -> Fraction | None:
        """What is published elsewhere and may stand in the figure's place: another measure, or the month before."""
        if len(rules) != 1:
            return None
        figure = None
        if rules[0].is_:
            figure = self.published.figures.get((unit, rules[0].is_))
        elif rules[0].name == MONTH_BEFORE:
            figure = self.published.before.get((unit, measure.name))
        return None if figure is None else Fraction(figure)

    def _ratio(self, unit: str, measure: Measure, terms: Mapping[str, Variant]) -> Fraction | None:
        totals = self.evidence.totals(terms.values())
        amounts = {name: totals[one].get(unit) for name, one in terms.items()}
        return self.book.formulas[measure.name].value(amounts)

    def rules_for(self, measure: Measure) -> list[Rule]:
        found = applicable(self.book.rules, self.book, measure.name)
        if measure.name not in self.book.formulas:
            found += [rule for rule in self.book.rules if rule.name == MONTH_BEFORE]
        return found

    def answers(self, questions: Sequence[Question]) -> list[Answer]:
        """An answer to each question. Of several that fit, the one that explains most cells of the sheet is given."""
        candidates = {measure: self._candidates(measure) for measure in {q.measure for q in questions}}
        self._compute(candidates)
        fits = [self._fitting(question, candidates[question.measure]) for question in questions]
        often: Counter[Rules] = Counter(rules for found in fits for rules in found if len(rules) == 1)
        answers = []
        for question, found in zip(questions, fits, strict=True):
            ranked = sorted(found, key=lambda rules: self._rank(rules, often))
            if ranked:
                answers.append(Answer(ranked[0], tuple(ranked[1:])))
            elif self.has_rows(question.unit, question.measure):
                answers.append(self._nearest(question, candidates[question.measure]))
            else:
                answers.append(Answer(has_rows=False))
        return answers

    def _candidates(self, measure: Measure) -> list[Rules]:
        """Every rule that says something of the measure, then every two of them that go together."""
        rules = self.rules_for(measure)
        single: list[Rules] = [(rule,) for rule in rules]
        if measure.name not in self.book.formulas:
            return single
        fit = [rule for rule in rules if not rule.is_]
        pairs: list[Rules] = []
        for one, other in combinations(fit, 2):
            rest = tuple(rule for rule in (one, other) if not rule.mean_over)
            if self.terms(measure, rest) is not None:
                pairs.append((one, other))
        return [*single, *pairs]

    def _compute(self, candidates: Mapping[Measure, Iterable[Rules]]) -> None:
        """All totals in one pass over each kind of rows."""
        wanted: list[Variant] = []
        for measure, tried in candidates.items():
            if measure.name not in self.book.formulas:
                continue
            for rules in ((), *tried):
                rest = tuple(rule for rule in rules if not rule.mean_over and not rule.is_)
                wanted += (self.terms(measure, rest) or {}).values()
        self.evidence.totals(wanted)

    def _fitting(self, question: Question, tried: Iterable[Rules]) -> list[Rules]:
        """The single rules that give their figure; pairs only where no single one does."""
        found: list[Rules] = []
        for rules in tried:
            if found and len(rules) > len(found[0]):
                break
            value = self.value(question.unit, question.measure, rules)
            if value is not None and is_written_as(value, question.theirs, question.decimals):
                found.append(rules)
        return found

    def _rank(self, rules: Rules, often: Counter[Rules]) -> tuple[object, ...]:
        frequency = [often[rule,] for rule in rules]
        return (-min(frequency), -sum(frequency), [self.book.position(rule) for rule in rules])

    def _nearest(self, question: Question, tried: Iterable[Rules]) -> Answer:
        """The one rule that comes nearest, where any comes nearer than our own figure; two could do so by chance."""
        ours = self.published.figures[question.unit, question.measure.name]
        theirs = Fraction(question.theirs)
        best: tuple[Fraction, Rules, Fraction] | None = None
        for rules in tried:
            value = self.value(question.unit, question.measure, rules)
            if value is None or len(rules) > 1:
                continue
            distance = abs(value - theirs)
            if best is None or distance < best[0]:
                best = (distance, rules, value)
        if best is None or ours is None or best[0] >= abs(Fraction(ours) - theirs):
            return Answer()
        return Answer(nearest=best[1], nearest_value=best[2])


def units_below(
    reference: Reference, month: Month, units: Iterable[str]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """For each unit the teams anywhere below it, and the units right below it, of those that are in force."""
    in_force = set(units)
    parents = {
        unit: parent
        for (council, unit), parent in reference.parent_units.items()
        if council == month.council and unit in in_force
    }
    levels = {
        row["unit"]: row["level"] for row in reference.rows("org_units") if row["council"] == month.council
    }
    teams: dict[str, list[str]] = {}
    right_below: dict[str, list[str]] = {}
    for unit, parent in sorted(parents.items()):
        if parent:
            right_below.setdefault(parent, []).append(unit)
        above = parent
        while above and levels.get(unit) == "team":
            teams.setdefault(above, []).append(unit)
            above = parents.get(above)
    return teams, right_below
