"""Prints the table of docs/reliability.md; run with `tests` on PYTHONPATH."""

import sys

from hoard.documentation import page

sys.stdout.write(page())
