"""What an operator sets for Agile Telecom."""

from dataclasses import dataclass
from typing import ClassVar
from zoneinfo import ZoneInfo

from responder.gateways import GatewaySettings
from responder.gateways.agile.messages import Api
from responder.gateways.agile.telecom import AgileTelecom
from responder.settings.fields import setting
from responder.settings.secret import Secret
from responder.settings.types import API_KEY, ENDPOINT, choice


@dataclass(frozen=True, kw_only=True)
class AgileSettings(GatewaySettings):
    """The settings of Agile Telecom; docs/settings.md lists them."""

    needed_to_send: ClassVar[str] = "RESPONDER_AGILE_API_KEY"

    agile_api_key: Secret | None = setting(
        API_KEY,
        None,
        description="The gateway's key for sending; without it, replies are simulated: recorded and shown, not sent.",
    )
    agile_api: Api = setting(
        choice(Api), Api.UNIVERSAL, description="The gateway's API for sending, `universal` or `legacy`."
    )
    agile_url: str | None = setting(
        ENDPOINT, None, description="The address of that API, or the beginning of it; without it, the vendor's own."
    )

    @property
    def sends(self) -> bool:
        return self.agile_api_key is not None

    @property
    def api(self) -> str:
        return str(self.agile_api)

    def make(self, *, secret: bytes, zone: ZoneInfo, sender: str | None) -> AgileTelecom:
        return AgileTelecom(
            secret=secret,
            zone=zone,
            api_key=self.agile_api_key.get_secret_value() if self.agile_api_key else None,
            api=self.agile_api,
            url=self.agile_url,
            sender=sender,
        )


SETTINGS = AgileSettings
