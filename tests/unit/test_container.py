"""The container deployment names files, commands, packages and settings that there are, and no secret.

`make test-servers` runs the commands of compose.yaml as processes, on real PostgreSQL.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile_parse import DockerfileParser

from dagster_project.settings import PROJECT_ROOT

CONTAINER = PROJECT_ROOT / "deploy" / "container"
BIN = Path(sys.executable).parent
COMPOSE: dict[str, Any] = yaml.safe_load((CONTAINER / "compose.yaml").read_text(encoding="utf-8"))
OURS = ("code", "daemon", "webserver")


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    parser = DockerfileParser(path=str(tmp_path_factory.mktemp("parsed") / "Dockerfile"))
    parser.content = (CONTAINER / "Containerfile").read_text(encoding="utf-8")
    return list(parser.structure)


def values(steps: list[dict[str, Any]], instruction: str) -> list[str]:
    return [step["value"] for step in steps if step["instruction"] == instruction]


def ignored_but_for() -> list[str]:
    lines = (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert "*" in lines
    return [line[1:] for line in lines if line.startswith("!")]


def test_what_the_image_copies_is_there_and_is_let_into_the_build(steps: list[dict[str, Any]]) -> None:
    copied = [source for value in values(steps, "COPY") for source in value.split()[:-1]]

    assert copied
    for source in copied:
        assert (PROJECT_ROOT / source).exists(), source
        assert any(source.rstrip("/").startswith(name) for name in ignored_but_for()), source


def test_the_image_has_all_that_the_product_reads_beside_its_package(steps: list[dict[str, Any]]) -> None:
    copied = {source.rstrip("/") for value in values(steps, "COPY") for source in value.split()[:-1]}

    assert {"dagster_project", "dbt", "seeds", "expectations", "requirements", "pyproject.toml"} <= copied


def test_the_image_is_made_from_the_hashed_lock_and_runs_as_somebody_without_rights(
    steps: list[dict[str, Any]],
) -> None:
    assert any("requirements/install.sh postgres .venv" in value for value in values(steps, "RUN"))
    lock = (PROJECT_ROOT / "requirements" / "postgres.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9-]+)==", lock, flags=re.MULTILINE)
    assert {"dagster-postgres", "dagster-webserver", "psycopg2-binary", "duckdb"} <= set(pinned)
    assert len(re.findall(r"--hash=sha256:", lock)) >= len(pinned)
    assert values(steps, "USER")[-1] == "10001:10001"
    order = [step["instruction"] for step in steps]
    assert order.index("USER") > max(place for place, name in enumerate(order) if name in {"COPY", "RUN"})


def test_the_lock_of_the_image_is_part_of_the_one_that_is_tested() -> None:
    found = [
        set(
            re.findall(
                r"^([a-z0-9._-]+==\S+)", (PROJECT_ROOT / "requirements" / name).read_text(), re.MULTILINE
            )
        )
        for name in ("postgres.txt", "dev.txt")
    ]

    assert found[0] <= found[1]


@pytest.mark.parametrize("service", OURS)
def test_a_service_runs_a_program_of_the_lock_and_tells_whether_it_is_well(service: str) -> None:
    declared = COMPOSE["services"][service]
    check = declared["healthcheck"]["test"]

    assert shutil.which(declared["command"][0], path=str(BIN))
    assert check[0] == "CMD" and shutil.which(check[1], path=str(BIN))
    assert {"interval", "timeout", "start_period", "retries"} <= set(declared["healthcheck"])
    assert declared["cap_drop"] == ["ALL"] and "no-new-privileges:true" in declared["security_opt"]


def test_only_the_code_location_has_the_data_and_the_secrets_of_a_load() -> None:
    services = COMPOSE["services"]
    with_data = [
        name for name in services if any("caseload-home" in one for one in services[name].get("volumes", []))
    ]

    assert with_data == ["code"] and [name for name in services if "secrets" in services[name]] == ["code"]
    assert COMPOSE["services"]["webserver"]["ports"] == ["127.0.0.1:3000:3000"]
    named = {volume.split(":")[0] for one in services.values() for volume in one.get("volumes", [])}
    assert named == set(COMPOSE["volumes"])
    told = [one["environment"] for one in services.values()]
    assert all(
        value.startswith("${")
        for one in told
        for name, value in one.items()
        if re.search("KEY|PASSWORD", name)
    )


def test_every_variable_that_the_configuration_reads_is_set_for_every_service_that_reads_it() -> None:
    read = {
        name
        for file in ("dagster.yaml", "workspace.yaml")
        for name in re.findall(r"env: (\w+)", (CONTAINER / file).read_text(encoding="utf-8"))
    }
    in_image = set(re.findall(r"\b([A-Z_]+)=", (CONTAINER / "Containerfile").read_text(encoding="utf-8")))

    assert read
    for service in OURS:
        assert read <= set(COMPOSE["services"][service]["environment"]) | in_image


def test_dagster_takes_the_configuration_with_postgresql_and_our_launcher(tmp_path: Path) -> None:
    from dagster._core.instance.config import dagster_instance_config

    shutil.copyfile(CONTAINER / "dagster.yaml", tmp_path / "dagster.yaml")
    read, _ = dagster_instance_config(str(tmp_path))

    assert read["storage"]["postgres"]["postgres_db"]["scheme"] == "postgresql+psycopg2"
    assert read["run_launcher"]["class"] == "WatchedRunLauncher"
    assert read["run_retries"] == {"enabled": True, "max_retries": 3, "retry_on_asset_or_op_failure": True}
