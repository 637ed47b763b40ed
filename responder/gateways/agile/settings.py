"""What an operator sets for Agile Telecom."""

from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from responder.gateways import GatewaySettings
from responder.gateways.agile.messages import Api
from responder.gateways.agile.telecom import AgileTelecom
from responder.settings.types import ApiKey, Endpoint, Expected, lower


class AgileSettings(GatewaySettings):
    """The settings of Agile Telecom; docs/settings.md lists them."""

    needed_to_send: ClassVar[str] = "RESPONDER_AGILE_API_KEY"

    agile_api_key: ApiKey | None = Field(
        None,
        description="The gateway's key for sending; without it, replies are simulated: recorded and shown, not sent.",
    )
    agile_api: Annotated[Api, BeforeValidator(lower), Expected("'universal' or 'legacy'")] = Field(
        Api.UNIVERSAL, description="The gateway's API for sending, `universal` or `legacy`."
    )
    agile_url: Endpoint | None = Field(
        None, description="The address of that API, or the beginning of it; without it, the vendor's own."
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
