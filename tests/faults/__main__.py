"""Prints the tables of docs/reliability.md; run with `tests` on PYTHONPATH."""

import sys

from faults.documentation import tables

sys.stdout.write("\n".join(tables()))
