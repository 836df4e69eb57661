"""Every file of the hoard lands and becomes what it should: read, in part or whole, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from deliveries_fixture import arrive, make_home, write_reference
from hoard.documentation import page
from hoard.files import FILES, File

from dagster_project.deliveries import Manifest
from dagster_project.settings import PROJECT_ROOT, Settings

COUNCIL, MONTH = "hoardshire", "2024-05"
REFERENCE = {
    "councils": (
        "council,name,ons_code,former_ons_codes,dfe_code,region_code,standard_hours_per_week\n"
        f"{COUNCIL},Hoardshire,E10009999,,999,E12000004,37\n"
    ),
    "org_units": (
        "council,unit,name,level,parent_unit,service_area,frontline,valid_from,valid_to\n"
        f"{COUNCIL},{COUNCIL},Hoardshire,council,,other,false,,\n"
        f"{COUNCIL},north,North,team,{COUNCIL},other,true,,\n"
        f"{COUNCIL},south,South,team,{COUNCIL},other,true,,\n"
    ),
    "unit_aliases": "council,alias,unit\n",
    "role_aliases": "council,alias,role\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    settings = make_home(tmp_path)
    write_reference(
        settings,
        **{**REFERENCE, "unit_aliases": "council,alias,unit\n", "role_aliases": "council,alias,role\n"},
    )
    return settings


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.what)
def test_a_file_becomes_what_it_should(home: Settings, file: File) -> None:
    folder = home.landing / COUNCIL / MONTH
    folder.mkdir(parents=True)
    (folder / file.name).write_bytes(file.make())

    (delivery,) = arrive(home).recorded

    assert file.refused in (delivery.refused_because or "")
    assert delivery.is_refused == bool(file.refused)
    if not file.refused:
        assert delivery.rows_accepted == file.accepted
    found = {
        (str(row["column_name"]), str(row["rule"])): row["rows"] for row in Manifest(home.manifest).reasons()
    }
    assert found == dict(file.reasons)
    assert "C1" not in (delivery.refused_because or "")


def test_the_page_of_reliability_lists_every_file_of_the_hoard() -> None:
    text = (PROJECT_ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert page() in text
