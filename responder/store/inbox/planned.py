"""Plans as rows: what they leave of a contact, and what they add."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from responder.core.contact.effects import OpenHandOff, OptOut, Step, StepKind
from responder.core.contact.known import Known, Subscription
from responder.core.contact.reasons import reasons_in
from responder.core.deciding.plan import Plan
from responder.core.outbound.events import changed_appointment_data
from responder.core.rules.sections import Event
from responder.core.sms.message import Order
from responder.store.base.events import note_event, note_messages, snapshot
from responder.store.base.history import event
from responder.store.inbox.contacts import written_orders
from responder.store.queue.entering import Rows

_written = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps would make an encoder for each message


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """The plans for one originator's waiting messages, with what was known before and is after."""

    before: Known
    after: Known
    plans: tuple[Plan, ...]


def contact_row(known: Known) -> dict[str, Any]:
    """The contact as the plans leave it, one revision on."""
    return {
        "originator": known.originator,
        "revision": known.revision + 1,
        "language": known.language,
        "language_at": known.language_order.at if known.language_order else None,
        "language_seq": known.language_order.seq if known.language_order else None,
        "fields": json.dumps(dict(known.fields), ensure_ascii=False) if known.fields else "{}",
        "field_orders": written_orders(known.field_orders),
        "opted_out": known.opted_out,
        "consent_at": known.consent_order.at if known.consent_order else None,
        "consent_seq": known.consent_order.seq if known.consent_order else None,
        "confirmed_at": known.confirmed_at,
        "muted_until": known.muted_until,
    }


def subscription_rows(planned: Planned) -> Rows:
    """The subscriptions that the plans leave other than they were, each once."""
    before, after = planned.before.subscriptions, planned.after.subscriptions
    return [
        {
            "originator": planned.after.originator,
            "list": subscription.list,
            "status": str(subscription.status),
            "since": subscription.since,
            "order_at": subscription.order.at if subscription.order else None,
            "order_seq": subscription.order.seq if subscription.order else None,
            "taken_by_stop": subscription.taken_by_stop,
            "ends_at": subscription.ends_at,
        }
        for name, subscription in after.items()
        if not _stands(before.get(name), subscription)
    ]


def _stands(before: Subscription | None, after: Subscription) -> bool:
    if before is None or after is before:
        return before is not None
    return after in (before, before.at(before.ends_at) if before.ends_at else before)


def appointment_rows(planned: Planned) -> Rows:
    """The appointments that the plans leave other than they were."""
    return [
        {
            "of_id": appointment.id,
            "new_status": appointment.status,
            "new_updated_at": appointment.updated_at,
            "new_order_at": appointment.order.at if appointment.order else None,
            "new_order_seq": appointment.order.seq if appointment.order else None,
            "new_version": appointment.version,
            "new_unclear_at": appointment.unclear_at,
        }
        for before, appointment in zip(planned.before.appointments, planned.after.appointments, strict=True)
        if appointment is not before
    ]


def event_rows(plan: Plan) -> Rows:
    """The lines of the history about the appointments that a plan changes."""
    return [
        event(
            (change.after.id, change.after.version),
            plan.message.received_at,
            "answered",
            "message",
            message_key=plan.message.key,
            old_status=change.before.status,
            new_status=change.after.status,
        )
        for change in plan.changes
    ]


def use_rows(planned: Planned) -> Rows:
    """What the plans use up of what happens once in a while."""
    carriers: dict[str, list[Step]] = defaultdict(list)
    for step in (step for plan in planned.plans for step in plan.steps):
        for of in step.uses:
            carriers[of].append(step)
    return [
        {"originator": planned.after.originator, "of": of, "used_at": used_at, "step_key": _only_reply(carriers[of])}
        for of, used_at in planned.after.uses.items()
        if planned.before.uses.get(of) != used_at
    ]


def _only_reply(carriers: Sequence[Step]) -> str | None:
    """The key of the one reply that used something up, and gives it back if it is dropped. None if there are more."""
    return carriers[0].key if len(carriers) == 1 and carriers[0].kind is StepKind.REPLY else None


def handoff_rows(plan: Plan, now: datetime) -> Rows:
    return [
        {
            "message_key": plan.message.key,
            "originator": plan.message.originator,
            "reason": effect.reason,
            "opened_at": now,
            "holds_marketing": effect.holds_marketing,
            "pauses_until": plan.message.received_at + effect.pause if effect.pause else None,
        }
        for effect in plan.effects
        if isinstance(effect, OpenHandOff)
    ]


def message_row(plan: Plan, now: datetime) -> dict[str, Any]:
    """The message as handled, with its explanation."""
    return {
        "of_seq": plan.message.seq,
        "new_handled_at": now,
        "new_rule": plan.rule,
        "new_rules_hash": plan.rules_hash,
        "new_folded": plan.folded,
        "new_language": plan.language,
        "new_is_superseded": plan.is_superseded,
        "new_explanation": explanation_json(plan),
    }


def note_plans(connection: AsyncConnection, plans: Sequence[Plan], now: datetime) -> None:
    """Note the events that follow from plans, beside those of their consent, which the ledger notes.

    Those of a kind are noted one after the other, and so share a row.
    """
    note_messages(connection, Event.MESSAGE_HANDLED, now, (plan.message.key for plan in plans))
    for plan in plans:
        for change in plan.changes:
            note_event(
                connection,
                Event.APPOINTMENT_CHANGED,
                now,
                message_key=plan.message.key,
                subject=change.after.id,
                details=snapshot(changed_appointment_data(change.before, change.after)),
            )
    handed_off = (plan.message.key for plan in plans for effect in plan.effects if isinstance(effect, OpenHandOff))
    note_messages(connection, Event.HANDOFF_OPENED, now, handed_off)


def explanation_json(plan: Plan) -> str:
    """What a plan decided and why, as it is stored with the message."""
    explanation: Mapping[str, Any] = {
        "match": plan.match,
        "steps": [reasons_in(line) for line in plan.explained],
        "reserved": plan.recognition.as_json(),
        "near_misses": [miss.as_json() for miss in plan.near_misses],
    }
    return _written(explanation)


def stops_among(plans: Sequence[Plan]) -> dict[str, Order]:
    """The last word of each number that opts out. The plans of a number stand in the order of their words."""
    return {
        plan.message.originator: plan.message.order
        for plan in plans
        for effect in plan.effects
        if isinstance(effect, OptOut)
    }
