"""Whether an installation that other machines can reach is guarded against them."""

from collections.abc import Iterator

from responder.errors import ConfigurationError
from responder.settings.environment import PREFIX
from responder.settings.model import Settings
from responder.settings.urls import is_loopback

SHORTEST = {"webhook_token": 16, "admin_password": 12, "api_token": 20}  # characters, where others can reach us


def check_exposure(settings: Settings) -> None:
    """Refuse to listen where others could forge messages or open pages for people; the error says the remedy."""
    if is_loopback(settings.host):
        return
    place = f"{PREFIX}HOST is {settings.host!r}, which other machines can reach"
    missing = []
    if not settings.webhook_token and not settings.allowed_ips:
        missing.append(
            f"{place}: set {PREFIX}WEBHOOK_TOKEN (a long random word, then the last part of the webhook's path)"
            f" or {PREFIX}ALLOWED_IPS (the gateway's addresses), or listen on 127.0.0.1"
        )
    if settings.admin_password is None:
        missing.append(
            f"{place}: set {PREFIX}ADMIN_PASSWORD, so that no page for people is ever open there,"
            " or listen on 127.0.0.1"
        )
    missing += [f"{place}: {short}" for short in _short_secrets(settings)]
    if missing:
        raise ConfigurationError("\n".join(missing))


def _short_secrets(settings: Settings) -> Iterator[str]:
    """What to set in place of secrets that strangers would soon have guessed."""
    given = {
        "webhook_token": settings.webhook_token,
        "admin_password": [settings.admin_password],
        "api_token": [settings.api_token],
    }
    for name, least in SHORTEST.items():
        if any(secret is not None and len(secret.get_secret_value()) < least for secret in given[name]):
            yield f"{PREFIX}{name.upper()} is too short there, set one of {least} characters at least"
