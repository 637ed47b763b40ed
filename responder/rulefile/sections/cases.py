"""The tests of a file: ``tests`` as values."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from responder.core.contact.effects import AppointmentStatus
from responder.core.contact.known import Appointment, SubscriptionStatus
from responder.core.deciding.decision import FALLBACK
from responder.core.rehearsal.circumstances import SOMEBODY
from responder.core.rules.actions import ACTIONS
from responder.core.rules.sections import NOTHING, Case, Expected, ExpectedStep, Given, Turn
from responder.core.rules.template import did_you_mean
from responder.core.sms.typed_times import read_moment
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Scalar
from responder.rulefile.reading.places import called
from responder.rulefile.reading.reader import Fields, Reader, T, Wrong, any_text, flag, is_empty, member_of, shown, text
from responder.rulefile.reading.scope import Scope

BEFORE_RULES = ("reserved:stop", "reserved:start", "reserved:help", "reserved:review", "question")
NO_RULE = (NOTHING, "null", "~", "")
OTHER_STEPS = ("opt_out", "opt_in", "review")
DETAILS = ("name", "service", "location", "language")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Local:
    """What the tests of one file are read with."""

    scope: Scope
    rules: Collection[str]

    def moment(self, node: Node) -> datetime:
        """A moment in UTC; without an offset it is meant in the file's zone."""
        typed = text(node)
        try:
            return read_moment(typed, self.scope.zone)
        except ValueError as error:
            raise Wrong(node, str(error)) from None


def read_cases(node: Node | None, scope: Scope, rules: Collection[str], reader: Reader) -> tuple[Case, ...]:
    """The tests of a file, in its order."""
    if node is None or is_empty(node):
        return ()
    if isinstance(node, MappingNode):
        reader.note(node.place, "expected a list of tests, each of which begins with '- name: …'")
        return ()
    read = partial(_case, local=Local(scope=scope, rules=rules), outer=reader)
    return tuple(case for case in reader.each(read, node) if case)


def _case(node: Node, local: Local, outer: Reader) -> Case | None:
    reader, mistakes = outer.inside(called(node, "test", "tests")), len(outer.mistakes)
    with reader.fields(node) as fields:
        name = fields.require("name", text, "", "say what the test shows, such as 'name: a text that joins'")
        originator = fields.take("from", local.scope.address, SOMEBODY)
        destination = fields.take("to", local.scope.address, "")
        at = fields.take("at", local.moment, None)
        expected = _expected(fields.node("expect"), local, reader)
        given, earlier = _given(fields.node("given"), originator, local, reader)
        turns = _turns(fields, expected, local, reader)
    if not isinstance(node, MappingNode):
        return None
    if not turns:
        reader.note(node.place, "no text stands here, add one such as 'text: News ON', or several under 'messages'")
        return None
    if all(turn.expected == Expected() for turn in turns) and len(reader.mistakes) == mistakes:
        reader.note(node.place, "the test expects nothing, add for example 'expect: {rule: news-on}'")
    return Case(
        name=name, line=node.place.line, column=node.place.column, originator=originator, destination=destination,
        at=at, given=given, earlier=earlier, turns=turns, file=outer.file,
    )  # fmt: skip


def _turns(fields: Fields, expected: Expected, local: Local, reader: Reader) -> tuple[Turn, ...]:
    """The texts of a test; what the whole test expects goes with the last."""
    single, several = fields.node("text"), fields.node("messages")
    if single is not None and several is not None:
        reader.note(several.place, "a test has 'text' or 'messages', keep one of them")
    if several is None:
        return (Turn(text=reader.attempt(any_text, single, ""), expected=expected),) if single is not None else ()
    turns = reader.each(partial(_turn, local=local, reader=reader), several)
    if not turns or expected == Expected():
        return turns
    last = turns[-1]
    if last.expected != Expected():
        reader.note(several.place, "the last text has an 'expect' of its own, put both together")
    return (*turns[:-1], Turn(text=last.text, at=last.at, expected=expected))


def _turn(node: Node, local: Local, reader: Reader) -> Turn:
    if not isinstance(node, MappingNode):
        return Turn(text=any_text(node))
    with reader.fields(node) as fields:
        return Turn(
            text=fields.require("text", any_text, "", "add what is texted"),
            at=fields.take("at", local.moment, None),
            expected=_expected(fields.node("expect"), local, reader),
        )


def _given(node: Node | None, originator: str, local: Local, outer: Reader) -> tuple[Given, tuple[Turn, ...]]:
    if node is None or is_empty(node):
        return Given(), ()
    reader = outer.inside(f"{outer.where}, given")
    with reader.fields(node) as fields:
        lists = fields.node("subscriptions")
        visit = partial(_appointment, originator=originator, local=local, reader=reader)
        given = Given(
            subscriptions=_statuses(lists, local, reader) if lists else {},
            appointments=tuple(filter(None, fields.each("appointments", visit))),
            fields=_texts(fields.node("fields"), reader),
            language=fields.take("language", local.scope.language, None),
            opted_out=fields.take("opted_out", flag, default=False),
            responses=_responses(fields.node("responses"), local, reader),
            paused_until=fields.take("paused_until", local.moment, None),
        )
        return given, fields.each("messages", partial(_turn, local=local, reader=reader))


def _responses(node: Node | None, local: Local, reader: Reader) -> Mapping[str, bytes]:
    """What webhooks answer, by their names."""
    entries = _entries(node, "webhooks with the fields of their answers", "{crm: {text: On its way.}}", reader)
    return {
        reader.attempt(local.scope.webhook_name, key, ""): json.dumps(_texts(value, reader)).encode()
        for key, value in entries
    }


