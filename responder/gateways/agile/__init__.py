"""Agile Telecom: messages and delivery reports in, replies out by either of its send APIs."""

from responder.gateways.agile.messages import Api
from responder.gateways.agile.telecom import AgileTelecom

__all__ = ["AgileTelecom", "Api"]
