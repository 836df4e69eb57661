"""Prints docs/quarantine.md."""

import sys

from dagster_project.quarantine.documentation import documentation

sys.stdout.write(documentation())
