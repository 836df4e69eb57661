"""dbt's exposures name the marts that the site, the digests and the paper read, all of them and no others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dagster_project.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "dbt" / "models"
EXPOSURES = yaml.safe_load((MODELS / "exposures.yml").read_text(encoding="utf-8"))["exposures"]
# The model of a mart, by the name under which it is published.
MARTS = {
    model["config"].get("alias", model["name"]): model["name"]
    for path in (MODELS / "marts").rglob("*.yml")
    for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
}
READ = {".py", ".j2", ".yml", ".sql"}


@pytest.mark.parametrize("exposure", EXPOSURES, ids=lambda exposure: exposure["name"])
def test_an_exposure_names_the_marts_its_code_names(exposure: dict[str, Any]) -> None:
    folder: Path = PROJECT_ROOT / exposure["config"]["meta"]["read_by"]
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.suffix in READ
    )
    named = {re.fullmatch(r"ref\('(\w+)'\)", ref)[1] for ref in exposure["depends_on"]}  # type: ignore[index]

    assert named == {model for mart, model in MARTS.items() if re.search(rf"\b{mart}\b", code)}
