"""What a later delivery changed of what was told, in one sentence. Which delivery it was is decided by the mart."""

from __future__ import annotations

from collections.abc import Sequence

from dagster_project.alerts.breach import Breach, Correction, rank
from dagster_project.alerts.calendar_words import day_words, month_words
from dagster_project.alerts.metrics import Metric


def correction_words(group: Sequence[Breach], words: Metric) -> str:
    """Empty where nothing was corrected. Of workers it is told how many, and no figure."""
    corrected = [(breach, breach.correction) for breach in group if breach.correction]
    if not corrected:
        return ""
    breach, correction = corrected[0]
    if breach.worker_key is not None:
        concerned = "" if len(corrected) == len(group) else f"{len(corrected)} of them: "
        return f"{concerned}{_waited_for(correction) or _what(correction, breach)}"
    told = correction.told_value
    if waited_for := _waited_for(correction):
        return f"no figure was told before: {waited_for}"
    before = "no figure was told before" if told is None else f"it was told as {words.number(told)}"
    return f"{_what(correction, breach)}; {before}"


def correction_label(group: Sequence[Breach]) -> str:
    """What the sentence speaks of: a figure that was told and changed, or one that had to be waited for."""
    correction = next((breach.correction for breach in group if breach.correction), None)
    return "Came late" if correction and _waited_for(correction) else "Corrected"


def _waited_for(correction: Correction) -> str:
    """How the first usable delivery of an extract came, where nothing could be told before it; else empty."""
    if correction.cause not in _FIRST or correction.extract is None or correction.received_on is None:
        return ""
    if correction.told_value is not None or correction.told_severity is not None:
        return ""
    others = f" and {correction.others} more" if correction.others else ""
    extract, day = correction.extract.replace("_", " "), day_words(correction.received_on)
    return f"{extract}{others} {_FIRST[correction.cause]} {day}"


_FIRST = {"late": "came late, on", "mended": "had been refused, and was accepted on"}


def _what(correction: Correction, breach: Breach) -> str:
    of_month = (
        ""
        if breach.state != "withdrawn" or breach.since_month is None
        else f" of {month_words(breach.since_month)}"
    )
    changed = f"figure{of_month} changed by"
    if correction.extract is None or correction.received_on is None:
        return f"{changed} reference data that changed"
    others = f" and {correction.others} more" if correction.others else ""
    extract = correction.extract.replace("_", " ")
    day = day_words(correction.received_on)
    if correction.cause == "withdrawn":
        return f"{changed} the withdrawal of a delivery of {extract}{others} on {day}"
    only = (
        ", and outside the threshold only since then"
        if rank(correction.told_severity) == 0 < rank(breach.severity)
        else ""
    )
    if correction.cause == "mended":
        return f"{changed} a delivery of {extract}{others} accepted {day} after one was refused{only}"
    kind = "a corrected" if correction.cause == "corrected" else "a late"
    return f"{changed} {kind} delivery of {extract}{others} received {day}{only}"
