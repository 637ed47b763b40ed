"""A CSV of subscribers (contract, section 7): its lines as wishes, or everything that is wrong with it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from responder.cli.csv_lines import read_header, read_lines, refuse
from responder.core.address import number_from
from responder.core.booking import DATE_ALONE, Local, read_time
from responder.core.known import SubscriptionStatus
from responder.core.template import did_you_mean
from responder.core.text import clean
from responder.store.subscribers import Wanted

REQUIRED = ("originator", "list")
COLUMNS = (*REQUIRED, "status", "since", "language", "evidence")
UNDER_REVIEW = (
    "under_review_since"  # a column that an export adds where it says something, and that is never brought in
)
LONGEST_EVIDENCE = 1000  # characters
LONGEST_LANGUAGE = 16
Lines = Sequence[tuple[int, list[str]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What the lines of a file may say: the lists there are, and the evidence for lines that give none, if that is allowed."""

    local: Local
    lists: Collection[str]
    without_evidence: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SubscriberFile:
    """The wishes of a file, each with its line."""

    wanted: Sequence[Wanted] = field(default_factory=list)
    lines: Sequence[int] = field(default_factory=list)


def read_subscribers(
    data: bytes, file: str, terms: Terms, track: Callable[[Lines], Iterable[tuple[int, list[str]]]]
) -> SubscriberFile:
    """The wishes of a file; ConfigurationError tells every line that is wrong. ``track`` is given the lines, and gives them back."""
    lines = read_lines(data, file, COLUMNS)
    names = read_header(lines[0], file, (*COLUMNS, UNDER_REVIEW), REQUIRED)
    mistakes: list[str] = []
    wanted: list[Wanted] = []
    line_of: dict[tuple[str, str], int] = {}
    for line, values in track(lines[1:]):
        if len(values) != len(names):
            mistakes.append(
                f"{file}:{line}: {len(values)} values, the first line names {len(names)} columns: check the separators and quotes"
            )
            continue
        row = {name: " ".join(clean(value).split()) for name, value in zip(names, values, strict=True)}
        problems = list(_problems(row, terms))
        if not problems:
            one = _wanted(row, terms)
            first = line_of.setdefault((one.originator, one.list), line)
            problems = (
                [f"the number is on the list {one.list!r} in line {first} already, keep one of them"]
                if first != line
                else []
            )
            wanted.append(one)
        mistakes += [f"{file}:{line}: {problem}" for problem in problems]
    refuse(mistakes, file)
    return SubscriberFile(wanted=wanted, lines=list(line_of.values()))


def _problems(row: Mapping[str, str], terms: Terms) -> Iterator[str]:
    for name, read in (
        ("originator", _number),
        ("list", _list),
        ("status", _status),
        ("since", _since),
        ("language", _language),
    ):
        try:
            read(row.get(name, ""), terms)
        except ValueError as error:
            yield f"{name}: {error}"
    evidence = row.get("evidence", "")
    joins = row.get("status", "").lower() != SubscriptionStatus.UNSUBSCRIBED
    if joins and not evidence and terms.without_evidence is None:
        yield "evidence: nothing stands here, say where the consent comes from, or import with --no-evidence REASON"
    if len(evidence) > LONGEST_EVIDENCE:
        yield f"evidence: {len(evidence)} characters, at most {LONGEST_EVIDENCE} are kept: shorten it"


def _wanted(row: Mapping[str, str], terms: Terms) -> Wanted:
    return Wanted(
        originator=_number(row["originator"], terms),
        list=row["list"],
        status=_status(row.get("status", ""), terms),
        since=_since(row.get("since", ""), terms),
        language=row.get("language") or None,
        evidence=row.get("evidence") or terms.without_evidence or "",
    )


def _number(typed: str, terms: Terms) -> str:
    if not typed:
        raise ValueError("nothing stands here, fill it in")
    return number_from(typed, terms.local.country)


def _list(typed: str, terms: Terms) -> None:
    if typed not in terms.lists:
        raise ValueError(f"unknown list {typed!r}{did_you_mean(typed, terms.lists) or ', add it to the rules file'}")


def _status(typed: str, _terms: Terms) -> SubscriptionStatus:
    if typed and typed.lower() not in list(SubscriptionStatus):
        raise ValueError(f"{typed!r} is none of {', '.join(SubscriptionStatus)}")
    return SubscriptionStatus(typed.lower()) if typed else SubscriptionStatus.SUBSCRIBED


def _since(typed: str, terms: Terms) -> datetime | None:
    """The moment of the consent; a day without a time is its beginning."""
    if not typed:
        return None
    since = read_time(f"{typed}T00:00" if len(typed) == DATE_ALONE else typed, terms.local.zone)
    if since > datetime.now(UTC):
        raise ValueError(f"{typed!r} is yet to come, expected when the consent was given")
    return since


def _language(typed: str, _terms: Terms) -> None:
    if len(typed) > LONGEST_LANGUAGE:
        raise ValueError(f"{len(typed)} characters, expected a code such as it or en")
