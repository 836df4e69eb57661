"""A PostgreSQL server of the test's own, from Debian's package, as a user that is not root. Asserts nothing."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from free_ports import free_port

NOT_ROOT = "postgres"
"""Debian's package makes it; the server refuses to run as root."""
PASSWORD = "made up"  # noqa: S105  of a server that lives as long as the test


def binaries() -> Path | None:
    """The newest server installed; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None


class Postgres:
    """One cluster in a folder of its own; its data outlive a crash of its processes."""

    def __init__(self) -> None:
        found = binaries()
        if found is None:
            raise FileNotFoundError("no PostgreSQL under /usr/lib/postgresql")
        self._bin = found
        self.port = free_port()
        self._user = NOT_ROOT if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="caseload-postgres-", dir="/tmp"))
        if self._user:
            account = pwd.getpwnam(self._user)
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run(
            "initdb", "--auth=scram-sha-256", "--username=caseload", f"--pwfile={secret}", "-D", self._data
        )
        self.start()
        with_password = {"PGPASSWORD": PASSWORD}
        self._run("createdb", *self._place(), "dagster", **with_password)

    @property
    def environment(self) -> dict[str, str]:
        """What deploy/container/dagster.yaml reads."""
        return {
            "DAGSTER_POSTGRES_HOST": "127.0.0.1",
            "DAGSTER_POSTGRES_PORT": str(self.port),
            "DAGSTER_POSTGRES_USER": "caseload",
            "DAGSTER_POSTGRES_PASSWORD": PASSWORD,
            "DAGSTER_POSTGRES_DB": "dagster",
        }

    def start(self) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -k {self._folder}"
        self._run("pg_ctl", "-D", self._data, "-l", str(self._folder / "log"), "-o", options, "-w", "start")

    def crash(self) -> None:
        """Every process of it ends at once, without a checkpoint."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def restart(self) -> None:
        self.crash()
        time.sleep(1)
        self.start()

    def remove(self) -> None:
        subprocess.run(
            [str(self._bin / "pg_ctl"), "-D", self._data, "-m", "immediate", "stop"],
            user=self._user,
            capture_output=True,
            check=False,
            cwd="/",
        )
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _place(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "caseload"]

    def _run(self, program: str, *arguments: str, **environment: str) -> None:
        # Its children keep no pipe of ours open: a server would never let it end.
        with (self._folder / "printed").open("ab") as printed:
            subprocess.run(
                [str(self._bin / program), *arguments],
                user=self._user,
                cwd="/",
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environment},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                timeout=120,
                check=True,
            )
