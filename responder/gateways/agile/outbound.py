"""Replies on their way out: what each of the two APIs takes, and where."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from responder.core.contact.effects import Step


class Api(StrEnum):
    """The vendor's two APIs for sending."""

    UNIVERSAL = "universal"
    LEGACY = "legacy"


SEND_URLS: Mapping[Api, str] = {
    Api.UNIVERSAL: "https://lora-api.agiletelecom.com/api/message-server/sms/send",
    # of the hosts that the pages name, the one for new customers
    Api.LEGACY: "https://http-api.agiletelecom.com/services/sms/send",
}


def send_url(api: Api, given: str | None) -> str:
    """Where replies go: the vendor's address, or the one given, completed by the path of the API.

    >>> send_url(Api.LEGACY, "https://wholesale.agiletelecom.com/services")
    'https://wholesale.agiletelecom.com/services/sms/send'
    >>> send_url(Api.UNIVERSAL, "https://proxy.example.com/sms/send")
    'https://proxy.example.com/sms/send'
    """
    if given is None:
        return SEND_URLS[api]
    base, path = given.rstrip("/"), urlsplit(SEND_URLS[api]).path.split("/")
    if base.endswith("/send"):
        return base
    known = next((length for length in range(len(path), 1, -1) if base.endswith("/".join(path[:length]))), 1)
    return "/".join((base, *path[known:]))


def body_of(api: Api, step: Step, sender: str) -> bytes:
    """The JSON, in ASCII, that sends a reply; its id is the step's key, which reports repeat."""
    message = _universal(step, sender) if api is Api.UNIVERSAL else _legacy(step, sender)
    return json.dumps(message).encode()


def _universal(step: Step, sender: str) -> Mapping[str, Any]:
    return {
        "destination": step.to,
        "sender": sender,
        "body": step.content,
        "messageId": step.key,
        "enableNotification": True,
        "skipRcsOverride": True,
    }


def _legacy(step: Step, sender: str) -> Mapping[str, Any]:
    message = {"destinations": [step.to], "ids": [step.key], "sender": sender, "body": step.content}
    return {"globalId": step.key, "enableDelivery": True, "messages": [message]}