def _appointment(node: Node, originator: str, local: Local, reader: Reader) -> Appointment | None:
    with reader.fields(node) as fields:
        id_ = fields.require("id", text, "", "add one, such as 'id: a1'")
        remedy = "add when it begins, such as 'starts_at: 2026-12-01T09:00'"
        starts_at = fields.require("starts_at", local.moment, None, remedy)
        status = fields.take("status", member_of(AppointmentStatus, "status"), AppointmentStatus.SCHEDULED)
        asked_at = fields.take("asked_at", local.moment, None)
        name, service, location, language = (fields.take(name, any_text, "") for name in DETAILS)
    if starts_at is None:
        return None
    return Appointment(
        id=id_, originator=originator, starts_at=starts_at, status=status, updated_at=LONG_AGO, asked_at=asked_at,
        name=name, service=service, location=location, language=language,
    )  # fmt: skip


def _expected(node: Node | None, local: Local, outer: Reader) -> Expected:
    if node is None or is_empty(node):
        return Expected()
    reader = outer.inside(f"{outer.where}, expect")
    with reader.fields(node) as fields:
        lists, texts, visits = fields.node("subscriptions"), fields.node("fields"), fields.node("appointment")
        replies = _listed(fields.node("replies"), text, reader)
        all_lists = None if lists is None or isinstance(lists, MappingNode) else tuple(_statuses(lists, local, reader))
        return Expected(
            rule=fields.take("rule", partial(_rule, local=local), None),
            steps=_listed(fields.node("steps"), _step, reader),
            replies=None if replies is None else tuple(reply.rstrip("\n") for reply in replies),
            subscriptions=_expected_statuses(lists, local, reader) if isinstance(lists, MappingNode) else None,
            subscribed=all_lists,
            appointments=None if visits is None else _expected_appointments(visits, reader),
            fields=None if texts is None else _texts(texts, reader),
            language=fields.take("language", local.scope.language, None),
        )


def _listed(node: Node | None, read: Callable[[Node], T], reader: Reader) -> tuple[T, ...] | None:
    """The values of a list that may be empty; None where there is no list."""
    return None if node is None else () if is_empty(node) else reader.each(read, node)


def _rule(node: Node, local: Local) -> str:
    typed = any_text(node)
    if typed in NO_RULE:
        return NOTHING
    known = [*local.rules, *BEFORE_RULES, FALLBACK]
    if typed not in known:
        raise Wrong(node, f"unknown rule {shown(typed)}{did_you_mean(typed, [*known, NOTHING])}")
    return typed


def _statuses(node: Node, local: Local, reader: Reader) -> dict[str, SubscriptionStatus]:
    """Lists with their statuses; those that stand in a mere list are subscribed to."""
    if not isinstance(node, MappingNode):
        return dict.fromkeys(_listed(node, local.scope.list_name, reader) or (), SubscriptionStatus.SUBSCRIBED)
    read = member_of(SubscriptionStatus, "status")
    return {
        reader.attempt(local.scope.list_name, key, ""): reader.attempt(read, value, SubscriptionStatus.PENDING)
        for key, value in node.entries
    }


def _expected_statuses(node: MappingNode, local: Local, reader: Reader) -> Mapping[str, SubscriptionStatus | None]:
    """Lists with their statuses; None for one that nobody spoke of."""
    unsaid = {key.text for key, value in node.entries if isinstance(value, Scalar) and value.text in NO_RULE}
    said = tuple((key, value) for key, value in node.entries if key.text not in unsaid)
    return {**_statuses(MappingNode(place=node.place, entries=said), local, reader), **dict.fromkeys(unsaid, None)}


def _expected_appointments(node: Node, reader: Reader) -> Mapping[str, str]:
    read = member_of(AppointmentStatus, "status")
    entries = _entries(node, "appointments with their statuses", "{a1: confirmed}", reader, may_be_empty=False)
    return {key.text: str(reader.attempt(read, value, AppointmentStatus.SCHEDULED)) for key, value in entries}


def _texts(node: Node | None, reader: Reader) -> Mapping[str, str]:
    entries = _entries(node, "names with values", "{name: Anna}", reader)
    return {key.text: reader.attempt(any_text, value, "") for key, value in entries}


def _entries(
    node: Node | None, what: str, example: str, reader: Reader, *, may_be_empty: bool = True
) -> Sequence[tuple[Scalar, Node]]:
    """The entries of a mapping; none, with a mistake, for anything else."""
    if isinstance(node, MappingNode):
        return node.entries
    if node is not None and not (may_be_empty and is_empty(node)):
        reader.note(node.place, f"expected {what}, such as '{example}'")
    return ()


def _step(node: Node) -> ExpectedStep:
    """A step by its name, or with its settings: ``{reply: Thanks.}`` or ``{action: reply, text: Thanks.}``."""
    if not isinstance(node, MappingNode):
        return ExpectedStep(action=_action(node))
    given = {key.text: value for key, value in node.entries}
    if "action" in given:
        action = _action(given.pop("action"))
        return ExpectedStep(action=action, settings={name: any_text(value) for name, value in given.items()})
    if len(node.entries) != 1:
        raise Wrong(node, "expected one step with its setting, such as 'reply: Thank you.'")
    ((key, value),) = node.entries
    settings = (
        {inner.text: any_text(v) for inner, v in value.entries}
        if isinstance(value, MappingNode)
        else {"": any_text(value).rstrip("\n")}
    )
    return ExpectedStep(action=_action(key), settings=settings)


def _action(node: Node) -> str:
    typed = text(node)
    known = [*ACTIONS, *OTHER_STEPS]
    if typed not in known:
        raise Wrong(node, f"unknown step {shown(typed)}{did_you_mean(typed, known)}")
    return typed
