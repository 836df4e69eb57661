"""A paper as a Word file: real styles, headers that repeat, pictures with words. The same bytes each time."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from dagster_project.reports.charts import TINTS
from dagster_project.reports.paper.contents import Cell, Paper, Picture, Section, Table

FONT = "Arial"
INK = RGBColor(0x0B, 0x0C, 0x0C)
PAGE_WIDTH, PAGE_HEIGHT, MARGIN = Cm(21), Cm(29.7), Cm(2)
TEXT_WIDTH = 17.0
WIDEST, NARROWEST, PADDING = 6.5, 1.2, 0.32
LONG_NAME = 20
# Centimetres of a letter for each point of its size, with room for bold.
LETTER = 0.0212
# Lines of a table that is kept on one page.
MOST_KEPT_TOGETHER = 16
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def word_file(paper: Paper) -> bytes:
    """The bytes of the paper as DOCX."""
    document = Document()
    _page(document, paper)
    _styles(document, paper.language)
    document.add_paragraph(paper.title, style="Title")
    _facts(document, paper)
    document.add_heading("Summary", level=1)
    for sentence in paper.summary or ["No figure of this month is known."]:
        document.add_paragraph(sentence, style="List Bullet")
    if paper.not_delivered:
        document.add_paragraph(f"Not delivered for {paper.month}: {', '.join(paper.not_delivered)}.")
    for section in paper.sections:
        _section(document, section)
    if paper.left_out:
        document.add_paragraph(f"Not part of this copy: {'; '.join(paper.left_out)}.")
    stream = io.BytesIO()
    document.save(stream)
    return _same_each_time(stream.getvalue())


def _page(document: Any, paper: Paper) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = PAGE_WIDTH, PAGE_HEIGHT
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = MARGIN
    about = document.core_properties
    about.title, about.subject, about.language = (
        paper.title,
        f"{paper.council}, {paper.month}",
        paper.language,
    )
    about.author = about.last_modified_by = "Caseload"
    about.comments = f"{paper.copy} copy"
    about.keywords = ""
    about.created = about.modified = paper.made_at.replace(tzinfo=None)
    about.revision = 1
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    footer.add_run(f"{paper.council}, {paper.month}, {paper.copy} copy. Page ")
    _field(footer, "PAGE")
    footer.add_run(" of ")
    _field(footer, "NUMPAGES")


def _field(paragraph: Any, instruction: str) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), instruction)
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    paragraph._p.append(field)


def _styles(document: Any, language: str) -> None:
    styles = document.styles
    for name, size, bold, before, after in (
        ("Normal", 10.5, False, 0, 5),
        ("Title", 20, True, 0, 8),
        ("Heading 1", 15, True, 16, 6),
        ("Heading 2", 12, True, 12, 4),
        ("Caption", 10, True, 10, 3),
        ("List Bullet", 10.5, False, 0, 3),
        ("Footer", 9, False, 0, 0),
    ):
        style = styles[name]
        style.font.name, style.font.size, style.font.bold = FONT, Pt(size), bold
        style.font.italic = False
        style.font.color.rgb = INK
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:hAnsi"), FONT)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
    styles["Caption"].paragraph_format.keep_with_next = True
    borders = styles["Title"].element.pPr.find(qn("w:pBdr"))
    if borders is not None:
        styles["Title"].element.pPr.remove(borders)
    defaults = styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    lang = defaults.find(qn("w:lang"))
    if lang is None:
        lang = OxmlElement("w:lang")
        defaults.append(lang)
    lang.set(qn("w:val"), language)
    small = styles.add_style("Table note", 1)
    small.base_style = styles["Normal"]
    small.font.size = Pt(8.5)
    small.paragraph_format.space_after = Pt(2)


def _facts(document: Any, paper: Paper) -> None:
    for name, words in paper.facts:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(1)
        paragraph.add_run(f"{name}: ").bold = True
        paragraph.add_run(words)


def _section(document: Any, section: Section) -> None:
    document.add_heading(section.title, level=1)
    if section.about:
        document.add_paragraph(section.about).paragraph_format.keep_with_next = True
    for table in section.tables:
        _table(document, table)
    for words in section.absent:
        document.add_paragraph(words)


def _table(document: Any, table: Table) -> None:
    document.add_heading(table.title, level=2)
    if table.picture:
        _picture(document, table.picture)
    document.add_paragraph(table.caption, style="Caption")
    grid = document.add_table(rows=1 + len(table.lines), cols=len(table.headings))
    grid.alignment = WD_TABLE_ALIGNMENT.LEFT
    grid.autofit = False
    _described(grid, table)
    _rule_lines(grid)
    size = 9 if len(table.headings) <= 7 else 8
    widths = _widths(table, size)
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Cm(width)
    head = grid.rows[0]
    _repeat(head)
    for cell, heading, width in zip(head.cells, table.headings, widths, strict=True):
        cell.width = Cm(width)
        _write(cell, heading.text, is_number=heading.is_number, size=size, bold=True)
    for row, line in zip(list(grid.rows)[1:], table.lines, strict=True):
        _whole(row)
        cells = row.cells
        if line.is_group:
            _write(cells[0].merge(cells[-1]), line.heading, is_number=False, size=size, bold=True)
            continue
        _write(cells[0], line.heading, is_number=False, size=size, bold=line.is_total, depth=line.depth)
        cells[0].width = Cm(widths[0])
        for cell, value, heading, width in zip(
            cells[1:], line.cells, table.headings[1:], widths[1:], strict=True
        ):
            cell.width = Cm(width)
            _write(cell, value.text, is_number=heading.is_number, size=size, bold=line.is_total)
            _tint(cell, value)
    _keep_together(grid)
    for note in table.notes:
        document.add_paragraph(note, style="Table note")
    rule = document.add_paragraph(style="Table note")
    rule.paragraph_format.space_before = Pt(3)
    rule.add_run("Rule: ").bold = True
    for name, meaning in table.rules:
        rule.add_run(f"{name}: ").italic = True
        rule.add_run(f"{meaning} ")
    source = document.add_paragraph(style="Table note")
    source.add_run("Source: ").bold = True
    source.add_run(table.source)


def _keep_together(grid: Any) -> None:
    """The table's head stays with its first lines, and a short table whole."""
    rows = list(grid.rows)
    for row in rows[:-1] if len(rows) <= MOST_KEPT_TOGETHER else rows[:3]:
        for cell in row.cells:
            for paragraph in cell.paragraphs:
                paragraph.paragraph_format.keep_with_next = True


