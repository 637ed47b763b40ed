"""Limits on automatic replies, so that two auto-responders cannot talk to each other for ever."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from responder.core.contact.echoes import Sent
from responder.core.contact.effects import Mute, Purpose, Reply, WebhookCall
from responder.core.contact.known import Known
from responder.core.contact.reasons import Reason, because
from responder.core.rules.template import Template, Texts
from responder.core.sms.times import Rate, in_words

NOTICES: Mapping[str, str] = {
    "de": "Wir haben viele SMS von Ihnen bekommen. Wir lesen sie, antworten aber eine Weile nicht mehr. "
    "STOP meldet Sie ab.",
    "en": "We got many texts from you. We keep them, but will not answer for a while. Text STOP to get "
    "no more texts from us.",
    "es": "Hemos recibido muchos SMS suyos. Los guardamos, pero no contestaremos por un rato. STOP para darse de baja.",
    "fr": "Vous nous avez écrit beaucoup de SMS. Nous les gardons, mais sans y répondre pour un moment. "
    "STOP pour vous désinscrire.",
    "it": "Abbiamo ricevuto molti SMS da lei. Li conserviamo, ma per un po' non risponderemo. STOP per "
    "non ricevere altri messaggi.",
    "nl": "We kregen veel sms'jes van u. We bewaren ze, maar antwoorden een tijdje niet. STOP om geen "
    "sms meer te krijgen.",
    "pl": "Otrzymalismy od Ciebie wiele SMS-ow. Zachowujemy je, ale przez jakis czas nie odpowiemy. "
    "STOP, aby sie wypisac.",
    "pt": "Chegaram muitos SMS seus. Ficam guardados, mas por algum tempo ninguém responde. STOP para sair.",
    "ro": "Am primit multe SMS-uri de la dvs. Le pastram, dar o vreme nu raspundem. STOP pentru a nu mai primi mesaje.",
}

DAY = timedelta(days=1)
REPLIES = Rate(count=5, period=timedelta(minutes=10))
EQUAL = Rate(count=3, period=timedelta(hours=1))
Draft = Reply | WebhookCall


def built_in_notice() -> Texts:
    """The notice before silence, in every language there is."""
    return Texts({language: Template(text, None) for language, text in NOTICES.items()})


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The section ``limits`` of a rules file; None is no limit, or no notice."""

    replies: Rate | None = REPLIES
    equal: Rate | None = EQUAL
    per_day: int | None = 50
    all_per_day: int | None = 20_000
    mute: timedelta = timedelta(hours=1)
    notice: Texts | None = field(default_factory=built_in_notice)


class Restraint:
    """Applies the limits to the drafts for one number, as of the arrival of its text.

    ``languages`` are those of the notice, the best first.
    """

    def __init__(self, limits: Limits, known: Known, now: datetime, languages: Sequence[str | None]) -> None:
        self._limits = limits
        self._known = known
        self._now = now
        self._languages = languages
        self._sent = list(known.sent)
        self._muted_until = known.muted_until

    def left_of(self, draft: Draft) -> tuple[Draft | Mute, ...]:
        """The draft, held back with the reason if it goes over a limit.

        The first draft over a limit on answers also mutes the number, with a notice.
        """
        if isinstance(draft, WebhookCall) or draft.held_back or draft.purpose is Purpose.CONFIRMATION:
            return (draft,)
        why, mutes = self._why_held(draft)
        if why is None:
            self._note(draft)
            return (draft,)
        held = replace(draft, held_back=why)
        if not mutes:
            return (held,)
        self._muted_until = self._now + self._limits.mute
        notice = self._notice()
        return (held, Mute(until=self._muted_until), *notice)

    def _note(self, reply: Reply) -> None:
        self._sent.append(Sent(at=self._now, text=reply.text, purpose=reply.purpose))

    def _why_held(self, reply: Reply) -> tuple[str | None, bool]:
        """Why a reply is held back, if it is, and whether the number is to be muted."""
        limits, muted_until = self._limits, self._muted_until
        in_a_day = [
            one for one in self._sent if one.is_near(self._now, DAY) and one.purpose is not Purpose.CONFIRMATION
        ]
        if limits.per_day is not None and len(in_a_day) >= limits.per_day:
            return _held("texts_in_a_day", count=len(in_a_day), most=limits.per_day), False
        if reply.purpose is not Purpose.ANSWER:
            return None, False
        if muted_until and muted_until > self._now:
            return _held("muted", until=f"{muted_until:%Y-%m-%d %H:%M}"), False
        automatic = [one for one in in_a_day if one.purpose is Purpose.ANSWER]
        if limits.replies and self._within(automatic, limits.replies) >= limits.replies.count:
            return _held("too_many_replies", most=limits.replies.count, period=in_words(limits.replies.period)), True
        equal = [one for one in automatic if one.text == reply.text]
        if limits.equal and self._within(equal, limits.equal) >= limits.equal.count:
            return _held("too_many_equal", most=limits.equal.count, period=in_words(limits.equal.period)), True
        return None, False

    def _within(self, sent: Iterable[Sent], rate: Rate) -> int:
        return sum(one.is_near(self._now, rate.period) for one in sent)

    def _notice(self) -> tuple[Reply, ...]:
        if self._limits.notice is None:
            return ()
        text = self._limits.notice.pick(*filter(None, self._languages)).render(
            {"contact": {"number": self._known.originator}}
        )
        notice = Reply(text=text, purpose=Purpose.NOTICE)
        self._note(notice)
        return (notice,)


def _held(code: str, **values: object) -> Reason:
    return because("not_sent", reason=because(code, **values))
