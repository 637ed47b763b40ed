"""Small real workbooks: the parts that Excel and LibreOffice write, with cells of each kind."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from xml.sax.saxutils import escape

Cell = bool | str | int | float | date | datetime | time | None
XML = '<?xml version="1.0" encoding="UTF-8"?>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
ODF = "urn:oasis:names:tc:opendocument:xmlns"
EXCEL_BEGAN = datetime(1899, 12, 30)  # noqa: DTZ001  (a workbook knows no zones)
PLAIN, DAY, CLOCK, BOTH = range(4)  # the styles of cells


def zipped(parts: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return target.getvalue()


def xlsx(*rows: Sequence[Cell], more: Sequence[str] = (), raw: str = "", before: str = "", behind: str = "") -> bytes:
    """A workbook of Excel; ``more`` are names of further sheets with one cell.

    ``raw`` is XML behind the rows, ``before`` and ``behind`` is XML around all of them.
    """
    lines = "".join(
        f'<row r="{number}">{"".join(_xlsx_cell(cell, place, number) for place, cell in enumerate(row))}</row>'
        for number, row in enumerate(rows, 1)
    )
    sheets = ["S", *more]
    types = (
        f'{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
    )
    named = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(sheets, 1))
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    book = f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    formats = "".join(f'<xf numFmtId="{number}"/>' for number in (0, 14, 20, 22))
    other = '<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>'
    return zipped(
        {
            "[Content_Types].xml": types,
            "_rels/.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{book}</Relationships>',
            "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{named}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{related}</Relationships>',
            "xl/styles.xml": f'{XML}<styleSheet xmlns="{MAIN}"><cellXfs>{formats}</cellXfs></styleSheet>',
            **{
                f"xl/worksheets/sheet{n}.xml": f'{XML}<worksheet xmlns="{MAIN}">{before}<sheetData>{content}</sheetData>{behind}</worksheet>'
                for n, content in enumerate([lines + raw, *([other] * len(more))], 1)
            },
        }
    )


def _xlsx_cell(cell: Cell, place: int, line: int) -> str:
    where = f"{chr(ord('A') + place)}{line}"
    match cell:
        case None:
            return f'<c r="{where}" s="{DAY}"/>'
        case bool():
            return f'<c r="{where}" t="b"><v>{int(cell)}</v></c>'
        case str():
            return f'<c r="{where}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
        case int() | float():
            return f'<c r="{where}"><v>{cell!r}</v></c>'
        case datetime():
            return f'<c r="{where}" s="{BOTH}"><v>{(cell - EXCEL_BEGAN).total_seconds() / 86400!r}</v></c>'
        case date():
            return f'<c r="{where}" s="{DAY}"><v>{(cell - EXCEL_BEGAN.date()).days}</v></c>'
        case time():
            return f'<c r="{where}" s="{CLOCK}"><v>{(cell.hour * 60 + cell.minute) / 1440!r}</v></c>'


def ods(*rows: Sequence[Cell], raw: str = "", before: str = "") -> bytes:
    """A workbook of LibreOffice, with the empty cells to the end of the sheet that it writes."""
    lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}{_empty(16000)}</table:table-row>" for row in rows)
    end = f'<table:table-row table:number-rows-repeated="1048000">{_empty(16384)}</table:table-row>'
    names = "".join(f' xmlns:{name}="{ODF}:{name}:1.0"' for name in ("office", "table", "text", "calcext"))
    body = (
        f'<office:spreadsheet><table:table table:name="S">{before}{lines}{raw}{end}</table:table></office:spreadsheet>'
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": f"{XML}<office:document-content{names}><office:body>{body}</office:body></office:document-content>",
            "META-INF/manifest.xml": f'{XML}<manifest:manifest xmlns:manifest="{ODF}:manifest:1.0"/>',
        }
    )


def _empty(count: int) -> str:
    return f'<table:table-cell table:number-columns-repeated="{count}"/>'


def _ods_cell(cell: Cell) -> str:
    match cell:
        case None:
            return "<table:table-cell/>"
        case bool():
            return f'<table:table-cell office:value-type="boolean" office:boolean-value="{str(cell).lower()}"/>'
        case str():
            return f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
        case int() | float():
            return f'<table:table-cell office:value-type="float" office:value="{cell!r}"><text:p>x</text:p></table:table-cell>'
        case date():  # a moment too
            value = f'office:value-type="date" office:date-value="{cell.isoformat()}"'
        case time():
            value = f'office:value-type="time" office:time-value="PT{cell:%HH%MM%SS}"'
    return f"<table:table-cell {value}><text:p>x</text:p></table:table-cell>"
