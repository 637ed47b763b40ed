"""Who may hand something in."""

import ipaddress
import secrets
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Gate:
    """Who may hand in messages: those who know a token, if there are tokens, and come from an allowed address, if there are any."""

    def __init__(self, tokens: Sequence[str], networks: Sequence[Network]) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._networks = networks

    def lets_in(self, token: str, host: str) -> bool:
        """Whether a request may hand in a message; every token is compared in full, so that time tells nothing."""
        given = token.encode("utf-8", "replace")
        known = [secrets.compare_digest(given, expected) for expected in self._tokens]
        return (any(known) if self._tokens else not token) and self._allows(host)

    def _allows(self, host: str) -> bool:
        if not self._networks:
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)
