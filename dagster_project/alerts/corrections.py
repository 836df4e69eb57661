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
        return f"{concerned}{_what(correction, breach)}"
    told = correction.told_value
    before = "no figure was told before" if told is None else f"it was told as {words.number(told)}"
    return f"{_what(correction, breach)}; {before}"


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
    kind = "a corrected" if correction.cause == "corrected" else "a late"
    only = (
        ", and outside the threshold only since then"
        if rank(correction.told_severity) == 0 < rank(breach.severity)
        else ""
    )
    return f"{changed} {kind} delivery of {extract}{others} received {day}{only}"
