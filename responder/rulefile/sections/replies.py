"""What limits a reply: its length, how often it goes out, and when."""

from collections.abc import Mapping
from datetime import timedelta

from responder.actions.webhook import WebhookAction
from responder.core.rules.cooldown import AtMostOnce
from responder.core.rules.template import Texts
from responder.core.sms.segments import size
from responder.rulefile.reading.defaults import MOST_SEGMENTS
from responder.rulefile.reading.nodes import Mapping as MappingNode
from responder.rulefile.reading.nodes import Node, Scalar
from responder.rulefile.reading.reader import Reader, Wrong, shown, text
from responder.rulefile.reading.times import duration

LONGEST_DELAY = timedelta(days=30)


def once_per(node: Node, called: str) -> AtMostOnce:
    """How often a reply goes out to a number at most."""
    return AtMostOnce(of=called, period=duration(node))


def delay(node: Node) -> timedelta:
    """How long a reply waits before it leaves."""
    length = duration(node)
    if length > LONGEST_DELAY:
        raise Wrong(node, f"{shown(text(node))} is longer than {LONGEST_DELAY.days} days, make the delay shorter")
    return length


def note_answer(call: WebhookAction, key: Scalar, settings: Mapping[str, Node], reader: Reader) -> None:
    """Keep what is wrong with the texts that a call may lead to."""
    if call.otherwise and not call.reply:
        reader.note(
            key.place,
            "'otherwise' is for where 'reply' cannot be made of the answer, add for example 'reply: \"{{ response.text }}\"'",
        )
    for texts, name in ((call.reply, "reply"), (call.otherwise, "otherwise")):
        if texts:
            note_long_texts(texts, call.max_segments, settings[name], reader)


def note_long_texts(texts: Texts, most: int, node: Node, reader: Reader) -> None:
    """Keep the mistake of each text without values that takes more segments than it may."""
    in_languages = node.entries if isinstance(node, MappingNode) else ((None, node),)
    for key, value in in_languages:
        template = texts.by_language.get(key.text if key else None)
        if template is None or not template.is_fixed:
            continue
        length = size(template.source)
        if length.segments > most:
            problem = f"the text takes {length.segments} segments ({length.encoding}, {length.units} units), max_segments is {most}"
            longer = (
                f", or set max_segments: {length.segments} for this reply" if length.segments <= MOST_SEGMENTS else ""
            )
            reader.note(value.place, f"{problem}: shorten it{longer}")
