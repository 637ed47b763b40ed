"""The gateways, a folder each; none of them connects to anything. A new one is its folder and one line here."""

import abc
import importlib
from collections.abc import Mapping
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from responder.core.outbound.gateway import Gateway

FOLDERS = (  # the first is used unless RESPONDER_GATEWAY names another
    "agile",
)


class GatewaySettings(BaseModel, abc.ABC):
    """What an operator sets for one gateway; each field is a variable of the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    needed_to_send: ClassVar[str]
    """The variable without which replies are simulated."""

    @property
    @abc.abstractmethod
    def sends(self) -> bool:
        """Whether replies are sent, not simulated."""

    @property
    def api(self) -> str:
        """Which of the provider's APIs sends, where it has several: figures are kept for each."""
        return ""

    @abc.abstractmethod
    def make(self, *, secret: bytes, zone: ZoneInfo, sender: str | None) -> Gateway:
        """The gateway; ``secret`` makes the keys of messages, ``sender`` goes before the number that was texted."""


def _registered() -> Mapping[str, type[GatewaySettings]]:
    modules = {name: importlib.import_module(f"{__name__}.{name}.settings") for name in FOLDERS}
    return {name: module.SETTINGS for name, module in modules.items()}


REGISTERED: Mapping[str, type[GatewaySettings]] = _registered()
"""The settings of each gateway by its name, which is that of its folder."""
