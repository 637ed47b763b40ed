"""Logs: one line for each event, in UTC, without a telephone number, whatever somebody texted."""

import io
import json
import logging
import os
from datetime import datetime, timedelta
from typing import Any

import pytest

from responder.logs import set_up_logs

NUMBER = "+393301234567"
KEY = "0123456789abcdef0123456789abcdef"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def logged(event: str, *values: object, form: str = "json", level: int = logging.INFO) -> str:
    stream = io.StringIO()
    set_up_logs("debug", form, stream)
    logging.getLogger("responder.worker").log(level, event, *values)
    return stream.getvalue()


def fields(line: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(line)
    return read


def test_a_line_for_machines_names_time_level_logger_and_event() -> None:
    line = fields(logged("step done key=%s attempt=%d", KEY, 2))
    assert (line["level"], line["logger"], line["event"]) == ("info", "responder.worker", "step done")
    assert sorted(line) == ["attempt", "event", "key", "level", "logger", "timestamp"]


def test_a_line_for_machines_has_a_field_for_each_value_that_has_a_name() -> None:
    line = fields(logged("%s refused, again in %.0f s reason=%s attempt=%d", "message", 2.4, "full", 3))
    assert (line["event"], line["reason"], line["attempt"]) == ("message refused, again in 2 s", "full", 3)


def test_a_line_for_machines_says_which_process_wrote_it() -> None:
    stream = io.StringIO()
    set_up_logs("info", "json", stream, role="worker")
    logging.getLogger("responder.worker").info("worker ready")
    line = fields(stream.getvalue())
    assert (line["role"], line["process"]) == ("worker", os.getpid())


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("name", ["key", "hash"])
@pytest.mark.parametrize("value", ["5eddb0a031123456", "1234567812345678", f"{KEY}-1"])
def test_keys_and_hashes_are_never_taken_for_numbers(name: str, value: str, form: str) -> None:
    assert value in logged(f"rules in force {name}=%s rules=%d", value, 3, form=form)


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("name", ["key", "hash", "reason"])
def test_a_number_is_hidden_in_every_field(name: str, form: str) -> None:
    assert NUMBER not in logged(f"done {name}=%s", NUMBER, form=form)


def test_times_are_utc() -> None:
    assert datetime.fromisoformat(fields(logged("x"))["timestamp"]).utcoffset() == timedelta(0)


def test_a_stream_that_is_no_terminal_gets_json() -> None:
    assert fields(logged("x", form="auto"))["event"] == "x"


def test_a_terminal_gets_readable_lines() -> None:
    stream = Terminal()
    set_up_logs("info", "auto", stream)
    logging.getLogger("responder").info("listening")
    assert "listening" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_a_readable_line_for_a_file_has_no_colours() -> None:
    assert "\x1b" not in logged("x", form="text")


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "number",
    [NUMBER, "00393301234567", "393301234567", "+39 330 123-4567", "3301234", "tel393301234567x", "٠١٢٣٤٥٦٧٨٩"],
)
def test_no_full_number_comes_out(number: str, form: str) -> None:
    line = logged("sent to %s, then to <%s>", number, number, form=form)
    assert number not in line
    assert ascii(number)[1:-1] not in line


def test_two_numbers_run_together_are_hidden_as_one() -> None:
    assert fields(logged("393301234567" * 3))["event"] == "393…67"


def test_the_ends_of_a_number_still_tell_two_apart() -> None:
    assert fields(logged("sent to %s", NUMBER))["event"] == "sent to +39…67"


def test_keys_stay_whole_so_that_they_can_be_looked_up() -> None:
    assert f"{KEY}:reply:1" in logged("done key=%s:reply:1", KEY)


def test_a_number_in_a_traceback_is_hidden() -> None:
    assert NUMBER not in failure("json")
    assert NUMBER not in failure("text")


def test_a_traceback_is_part_of_its_json_line() -> None:
    assert "ValueError" in fields(failure("json"))["exception"]
    assert failure("json").count("\n") == 1


def test_a_traceback_for_people_is_indented_so_that_none_of_it_looks_like_an_event() -> None:
    first, *rest = failure("text").splitlines()
    assert "failed" in first
    assert all(line.startswith("    ") for line in rest)
    assert any("ValueError" in line for line in rest)


def failure(form: str) -> str:
    stream = io.StringIO()
    set_up_logs("info", form, stream)
    try:
        fail()
    except ValueError:
        logging.getLogger("responder").exception("failed")
    return stream.getvalue()


def fail() -> None:
    raise ValueError(f"cannot read {NUMBER}\nforged event")


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("character", ["\n", "\r", "\x0b", "\x1b", "\x85", "\u2028", "\u2029", "\u202e", "\x00"])
def test_what_others_wrote_stays_on_one_line(character: str, form: str) -> None:
    line = logged("said %s", f"hello{character}forged", form=form)
    assert line.endswith("\n")
    assert len(line[:-1].splitlines()) == 1
    assert character not in line[:-1]


def test_letters_of_every_alphabet_are_readable_for_people() -> None:
    assert "perché Ω" in logged("perché Ω", form="text")


@pytest.mark.parametrize(
    "name", ["arq.worker", "arq.jobs", "httpx", "httpcore.connection", "aiosqlite", "sqlalchemy.engine.Engine"]
)
def test_libraries_that_show_contents_are_silent_even_when_all_is_asked_for(name: str) -> None:
    assert from_library(name, logging.INFO) == ""


def test_warnings_of_those_libraries_come_out() -> None:
    assert "trouble" in from_library("arq.worker", logging.WARNING)


def test_the_access_log_is_off() -> None:
    assert from_library("uvicorn.access", logging.CRITICAL) == ""


def from_library(name: str, level: int) -> str:
    stream = io.StringIO()
    set_up_logs("debug", "json", stream)
    logging.getLogger(name).log(level, "trouble")
    return stream.getvalue()


def test_below_the_level_nothing_comes_out() -> None:
    stream = io.StringIO()
    set_up_logs("warning", "json", stream)
    logging.getLogger("responder").info("chatter")
    assert stream.getvalue() == ""


def test_setting_up_twice_does_not_say_everything_twice() -> None:
    first, second = io.StringIO(), io.StringIO()
    set_up_logs("info", "json", first)
    set_up_logs("info", "json", second)
    logging.getLogger("responder").info("once")
    assert (first.getvalue(), second.getvalue().count("once")) == ("", 1)
