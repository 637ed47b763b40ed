"""Telling the newer of two changes of consent: each call about one carries the number of its event in the ledger."""

import json
from collections import defaultdict
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
    """The calls about consent, each with the number that its event has in the ledger; what a message says twice, each webhook hears in turn."""
    seqs: dict[tuple[str, ...], list[int]] = defaultdict(list)
    turns: dict[tuple[str, ...], Iterator[int]] = {}
    for event in events:
        seqs[event["message_key"], event["list"], event["event"]].append(event["seq"])
    for call in calls:
        body = json.loads(call.content)
        data = body["data"]
        change = (call.message_key, data["list"], data["event"])
        data["sequence"] = next(turns.setdefault((*change, call.to), iter(seqs[change])), None)
        yield replace(call, content=json.dumps(body, ensure_ascii=False))
