"""Columns as an office names them, days and times as it writes them, and mistakes in the words of its file."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from responder.core.appointments.booking import Booking, Local
from responder.core.consent.standing import SubscriberChange
from responder.core.rules.appointments import FileForm, Imports
from responder.core.sms.address import AS_TEXT
from responder.errors import ConfigurationError
from responder.rulefile import read_rules
from responder.spreadsheets.reading import Reading
from responder.spreadsheets.records import Terms, read_bookings, read_subscribers
from tests.builders import ANNA
from tests.spreadsheets.workbooks import ods, xlsx

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LOCAL = Local(zone=ZoneInfo("Europe/Rome"), country="IT", languages=("it", "en"))
PRACTICE = """
version: 1
lists: {news: }
rules:
  - {name: news-on, when: {text: News ON}, then: [subscribe: news]}
imports:
  appointments:
    columns: {Codice: id, Cellulare: originator, Data: date, Ora: time, Paziente: name}
    dates: dd/mm/yyyy
    times: hh.mm
  subscribers:
    columns: {Telefono: originator, Il: since}
    dates: dd/mm/yyyy
    evidence: paper form of 2026
    list: news
"""
FORMS: Imports = read_rules(PRACTICE, "rules.yaml", {}).imports
EXPECTED_DAY = (
    "expected for example 2026-12-01 (yyyy-mm-dd); "
    "if the file writes the day first, say 'dates: dd/mm/yyyy' under 'imports'"
)
TITLES = ("Codice", "Paziente", "Cellulare", "Data", "Ora", "Medico")


def bookings(data: str | bytes, form: FileForm = FORMS.appointments) -> Reading[Booking]:
    return read_bookings(data if isinstance(data, bytes) else data.encode(), "x.csv", LOCAL, form, NOW)


def people(data: str, form: FileForm = FORMS.subscribers) -> Reading[SubscriberChange]:
    return read_subscribers(data.encode(), "x.csv", Terms(local=LOCAL, lists=["news"], now=NOW), form)


def told(reading: Reading[Any]) -> list[str]:
    return [f"{wrong.line.number}: {text}" for wrong in reading.wrong for text in wrong.mistakes]


def refusal(data: str, form: FileForm) -> str:
    with pytest.raises(ConfigurationError) as refused:
        bookings(data, form)
    return str(refused.value)


def test_a_file_of_the_practice_is_read_as_it_is() -> None:
    read = bookings("CODICE;Paziente;Cellulare;Data;Ora;Medico\n1;Anna;330 1234567;1/12/2026;9.30;Bianchi\n")
    assert read.values == [
        Booking(id="1", originator=ANNA, starts_at=datetime(2026, 12, 1, 8, 30, tzinfo=UTC), name="Anna")
    ]
    assert read.notes == ["x.csv: columns that are not read, since 'imports' does not name them: Medico"]


@pytest.mark.parametrize("make", [xlsx, ods])
def test_a_workbook_of_the_practice_is_read_by_the_kinds_of_its_cells(make: Any) -> None:
    row = (1, "Anna", 3301234567, date(2026, 12, 1), time(9, 30), None)
    (booking,) = bookings(make(TITLES, row)).values
    assert (booking.id, booking.originator, booking.starts_at.hour) == ("1", ANNA, 8)


def test_mistakes_are_told_in_the_words_of_the_file() -> None:
    assert told(bookings("Codice;Cellulare;Data;Ora\n1;3301234567.0;31/11/2026;9:3\n2;;01/12/26;24:00\n")) == [
        "2: Data: '31/11/2026' is no day of the calendar, expected for example 01/12/2026 (dd/mm/yyyy)",
        "2: Ora: '9:3' has one digit of minutes, write both, such as 09:30",
        f"2: Cellulare: '3301234567.0' has a dot before its last digit, as spreadsheets write a sum: {AS_TEXT}",
        "3: Data: '01/12/26' has no year of four digits, expected for example 01/12/2026 (dd/mm/yyyy)",
        "3: Ora: '24:00' has no time of its day, write 00:00 of the day after",
        "3: Cellulare: nothing stands here, fill it in",
    ]


def test_a_dot_in_a_time_is_refused_unless_the_section_allows_it() -> None:
    (mistake,) = told(bookings(f"id,originator,starts_at\n1,{ANNA},2026-12-01 09.30\n", FileForm()))
    assert "'2026-12-01 09.30' has a dot" in mistake
    assert "times: hh.mm" in mistake


def test_our_own_columns_are_read_beside_those_of_the_section() -> None:
    (booking,) = bookings(f"id,originator,starts_at,name\n1,{ANNA},2026-12-01T09:30:00Z,Anna\n").values
    assert (booking.id, booking.starts_at) == ("1", datetime(2026, 12, 1, 9, 30, tzinfo=UTC))


def test_a_missing_column_is_told_by_the_name_of_the_file() -> None:
    assert "the column 'Cellulare' is missing, add it" in refusal("Codice;Data;Ora\n", FORMS.appointments)
    assert "the column 'date' stands there alone, add 'time'" in refusal("Codice;Cellulare;Data\n", FORMS.appointments)


def test_two_columns_for_the_same_are_told() -> None:
    assert "the columns 'Codice' and 'id' are both 'id', remove one" in refusal(
        "Codice;id;Cellulare;Data;Ora\n", FORMS.appointments
    )


def test_columns_without_a_name_are_left_out_where_they_are_empty_and_told_where_they_are_not() -> None:
    assert len(bookings(f"id,originator,starts_at,,\n1,{ANNA},2026-12-01 09:30,,\n", FileForm()).values) == 1
    told = refusal(f"id,originator,starts_at,,\n1,{ANNA},2026-12-01 09:30,x,\n", FileForm())
    assert told == "x.csv:1: column 4 has no name, and values from line 2 on: name it"


@pytest.mark.parametrize("title", ["Medico", "Ora", "Datum", "Heure", "Uhrzeit", "Hora", "Telefono"])
def test_a_column_that_is_not_known_has_its_remedy(title: str) -> None:
    assert f"unknown column {title!r}: leave it out, or say under 'imports' what it is" in refusal(
        f"id,originator,starts_at,{title}\n", FileForm()
    )


def test_columns_that_are_set_apart_otherwise_are_told() -> None:
    assert "separate the columns by commas" in refusal("id|originator|starts_at\n", FileForm())


def test_evidence_and_list_may_hold_for_a_whole_file() -> None:
    (change,) = people("Telefono;Il\n330 1234567;01/05/2026\n").values
    assert (change.list, change.evidence) == ("news", "paper form of 2026")
    assert change.since == datetime(2026, 4, 30, 22, tzinfo=UTC)


def test_a_line_may_say_otherwise_than_its_file() -> None:
    (change,) = people("Telefono;evidence\n330 1234567;by phone\n").values
    assert change.evidence == "by phone"


def test_a_day_that_is_no_day_is_told_as_it_stands_there() -> None:
    read = people("originator,list,since,evidence\n3301234567,news,01/11/2026,form\n", FileForm())
    assert told(read) == [f"2: since: '01/11/2026' is no day, {EXPECTED_DAY}"]


def test_what_each_number_and_time_became_is_told_with_its_column() -> None:
    became = bookings("Codice;Cellulare;Data;Ora\n1;3331234;01/12/2036;9.30\n").became
    assert [(one.line, one.column, one.typed, one.value) for one in became] == [
        (2, "Cellulare", "3331234", "+393331234"),
        (2, "Data Ora", "01/12/2036 9.30", "Mon 2036-12-01 09:30+0100"),
    ]
    assert "no number in IT" in became[0].doubt
    assert became[1].doubt == "that is 10 years away"


@pytest.mark.parametrize(
    ("number", "doubt"),
    [
        ("330 1234567", ""),
        ("02 12345678", "it is a landline, which most likely gets no texts"),
        ("+44 20 7946 0000", "it is a landline, which most likely gets no texts"),
        ("899 123456", "it is a premium-rate number, which belongs to no person"),
        ("800 123456", "it is a toll-free number, which belongs to no person"),
        ("+1 202 555 0123", ""),
    ],
)
def test_a_number_that_gets_no_texts_is_a_doubt_and_is_imported_all_the_same(number: str, doubt: str) -> None:
    read = bookings(f"id,originator,starts_at\n1,{number},2026-12-01 09:00\n", FileForm())
    assert [one.doubt for one in read.became if one.column == "originator"] == [doubt]
    assert (len(read.values), read.wrong) == (1, [])


def test_a_short_code_is_refused_as_what_it_is() -> None:
    read = bookings("id,originator,starts_at\n1,48383,2026-12-01 09:00\n", FileForm())
    assert told(read) == [
        "2: originator: '48383' is a short code or the end of a number, expected for example +393301234567"
    ]


def test_an_hour_that_the_clocks_skip_is_refused_with_the_column_it_stands_in() -> None:
    read = bookings("Codice;Paziente;Cellulare;Data;Ora;Medico\n1;Anna;330 1234567;29/3/2026;2.30;\n")
    why = "is no time in Europe/Rome, where the clocks go from 02:00 to 03:00 that day: write one before or after"
    assert told(read) == [f"2: Data Ora: '29/3/2026 2.30' {why}"]


def test_an_hour_that_comes_twice_is_told_as_the_first() -> None:
    read = bookings("id,originator,starts_at\n1,330 1234567,2026-10-25 02:30\n", FileForm())
    [became] = [one for one in read.became if one.column == "starts_at"]
    assert (became.value, became.doubt.split(":")[0]) == (
        "Sun 2026-10-25 02:30+0200",
        "the clocks show it twice that day, and this is the first",
    )


def test_a_time_with_an_offset_is_no_doubt_though_its_hour_comes_twice() -> None:
    read = bookings("id,originator,starts_at\n1,330 1234567,2026-10-25 02:30+01:00\n", FileForm())
    assert [(one.value, one.doubt) for one in read.became if one.column == "starts_at"] == [
        ("Sun 2026-10-25 02:30+0100", "")
    ]
