"""The packages of the locks: known vulnerabilities stop `make audit`, and the bill of materials names what runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from packaging.requirements import Requirement

from dagster_project.settings import PROJECT_ROOT
from requirements.audit import CLEAN, KNOWN, NOT_LOOKED_UP, Audit, audit, told

pytestmark = pytest.mark.long

ADVISORY = {
    "id": "PYSEC-2099-1",
    "aliases": ["CVE-2099-0001"],
    "summary": "made up",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "jinja2"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
        }
    ],
}
ACCEPTED = "id,package,until,reason\n"
DECLARE_NONE = {"antlr4-python3-runtime", "protobuf", "vl-convert-python"}
TODAY = date(2026, 11, 27)


class Service(BaseHTTPRequestHandler):
    """Answers as the open database of vulnerabilities does: one advisory about jinja2, nothing about others."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"vulns": [ADVISORY]} if asked["package"]["name"] == "jinja2" else {}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002


@pytest.fixture(scope="module")
def service() -> Iterator[list[str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    Thread(target=server.serve_forever, daemon=True).start()
    yield ["--vulnerability-service", "osv", "--osv-url", f"http://127.0.0.1:{server.server_port}/v1/query"]
    server.shutdown()


@pytest.fixture(scope="module", autouse=True)
def scanner() -> Iterator[None]:
    """The scanner's own environment, as `make audit` installs and uses it."""
    made("build/audit/.installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(PROJECT_ROOT / "build" / "audit" / "bin" / "python"))
        yield


def made(target: str) -> None:
    program = shutil.which("make")
    assert program
    subprocess.run([program, target], cwd=PROJECT_ROOT, check=True, capture_output=True)


def audited(tmp_path: Path, options: list[str], accepted: str = "") -> Audit:
    lock, rows = tmp_path / "lock.txt", tmp_path / "accepted.csv"
    lock.write_text(
        "".join(f"{name} --hash=sha256:{'0' * 64}\n" for name in ("jinja2==3.1.6", "pandas==3.1.1"))
    )
    rows.write_text(ACCEPTED + accepted)
    return audit([lock], rows, TODAY, options)


def test_a_known_vulnerability_fails_and_is_told_with_the_version_that_mends_it(
    tmp_path: Path, service: list[str]
) -> None:
    found = audited(tmp_path, service)

    assert found.code == KNOWN and found.looked_up == {"jinja2", "pandas"}
    assert told(found).splitlines() == [
        "audit: jinja2 3.1.6: PYSEC-2099-1, CVE-2099-0001; mended in 99.1",
        "audit: 2 packages looked up, 1 vulnerabilities known",
    ]


def test_an_accepted_one_passes_until_its_day_and_no_longer(tmp_path: Path, service: list[str]) -> None:
    row = "CVE-2099-0001,jinja2,{},templates are ours\n"

    assert audited(tmp_path, service, row.format("2026-11-27")).code == CLEAN
    assert audited(tmp_path, service, row.format("2026-11-26")).code == KNOWN
    assert audited(tmp_path, service, row.format("2026-11-27").replace("jinja2", "pandas")).code == KNOWN


def test_a_service_that_cannot_be_asked_is_no_clean_bill(tmp_path: Path) -> None:
    found = audited(tmp_path, ["--vulnerability-service", "osv", "--osv-url", "http://127.0.0.1:9/v1/query"])

    assert found.code == NOT_LOOKED_UP and not found.looked_up
    assert "NOT LOOKED UP: the service could not be asked" in told(found)


def test_the_bill_of_materials_names_every_package_that_runs_with_its_licence_and_needs() -> None:
    made("sbom")
    bill = json.loads((PROJECT_ROOT / "build" / "sbom.cdx.json").read_text(encoding="utf-8"))
    named = {normal(one["name"]): one for one in bill["components"]}
    lines = (PROJECT_ROOT / "requirements" / "base.txt").read_text(encoding="utf-8").splitlines()
    locked = [Requirement(line.rstrip(" \\")) for line in lines if re.match(r"\w", line)]
    here = {normal(one.name): str(one.specifier) for one in locked if not one.marker or one.marker.evaluate()}

    assert {name: f"=={named[name]['version']}" for name in here if name in named} == here
    assert set(named) - set(here) <= {"pip", "setuptools", "uv"}
    assert {name for name in here if not named[name].get("licenses")} <= DECLARE_NONE
    assert bill["metadata"]["component"]["name"] == "caseload"
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert needs[named["dbt-duckdb"]["bom-ref"]] and needs[bill["metadata"]["component"]["bom-ref"]]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