def rule_words(table: Table) -> str:
    """The rules of a table in one paragraph."""
    return " ".join(f"{name}: {meaning}" for name, meaning in table.rules)


def _picture(document: Any, picture: Picture) -> None:
    document.add_paragraph(f"Figure {picture.number}: {picture.title}", style="Caption")
    shape = document.add_picture(io.BytesIO(picture.drawing.png), width=Cm(TEXT_WIDTH - 1))
    described = shape._inline.docPr
    described.set("descr", picture.alternative)
    described.set("title", picture.title)
    described.set("name", f"Figure {picture.number}")


def _widths(table: Table, size: float) -> list[float]:
    """Centimetres for each column: no word is broken, and what is left goes where texts are long."""
    letter = size * LETTER
    texts = [
        [heading.text, *(cells[number] for cells in _texts(table))]
        for number, heading in enumerate(table.headings)
    ]
    longest_word = [max(len(word) for text in column for word in _unbroken(text)) for column in texts]
    # A heading over numbers may take several lines; texts are what room is for.
    longest_text = [
        max((len(text) for text in column[1 if heading.is_number else 0 :]), default=0)
        for heading, column in zip(table.headings, texts, strict=True)
    ]
    narrow = [max(words * letter + PADDING, NARROWEST) for words in longest_word]
    wanted = [min(text * letter + PADDING, WIDEST) for text in longest_text]
    missing = [max(wish - least, 0.0) for wish, least in zip(wanted, narrow, strict=True)]
    spare = TEXT_WIDTH - sum(narrow)
    if spare < 0:
        return [width * TEXT_WIDTH / sum(narrow) for width in narrow]
    # Shared by what each still wants, so that no text runs over many lines while another has a line of its own.
    share = min(1.0, spare / sum(missing)) if any(missing) else 0.0
    return [least + wish * share for least, wish in zip(narrow, missing, strict=True)]


def _unbroken(text: str) -> list[str]:
    """What stays on one line: words, and of very long names the parts between hyphens, where a line may end."""
    return [
        part for word in text.split() for part in (word.split("-") if len(word) > LONG_NAME else [word])
    ] or [""]


def _texts(table: Table) -> list[list[str]]:
    """Every line's texts, the heading with room for its place in the tree."""
    return [
        [line.heading + "n" * 2 * line.depth, *(cell.text for cell in line.cells)]
        for line in table.lines
        if not line.is_group
    ]


def _write(cell: Any, text: str, *, is_number: bool, size: float, bold: bool = False, depth: int = 0) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if is_number else WD_ALIGN_PARAGRAPH.LEFT
    form = paragraph.paragraph_format
    form.space_after = form.space_before = Pt(1.5)
    form.left_indent = Cm(0.3 * depth)
    run = paragraph.add_run(_printable(text))
    run.font.size, run.bold = Pt(size), bold


def _printable(text: str) -> str:
    """Text that XML can hold."""
    return "".join(
        char if char in "\t\n" or ord(char) >= 32 else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def _tint(cell: Any, value: Cell) -> None:
    if value.severity in TINTS and value.severity != "none":
        shade = OxmlElement("w:shd")
        shade.set(qn("w:val"), "clear")
        shade.set(qn("w:color"), "auto")
        shade.set(qn("w:fill"), TINTS[value.severity].removeprefix("#"))
        cell._tc.get_or_add_tcPr().append(shade)


def _described(grid: Any, table: Table) -> None:
    properties = grid._tbl.tblPr
    for tag, words in (("w:tblCaption", table.caption), ("w:tblDescription", rule_words(table))):
        element = OxmlElement(tag)
        element.set(qn("w:val"), words)
        properties.append(element)


def _rule_lines(grid: Any) -> None:
    """Lines between rows only, as in printed statistics."""
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "bottom", "insideH"):
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "4"), ("space", "0"), ("color", "8A9299")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "68")
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    layout = grid._tbl.tblPr.find(qn("w:tblLayout"))
    layout.addprevious(borders)
    layout.addnext(margins)


def _repeat(row: Any) -> None:
    _mark(row, "w:tblHeader")
    _whole(row)


def _whole(row: Any) -> None:
    """The row is not split over two pages."""
    _mark(row, "w:cantSplit")


def _mark(row: Any, tag: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(tag))


def _same_each_time(written: bytes) -> bytes:
    """The same archive with its members' times set, so that equal papers are equal bytes."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(written)) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for member in source.infolist():
            target.writestr(
                zipfile.ZipInfo(member.filename, ZIP_DATE), source.read(member), zipfile.ZIP_DEFLATED
            )
    return stream.getvalue()
