"""Documentation that is made from code is the documentation that lies in docs/."""

from dagster_project.extracts.documentation import describe
from dagster_project.extracts.specification import load_specifications
from dagster_project.settings import PROJECT_ROOT


def test_the_page_on_extracts_is_the_one_the_specifications_make() -> None:
    page = (PROJECT_ROOT / "docs" / "extracts.md").read_text(encoding="utf-8")

    assert page == describe(load_specifications().values()), (
        "run: python -m dagster_project.extracts > docs/extracts.md"
    )
