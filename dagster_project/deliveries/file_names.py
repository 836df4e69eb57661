"""Names of files, folders and sheets as they may be told: a sender may have called one after a child.

Words that files of a council are called by stay; any other is told by its shape, and so is a number longer than a year.
Whoever looks for the file finds it by its folder and the shape. The name itself stands in the manifest alone.
"""

from __future__ import annotations

import re
from functools import cache

from dagster_project.extracts import load_sources, load_specifications
from dagster_project.unseen_signs import without_unseen

LONGEST_NAME = 255
LONGEST_SHAPE = 12
LONGEST_NUMBER = 4
WORDS = re.compile(r"[^\W\d_]+|\d+")
DAY = re.compile(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
MONTHS = (
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec"
)
OF_FILES = (
    "person persons bak doc docx log msg pdf "
    "a absence agency and archive as assessment at back backup book budget budgets by case cases census child "
    "children contact control copy corrected correction council councils csv csww daily data delivery "
    "department dfe door draft export exports extract extracts family file files final finance first for form "
    "from front gl half hidden hr import in inner last late latest ledger letter list lists mail master "
    "meeting month monthly months new no nominal not note notes ods of offer old on or original other out "
    "pack packs page part partial parts payroll people plan post q quarter rate rates readme referral "
    "referrals report reports return returns revised safeguarding second sent service services sheet sheets "
    "sickness social source spend spending ssd staff standard statistics summary system tab table tables team "
    "teams template test text the tmp to total totals transaction transactions trial tsv txt unit units "
    "unknown update updated upload v vacancies vacancy version visit week weekly with work workbook worker "
    "workers works xls xlsb xlsm xlsx xml year yearly zip "
)


def printable(name: str) -> str:
    """A name whole, but for signs that move a cursor or turn a line around: these become `?`."""
    return without_unseen(name, lines=False)[:LONGEST_NAME]


def shown(name: str) -> str:
    """A name as it may be told anywhere: words that are not usual ones by their shape, `Aaaaa` for a surname."""
    return WORDS.sub(lambda match: _word(match[0]), printable(name))


def _word(word: str) -> str:
    if len(word) == 1 or DAY.fullmatch(word):
        return word
    if word.isdigit():
        return word if len(word) <= LONGEST_NUMBER else "9" * min(len(word), LONGEST_SHAPE)
    if word.lower() in usual_words():
        return word
    return "".join("A" if sign.isupper() else "a" for sign in word[:LONGEST_SHAPE])


@cache
def usual_words() -> frozenset[str]:
    """What files are called: the names of extracts and of the files that source systems give, and words about files."""
    names = [MONTHS, OF_FILES, *load_specifications()]
    for source in load_sources().values():
        for how in source.extracts.values():
            names += [*how.files, *how.tables]
            names += [pattern for patterns in how.tables.values() for pattern in patterns]
    return frozenset(word.lower() for name in names for word in WORDS.findall(name))
