"""Where the service of these settings answers on this machine."""

from responder.settings.model import Settings

ALL_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (asked at the loopback where all are listened on)


def local_host(settings: Settings) -> str:
    """The address at which the service can be asked."""
    return ALL_ADDRESSES.get(settings.host, settings.host)


def local_url(settings: Settings) -> str:
    """The beginning of the service's URLs.

    >>> from responder.settings.model import load_settings
    >>> local_url(load_settings({"RESPONDER_HOST": "::"}))
    'http://[::1]:8000'
    """
    host = local_host(settings)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
