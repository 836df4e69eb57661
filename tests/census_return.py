"""A census return of a made-up council in DfE's layout, for tests to bend. Asserts nothing."""

from __future__ import annotations

from xml.sax.saxutils import escape

Worker = dict[str, str]


def worker(**cells: str) -> Worker:
    return {
        "AgencyWorker": "0",
        "SWENo": "SW1234567890",
        "FTE": "1.000000",
        "OrgRole": "5",
        "RoleStartDate": "2020-01-06",
    } | cells


def document(*workers: Worker, header: str = "", before: str = "") -> str:
    header = header or (
        "<CollectionDetails><Collection>CSWW</Collection><Year>2024</Year>"
        "<ReferenceDate>2024-09-30</ReferenceDate></CollectionDetails>"
        "<Source><SourceLevel>L</SourceLevel><LEA>991</LEA></Source>"
    )
    body = "".join(
        "<CSWWWorker>" + "".join(f"<{k}>{escape(v)}</{k}>" for k, v in w.items()) + "</CSWWWorker>"
        for w in workers
    )
    vacancies = "<LALevelVacancies><NumberOfVacancies>4.5</NumberOfVacancies></LALevelVacancies>"
    return f'<?xml version="1.0"?>{before}<Message><Header>{header}</Header>{vacancies}{body}</Message>'
