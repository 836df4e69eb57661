"""Prints the tables of docs/reliability.md; run with `tests` on PYTHONPATH."""

import sys

from walk.documentation import page

sys.stdout.write(page())
