"""Telling the newer of two changes of consent: each call about one carries the number of its event in the ledger."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from responder.core.effects import Step, StepKind
from responder.core.events import Event

BEGINNING = json.dumps({"type": str(Event.CONSENT_CHANGED)})[:-1]  # of the content of a call about consent


def tells_of_consent(step: Step) -> bool:
    """Whether a step is a call about a change of consent."""
    return step.kind is StepKind.WEBHOOK and step.content.startswith(BEGINNING)


def numbered(calls: Iterable[Step], events: Iterable[Mapping[str, Any]]) -> Iterator[Step]:
    """The calls about consent, each with the number that its event has in the ledger."""
    seqs = {(event["message_key"], event["list"], event["event"]): event["seq"] for event in events}
    for call in calls:
        body = json.loads(call.content)
        data = body["data"]
        data["sequence"] = seqs.get((call.message_key, data["list"], data["event"]))
        yield replace(call, content=json.dumps(body, ensure_ascii=False))
