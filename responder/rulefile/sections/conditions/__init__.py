"""The conditions of a rule; importing the package registers them all."""

from responder.rulefile.sections.conditions import circumstances, texts

__all__ = ["circumstances", "texts"]
