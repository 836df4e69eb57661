"""What an OpenDocument spreadsheet's reader does not tell: how far its cells reach, and which of them are errors."""

from __future__ import annotations

import io

from defusedxml.ElementTree import iterparse

from dagster_project.deliveries.file_limits import FileLimits
from dagster_project.deliveries.refusal import Refused

OPEN_DOCUMENT = "content.xml"
FALLBACK = "#VALUE!"


def open_document_errors(
    content: bytes, place: str, limits: FileLimits
) -> dict[str, dict[int, dict[int, str]]]:
    """Sheet name -> row number -> column index -> error text.

    Raises Refused where a cell, which may be written once for thousands, reaches beyond a limit.
    """
    found: dict[str, dict[int, dict[int, str]]] = {}
    name, row, column, height = "", 1, 0, 1
    for event, element in iterparse(io.BytesIO(content), events=("start", "end")):
        tag = element.tag.rpartition("}")[2]
        about = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        if event == "start":
            if tag == "table":
                name, row = about.get("name", ""), 1
            elif tag == "table-row":
                column, height = 0, int(about.get("number-rows-repeated", "1"))
        elif tag == "table-row":
            row += height
            element.clear()
        elif tag in ("table-cell", "covered-table-cell"):
            width = int(about.get("number-columns-repeated", "1"))
            if len(element):
                _refuse_far(column + width, row + height - 1, place, limits)
            kinds = {value for key, value in element.attrib.items() if key.endswith("}value-type")}
            if "error" in kinds:
                text = "".join(element.itertext()).strip()
                for index in range(column, column + width):
                    for number in range(row, row + height):
                        found.setdefault(name, {}).setdefault(number, {})[index] = _error(text)
            column += width
    return found


def _refuse_far(width: int, height: int, place: str, limits: FileLimits) -> None:
    if width > limits.max_columns or width * height > limits.max_sheet_cells:
        raise Refused(
            f"{place}: a cell far from the table: the sheet reaches over {height:,} rows and {width:,} columns. "
            "Delete what lies outside the table and save."
        )


def _error(text: str) -> str:
    """As a workbook writes it; what another program writes its own way (Err:502) is an error all the same."""
    return text if text.startswith("#") else FALLBACK
