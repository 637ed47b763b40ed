"""Trying a conversation that nobody has, and why each text is answered so; and the texts that nothing matched."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from responder.core.contact.reasons import because, reason_of
from responder.core.operations.drafts import shown_text
from responder.core.rules.rules import Rules
from responder.core.sms.address import end_from
from responder.core.sms.typed_times import read_moment
from responder.desk.desk import DeskError, Invalid
from responder.desk.editing.drafts import open_desktop
from responder.desk.editing.rules_file import list_unmatched, rules_with_words
from responder.desk.editing.trying import Booking, Said, Talk, talk_to_test, try_talk
from responder.desk.editing.workspace import keep_alias, keep_test
from responder.desk.messages import show_message
from responder.desk.people import number_of
from responder.desk.rule_versions import list_versions, rules_of_version
from responder.errors import RulesError
from responder.web.console.frame.files import as_csv, as_lines, each_of
from responder.web.console.frame.visits import Visit, acts, pages

IN_FORCE, DRAFT = "", "draft"
EXAMPLE = "+39 330 123 4567"
KNOWN = "known"
VERSIONS = 20  # to choose from
Form = Mapping[str, str]


async def chosen_rules(visit: Visit, choice: str) -> Rules:
    """The rules of a choice. Raises Invalid with what is wrong with a draft, Missing for an unknown version."""
    in_force = visit.console.rules()
    if choice == IN_FORCE:
        return in_force
    if choice != DRAFT:
        return (await rules_of_version(visit.desk, choice)).with_pauses(in_force.pauses)
    file = visit.console.file
    desktop = await open_desktop(visit.desk, file, visit.operator)
    try:
        rules = await file.rules_of(desktop.text)
    except RulesError as error:
        raise Invalid(*map(str, error.mistakes)) from error
    await asyncio.to_thread(getattr, rules, "index")
    return rules.with_pauses(in_force.pauses)


async def show(visit: Visit) -> Response:
    """The page with nothing said yet, filled in from a message or for a person."""
    query, rules = visit.request.query_params, visit.console.rules()
    form = {"from": EXAMPLE, "to": rules.our_number, "rules": query.get("rules", IN_FORCE)}
    if handle := query.get("person"):
        form |= {"from": number_of(visit.desk, handle), "as": KNOWN}
    if key := query.get("message"):
        came = (await show_message(visit.desk, key)).message
        form |= {"from": came.originator or EXAMPLE, "to": came.destination or form["to"], "text": came.text}
    return await _page(visit, form, Talk(originator="", destination=""), rules)


async def act(visit: Visit) -> Response:
    """Go on with the conversation: another text, something put in, a new beginning, or a test out of it."""
    form = dict(await visit.form())
    doing = form.get("do", "send")
    if doing == "begin":
        return await _page(visit, form | {"text": ""}, Talk(originator="", destination=""), visit.console.rules())
    rules, talk = visit.console.rules(), Talk(originator="", destination="")
    try:
        rules = await chosen_rules(visit, form.get("rules", IN_FORCE))
        talk = _read_talk(form, rules)
        talk = _changed(talk, doing, form, rules, visit.now)
        tried = await try_talk(visit.desk, rules, talk)
        if doing == "test":
            await keep_test(visit.desk, visit.console.file, visit.operator, await talk_to_test(visit.desk, rules, talk))
            return visit.go("/rules/edit?step=test", visit.say("The test stands at the end of your draft."))
    except DeskError as error:
        return await _page(visit, form, talk, rules, status=422, wrong=reason_of(error))
    return await _page(visit, form | {"text": "", "booking_at": "", "booking_service": ""}, talk, rules, tried=tried)


def _read_talk(form: Form, rules: Rules) -> Talk:
    """The conversation so far, as the page carried it on. Raises Invalid."""
    try:
        said = tuple(Said(text=str(text), at=_stamp(at)) for text, at in json.loads(form.get("said") or "[]"))
        booked = tuple(
            Booking(starts_at=_stamp(at), service=str(service))
            for at, service in json.loads(form.get("bookings") or "[]")
        )
        lists = tuple(str(name) for name in json.loads(form.get("lists") or "[]"))
    except (ValueError, TypeError) as error:
        raise Invalid(because("talk_unreadable")) from error
    ends = (form.get("from", ""), form.get("to") or rules.our_number)
    try:
        originator, destination = (end_from(one, rules.country) for one in ends)
    except ValueError:
        raise Invalid(because("number_unreadable", typed=" / ".join(filter(None, ends)))) from None
    return Talk(
        originator=originator,
        destination=destination,
        said=said,
        as_known=form.get("as") == KNOWN,
        bookings=booked,
        lists=lists,
    )


def _stamp(typed: object) -> datetime:
    moment = datetime.fromisoformat(str(typed))
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)


def _changed(talk: Talk, doing: str, form: Form, rules: Rules, now: datetime) -> Talk:
    fields = {name: getattr(talk, name) for name in Talk.__dataclass_fields__}
    if doing == "send":
        if not form.get("text", "").strip():
            raise Invalid(because("type_a_text"))
        at = _moment(form.get("at", ""), rules) or now
        if talk.said and at < talk.said[-1].at:
            raise Invalid(because("at_before"))
        fields["said"] = (*talk.said, Said(text=form["text"], at=at))
    elif doing == "appointment":
        starts_at = _moment(form.get("booking_at", ""), rules)
        if starts_at is None:
            raise Invalid(because("booking_needs_time"))
        fields["bookings"] = (*talk.bookings, Booking(starts_at=starts_at, service=form.get("booking_service", "")))
    elif doing == "list" and form.get("list") and form["list"] not in talk.lists:
        fields["lists"] = (*talk.lists, form["list"])
    return Talk(**fields)


def _moment(typed: str, rules: Rules) -> datetime | None:
    try:
        return read_moment(typed.strip(), rules.zone) if typed.strip() else None
    except ValueError:
        raise Invalid(because("time_unreadable", typed=typed.strip())) from None


async def _page(
    visit: Visit, form: Form, talk: Talk, rules: Rules, *, status: int = 200, wrong: str = "", tried: Sequence[Any] = ()
) -> Response:
    desktop = await open_desktop(visit.desk, visit.console.file, visit.operator)
    said = [[one.text, one.at.isoformat()] for one in talk.said]
    booked = [[one.starts_at.isoformat(), one.service] for one in talk.bookings]
    return await visit.page(
        "try.html",
        status,
        typed={name: form.get(name, "") for name in ("from", "to", "at", "text", "booking_at", "booking_service")},
        is_known=form.get("as") == KNOWN,
        choice=form.get("rules", IN_FORCE),
        has_draft=desktop.draft is not None,
        draft_name=DRAFT,
        versions=[one for one in await list_versions(visit.desk, VERSIONS) if one.hash != visit.console.rules().hash],
        tried=tried,
        talk=talk,
        carried={
            "said": json.dumps(said) if wrong == "" else form.get("said", "[]"),
            "bookings": json.dumps(booked) if wrong == "" else form.get("bookings", "[]"),
            "lists": json.dumps(talk.lists) if wrong == "" else form.get("lists", "[]"),
        },
        list_names=sorted(rules.lists),
        lines={rule.name: rule.line for rule in rules.rules},
        wrong=wrong,
    )


async def show_unmatched(visit: Visit) -> Response:
    """The page of texts that met no rule in 30 days, the most frequent first."""
    desktop = await open_desktop(visit.desk, visit.console.file, visit.operator)
    rules = visit.console.rules()
    try:
        draft = await chosen_rules(visit, DRAFT) if desktop.draft else None
        wrong = ""
    except Invalid as error:
        draft, wrong = None, reason_of(error)
    return await visit.page(
        "unmatched.html",
        items=await list_unmatched(visit.desk, rules, draft),
        names=rules_with_words(rules),
        has_draft=desktop.draft is not None,
        wrong=wrong,
    )


async def give_lines(visit: Visit) -> Response:
    return as_lines(each_of(await list_unmatched(visit.desk, visit.console.rules(), None)))


async def give_csv(visit: Visit) -> Response:
    return as_csv(each_of(await list_unmatched(visit.desk, visit.console.rules(), None)), "unmatched")


async def add_alias(visit: Visit) -> Response:
    """Put a text into the draft as one more word for a rule, and show_unmatched its line."""
    form = await visit.form()
    word = shown_text(form.get("word", "")).strip()
    if not word or not form.get("rule"):
        raise Invalid(because("no_rule_chosen"))
    line = await keep_alias(visit.desk, visit.console.file, visit.operator, form["rule"], word)
    return visit.go(f"/rules/edit?line={line}", visit.say("It stands in line %(line)d of your draft.", line=line))


routes: Sequence[Route] = (
    *pages("/try", show, act),
    *pages("/unmatched", show_unmatched),
    *pages("/unmatched.json", give_lines),
    *pages("/unmatched.csv", give_csv),
    *acts("/unmatched/alias", add_alias),
)
