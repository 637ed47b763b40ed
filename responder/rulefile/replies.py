"""What a reply may ask for beside its text: how long it is, and how often it goes out."""

from responder.actions.reply import ReplyAction
from responder.core.segments import size
from responder.core.uses import AtMostOnce
from responder.rulefile.defaults import MOST_SEGMENTS
from responder.rulefile.nodes import Mapping as MappingNode
from responder.rulefile.nodes import Node
from responder.rulefile.reading import Reader
from responder.rulefile.times import duration


def once_per(node: Node, called: str) -> AtMostOnce:
    """How often a reply goes out to a number at most."""
    return AtMostOnce(of=called, period=duration(node))


def note_long_texts(reply: ReplyAction, node: Node, reader: Reader) -> None:
    """Keep the mistake of each text without values that takes more segments than it may."""
    in_languages = node.entries if isinstance(node, MappingNode) else ((None, node),)
    for key, value in in_languages:
        template = reply.text.by_language.get(key.text if key else None)
        if template is None or not template.is_fixed:
            continue
        length = size(template.source)
        if length.segments > reply.max_segments:
            problem = f"the text takes {length.segments} segments ({length.encoding}, {length.units} units), max_segments is {reply.max_segments}"
            longer = f", or set max_segments: {length.segments} for this reply" if length.segments <= MOST_SEGMENTS else ""
            reader.note(value.place, f"{problem}: shorten it{longer}")
