"""Breaches told to people: once, by mail, from the verdicts in the marts. No thresholds live here."""

from dagster_project.alerts.announcement import announce
from dagster_project.alerts.breach import Breach
from dagster_project.alerts.outcome import Announcement, DigestReport, NotSent

__all__ = ["Announcement", "Breach", "DigestReport", "NotSent", "announce"]
