"""Logs on stderr, as JSON or readable lines, and never with a full telephone number."""

import logging
import os
import re
import sys
from collections.abc import Sequence
from typing import TextIO

from responder.core.sms.address import mask
from responder.lean import without

with without("rich"):  # for tracebacks, which are shown plain here
    import structlog
    from structlog.typing import EventDict, Processor, WrappedLogger

QUIET = (  # these show arguments, addresses, parameters or contents at INFO or DEBUG, whatever level was asked for
    "arq", "httpx", "httpcore", "aiosqlite", "asyncpg", "sqlalchemy", "python_multipart", "asyncio", "alembic",
    "uvicorn", "watchfiles", "imapclient", "aiosmtplib",
)  # fmt: skip
OFF = ("uvicorn.access",)  # its lines show the token in the webhook's path
NUMBER = re.compile(
    r"(?P<key>(?<![0-9a-f])(?=[0-9]*[a-f])[0-9a-f]{32,}(?![0-9a-f]))"  # the digits of a key or a hash are no number
    r"|\+[0-9](?:[ .()/-]{0,2}[0-9]){6,14}"
    r"|\+?\d{7,}"
)
# what ends a line, or moves or reorders what is shown
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


# where a value stands in a template: " name=%s", or a value within the sentence
PLACE = re.compile(r"(?: (?P<name>\w+)=(?=%[0-9.]*[a-z](?:\s|$)))?%[0-9.]*[a-z]")
WHOLE_KEY = re.compile(r"[0-9a-f]{16,}(?:[-:][\w:-]*)?")  # what the fields key and hash hold


def set_up_logs(level: str = "info", form: str = "auto", stream: TextIO | None = None, role: str = "") -> None:
    """Send every logger's lines to stderr, or another stream, as ``json``, ``text``, or what suits it (``auto``).

    Lines of JSON say which ``role`` a process has (web, worker …), and its number.
    """
    stream = stream or sys.stderr
    is_terminal = stream.isatty()
    as_text = form == "text" or (form == "auto" and is_terminal)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_text(in_colour=is_terminal) if as_text else _json(role))
    root = logging.getLogger()
    for former in root.handlers[:]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in OFF:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _text(*, in_colour: bool) -> logging.Formatter:
    renderer = structlog.dev.ConsoleRenderer(
        colors=in_colour, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
    return _formatter(as_sentence, one_line, renderer)


def _json(role: str) -> logging.Formatter:
    whose = {"role": role, "process": os.getpid()} if role else {}

    def add_process(_logger: WrappedLogger, _level: str, event: EventDict) -> EventDict:
        return {**event, **whose}

    return _formatter(as_fields, add_process, structlog.processors.JSONRenderer())


def _formatter(values: Processor, *last: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.format_exc_info,
            values,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        pass_foreign_args=True,
    )


def as_sentence(logger: WrappedLogger, level: str, event: EventDict) -> EventDict:
    """The values as they stand in the sentence, without full numbers."""
    template, values = _taken_apart(event, level)
    masked_event = mask_numbers(logger, level, event)
    return {**masked_event, "event": template % tuple(value for _, value in values)} if values else masked_event


def as_fields(logger: WrappedLogger, level: str, event: EventDict) -> EventDict:
    """The values that have names as fields of their own, and the sentence without them."""
    template, values = _taken_apart(event, level)
    masked_event = mask_numbers(logger, level, event)
    if not values:
        return masked_event
    sentence = PLACE.sub(lambda found: "" if found["name"] else found[0], template)
    unnamed = tuple(value for name, value in values if not name)
    return {**masked_event, "event": sentence % unnamed, **{name: value for name, value in values if name}}


def _taken_apart(event: EventDict, level: str) -> tuple[str, Sequence[tuple[str | None, object]]]:
    """The template of an event and its values, masked, by their names; no values where it is no plain template."""
    template, arguments = event["_record"].msg, event.pop("positional_args", ())
    if not isinstance(template, str) or not isinstance(arguments, tuple) or "%%" in template:
        return "", ()
    names = [place["name"] for place in PLACE.finditer(template)]
    if len(names) != len(arguments) or masked(template) != template:
        return "", ()
    values = zip(names, arguments, strict=True)
    return template, [(name, value if level == "debug" else _without_number(name, value)) for name, value in values]


def _without_number(name: str | None, value: object) -> object:
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    return text if name in {"key", "hash"} and WHOLE_KEY.fullmatch(text) else masked(text)


def mask_numbers(_logger: WrappedLogger, level: str, event: EventDict) -> EventDict:
    """Hide what looks like a telephone number, in case somebody forgot; only DEBUG may show it."""
    if level == "debug":
        return event
    return {name: masked(value) if isinstance(value, str) else value for name, value in event.items()}


def masked(text: str) -> str:
    """The text with the middle of every telephone number hidden, and keys left whole.

    >>> masked("reply to +393301234567 done key=0123456789abcdef0123456789abcdef")
    'reply to +39…67 done key=0123456789abcdef0123456789abcdef'
    """
    return NUMBER.sub(lambda found: found[0] if found["key"] else mask(found[0]), text)


def one_line(_logger: WrappedLogger, _level: str, event: EventDict) -> EventDict:
    """Keep what others wrote from starting a line of its own; a traceback goes on in indented lines."""
    return {name: _indented(value) if name == "exception" else escaped(value) for name, value in event.items()}


def escaped(value: object) -> object:
    r"""A text with its control characters spelt out; anything else as it is.

    >>> print(escaped("done\n2026-04-08 forged"))
    done\n2026-04-08 forged
    """
    return CONTROL.sub(lambda found: ascii(found[0])[1:-1], value) if isinstance(value, str) else value


def _indented(traceback: str) -> str:
    return "\n".join(f"    {escaped(line)}" for line in traceback.split("\n"))
