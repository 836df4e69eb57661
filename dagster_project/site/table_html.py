"""Tables as HTML, every text escaped: a template asks for each cell in turn, which takes most of a build's time."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from dagster_project.site.contents import Cell, HeatCell, HeatMap, Table, Tag

DEEPEST = 4
CELLS_KEPT = 1 << 15
"""As HTML, for the next page that has the same."""
MISSING = '<span aria-hidden="true">\N{EN DASH}</span><span class="unseen">no value</span>'
SUPPRESSED = '<abbr title="suppressed: small">c</abbr>'


def tag_html(tag: Tag) -> str:
    return f'<strong class="tag {escape(tag.severity)}">{escape(tag.words)}</strong>'


@lru_cache(CELLS_KEPT)
def cell_html(cell: Cell) -> str:
    """What stands in a cell, without the cell."""
    if cell.tag:
        return tag_html(cell.tag)
    if cell.kind == "missing":
        return MISSING
    if cell.kind == "suppressed":
        return SUPPRESSED
    if cell.href:
        return f'<a href="{escape(cell.href)}">{escape(cell.text)}</a>'
    return escape(cell.text)


def table_html(table: Table, key: str) -> str:
    """A table in a part of the page that scrolls by itself, by keyboard too."""
    classes = [' class="number"' if heading.is_number else "" for heading in table.headings]
    names = [escape(heading.text) for heading in table.headings]
    lines = [_opening(key, table.caption, ' class="prose"' if table.is_prose else "")]
    lines += [f'<th scope="col"{kind}>{name}</th>' for name, kind in zip(names, classes, strict=True)]
    lines.append("</tr></thead>\n<tbody>")
    cells = [f"<td{kind}{_named(name, table)}>" for kind, name in zip(classes[1:], names[1:], strict=True)]
    for row in table.rows:
        first, *others = row
        depth = f' class="depth{min(first.depth, DEEPEST)}"' if first.depth else ""
        told = [f"{begins}{cell_html(cell)}</td>" for begins, cell in zip(cells, others, strict=True)]
        lines.append(f'<tr><th scope="row"{depth}>{cell_html(first)}</th>{"".join(told)}</tr>')
    lines.append("</tbody>\n</table>\n</div>")
    return "\n".join(lines)


def _named(name: str, table: Table) -> str:
    """Its column's name within a cell, for narrow screens on which the cells of a row stand below one another."""
    return f' data-name="{name}"' if table.is_prose else ""


def heat_map_html(heat: HeatMap, key: str) -> str:
    """Units by months; each cell says its band in words to those who do not see its colour."""
    lines = [_opening(key, heat.caption, ' class="heat-map"'), '<th scope="col">Unit</th>']
    lines += [f'<th scope="col">{escape(month)}<br>{escape(year)}</th>' for month, year in heat.months]
    lines.append("</tr></thead>\n<tbody>")
    for row in heat.rows:
        depth = min(row.depth, DEEPEST)
        lines.append(
            f'<tr><th scope="row" class="depth{depth}"><a href="{escape(row.href)}">{escape(row.name)}</a></th>'
            + "".join(_heat_cell(cell) for cell in row.cells)
            + "</tr>"
        )
    lines.append("</tbody>\n</table>\n</div>")
    return "\n".join(lines)


def _heat_cell(cell: HeatCell) -> str:
    if cell.kind == "missing":
        return f'<td class="heat missing">{MISSING}</td>'
    if cell.kind == "suppressed":
        return f'<td class="heat suppressed">{SUPPRESSED}</td>'
    sign = f'<span class="sign" aria-hidden="true">{escape(cell.sign)}</span>' if cell.sign else ""
    words = f'<span class="unseen">, {escape(cell.words)}</span>' if cell.words else ""
    kind = escape(cell.severity or cell.kind)
    return f'<td class="heat {kind}"><span class="value">{escape(cell.text)}</span>{sign}{words}</td>'


def _opening(key: str, caption: str, kind: str) -> str:
    return (
        f'<div class="scroll" role="region" aria-labelledby="{key}" tabindex="0">\n<table{kind}>\n'
        f'<caption id="{key}"><span>{escape(caption)}</span></caption>\n<thead><tr>'
    )
