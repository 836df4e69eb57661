"""The machine that was measured on, in words."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.contenders import rivals_python

OURS, THEIRS = ("duckdb", "dbt-core", "dbt-duckdb"), ("pandas", "polars", "pyspark")


def machine() -> dict[str, str]:
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load before": " ".join(f"{one:.1f}" for one in os.getloadavg()),
        **{name: version(name) for name in OURS},
        **_of_the_rivals(),
    }


def _of_the_rivals() -> dict[str, str]:
    """The versions of what the rivals have, asked of their own Python."""
    asked = (
        "import importlib.metadata as m, json, sys\n"
        "found = {d.metadata['Name'].lower(): d.version for d in m.distributions()}\n"
        "print(json.dumps({name: found[name] for name in sys.argv[1:] if name in found}))"
    )
    told = subprocess.run([rivals_python(), "-c", asked, *THEIRS], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(told.stdout)
    return found


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
