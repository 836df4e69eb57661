"""The runbook's sentences are those of the code, and no failure of a whole load is left out of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from dagster_project.settings import PROJECT_ROOT

RUNBOOK = (PROJECT_ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
TREES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted((PROJECT_ROOT / "dagster_project").rglob("*.py"))
}
STOPS_A_LOAD = {
    "BackupError", "CollisionError", "DamagedFileError", "DamagedRecordError", "EngineError", "LoadInProgressError",
    "NewerDataError", "NewerLedgerError", "RestoreUnfinishedError", "SealError", "SecretFileError", "SettingsError",
    "SourceError", "SuiteError",
}  # fmt: skip
OF_ANOTHER_COMMAND = {"key_rotation.py"}
SHORTEST = 8
"""Letters of a piece of a sentence that tell it from others."""


def words(node: ast.expr) -> str:
    """A sentence of the code, dots where a value stands."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(words(value) for value in node.values)
    return "..."


def sentences() -> str:
    return "\n".join(
        words(node)
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr)
    )


def quoted() -> list[str]:
    rows = RUNBOOK.split("## The load stopped")[1].split("## A file was refused")[0].splitlines()
    rows += RUNBOOK.split("## The machine is lost")[1].splitlines()
    return [
        span
        for row in rows
        if row.startswith("| `")
        for span in re.findall(r"`([^`]+)`", row.split(" | ")[0])
    ]


def raised() -> Iterator[str]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if (
                path.name not in OF_ANOTHER_COMMAND
                and isinstance(node, ast.Raise)
                and isinstance(node.exc, ast.Call)
                and isinstance(node.exc.func, ast.Name)
                and node.exc.func.id in STOPS_A_LOAD
                and isinstance(node.exc.args[0], ast.Constant | ast.JoinedStr)
            ):
                yield words(node.exc.args[0])


def pieces(sentence: str) -> list[str]:
    return [piece.strip() for piece in sentence.split("...") if len(piece.strip()) >= SHORTEST]


@pytest.mark.parametrize("sentence", quoted())
def test_a_sentence_of_the_runbook_is_one_the_code_says(sentence: str) -> None:
    said = sentences()

    assert len(quoted()) > 20
    assert [piece for piece in pieces(sentence) if piece not in said] == []


@pytest.mark.parametrize("sentence", sorted(set(raised())))
def test_a_failure_of_a_load_stands_in_the_runbook(sentence: str) -> None:
    told = " ".join(quoted())

    assert not pieces(sentence) or any(piece[:20] in told for piece in pieces(sentence)), sentence
