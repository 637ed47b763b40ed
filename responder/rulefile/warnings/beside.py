"""The texts that go out without a rule, each with what causes it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from responder.core.contact.known import Appointment
from responder.core.contact.question import Ask
from responder.core.deciding.decision import QUESTION, Decision
from responder.core.recognition.outcome import RULE_NAMES, Outcome
from responder.core.recognition.packs import Answer
from responder.core.rehearsal.circumstances import Circumstances, with_appointment, with_subscriptions
from responder.core.rules.rules import KEYWORDS, LEFT
from responder.core.rules.template import Texts
from responder.rulefile.warnings.habits import reached_fallback
from responder.rulefile.warnings.survey import FILLER, Reached, Survey
from responder.rulefile.warnings.texts import Sent, sent_of, texts_of_fallback, texts_of_reserved, texts_of_rules
from responder.rulefile.warnings.wording import SUBSCRIBE, lists_of

SECTION = "appointments"
SEVERAL = ("a1", "a2", "a3")
A_WHILE = timedelta(hours=1)
MOST_WORDS = 5  # for one answer in one language


def every_text(survey: Survey) -> Iterator[Sent]:
    """Each text that the file has for anybody."""
    yield from (sent for _, sent in texts_of_rules(survey))
    yield from texts_of_fallback(survey, reached_fallback(survey))
    yield from chain.from_iterable(texts_of_reserved(survey, keyword) for keyword in KEYWORDS)
    yield from texts_beside(survey)


def texts_beside(survey: Survey) -> Iterator[Sent]:
    """Each text that the file has for what goes out without a rule."""
    yield from chain(
        _about_appointments(survey), _reminders(survey), _questions_of_lists(survey), _left(survey), _notice(survey)
    )


def _about_appointments(survey: Survey) -> Iterator[Sent]:
    """The texts ``which``, ``late`` and ``unclear``; the first is asked only where a rule takes the answer."""
    policy, open_one = survey.rules.appointments, with_appointment(survey.plain)
    brought_about: tuple[tuple[str, Texts | None, Callable[[], Reached | None]], ...] = (
        ("which", policy.which, lambda: _leading(_answers(survey), _of_several(open_one), survey, asks=True)),
        ("late", policy.late, lambda: _leading(_answers(survey), _begun(open_one), survey)),
        ("unclear", policy.unclear, lambda: _leading([FILLER], open_one, survey)),
    )
    for name, texts, find in brought_about:
        found = survey.sources.section(SECTION, name)
        if texts and found and (reached := find()):
            yield from sent_of(texts, found, f"{SECTION}, {name}", reached)


def _answers(survey: Survey) -> Iterator[str]:
    """Some words for each answer in each language: the packs have thousands, all treated alike."""
    counts: Counter[tuple[Answer, str | None]] = Counter()
    for word, meaning in survey.rules.vocabulary.everywhere.answers.items():
        counts[meaning] += 1
        if counts[meaning] <= MOST_WORDS:
            yield word


def _leading(texts: Iterable[str], given: Circumstances, survey: Survey, *, asks: bool = False) -> Reached | None:
    """The first of some texts that something other than a rule answers; with ``asks``, by a question."""
    decided = ((text, survey.decide(text, given)) for text in texts)
    return next(
        (Reached(text=text, given=given) for text, decision in decided if _is_beside(decision, asks=asks)), None
    )


def _is_beside(decision: Decision, *, asks: bool) -> bool:
    is_asked = any(isinstance(effect, Ask) for effect in decision.effects)
    return decision.name == QUESTION and bool(decision.replies) and is_asked is asks


def _of_several(given: Circumstances) -> Circumstances:
    (one,) = given.known.appointments
    return _with(given, *(replace(one, id=name) for name in SEVERAL))


def _begun(given: Circumstances) -> Circumstances:
    (one,) = given.known.appointments
    return _with(given, replace(one, starts_at=given.at - A_WHILE, asked_at=given.at - 2 * A_WHILE))


def _with(given: Circumstances, *appointments: Appointment) -> Circumstances:
    return replace(given, known=replace(given.known, appointments=appointments))


def _reminders(survey: Survey) -> Iterator[Sent]:
    """Their texts, which come without any text to us."""
    for reminder in survey.rules.appointments.reminders:
        found = survey.sources.section(SECTION, "reminders")
        occasion = f"sent {reminder.name} before the start"
        yield from sent_of(reminder.text, found, f"{SECTION}, reminder", occasion=occasion)


def _questions_of_lists(survey: Survey) -> Iterator[Sent]:
    for name, entry in survey.rules.lists.items():
        joining = [rule for rule in survey.enabled if entry.double_opt_in and name in lists_of(rule, SUBSCRIBE)]
        if reached := next(filter(None, map(survey.reached, joining)), None):
            found = survey.sources.section("lists", name, "question")
            yield from sent_of(entry.question, found, f'list "{name}"', reached, title=entry.title)


def _left(survey: Survey) -> Iterator[Sent]:
    """The reply to somebody who leaves a list by STOP and its name."""
    if longest := max(survey.rules.lists.values(), key=lambda entry: len(entry.title), default=None):
        reached = Reached(text=f"STOP {longest.name}", given=with_subscriptions(survey.plain, longest.name))
        found = survey.sources.section("reserved", "stop", LEFT)
        if survey.decide(reached.text, reached.given).name == RULE_NAMES[Outcome.OPT_OUT]:
            texts = survey.rules.reserved_texts[LEFT]
            yield from sent_of(texts, found, 'reserved "stop", left', reached, title=longest.title)


def _notice(survey: Survey) -> Iterator[Sent]:
    if notice := survey.rules.limits.notice:
        found = survey.sources.section("limits", "notice")
        yield from sent_of(notice, found, "limits, notice", occasion="sent before we fall silent")
