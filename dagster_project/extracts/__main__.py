"""Print the extracts' forms as Markdown: `python -m dagster_project.extracts > docs/extracts.md`."""

from dagster_project.extracts.documentation import describe
from dagster_project.extracts.specification import load_specifications

if __name__ == "__main__":
    print(describe(load_specifications().values()), end="")
