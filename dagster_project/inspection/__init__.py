"""An unknown file looked at before any mapping knows it: what lies in it, what fits, a mapping to start from."""

from dagster_project.inspection.looking import Looked, look
from dagster_project.inspection.proposal import proposal

__all__ = ["Looked", "look", "proposal"]
