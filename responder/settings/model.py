"""The settings of an installation, read from variables, and what is wrong with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from responder.core.sms.times import read_rate
from responder.errors import ConfigurationError
from responder.gateways import REGISTERED, GatewaySettings
from responder.settings import types
from responder.settings.environment import HANDED, PREFIX, base_of, environment, with_secret_files

Gateways = Mapping[str, type[GatewaySettings]]
Read = TypeVar("Read", bound=BaseModel)


def _sqlite_in(known: dict[str, Any]) -> str:
    return f"sqlite:///{known['data_dir'] / 'responder.db'}"


class Settings(BaseModel):
    """What an operator chose, or the defaults; docs/settings.md lists them."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, arbitrary_types_allowed=True)

    rules: types.File = Field(Path("rules.yaml"), description="The file of rules.")
    data_dir: types.File = Field(Path("data"), description="Where the database and the Redis of a single machine live.")
    database_url: types.DatabaseUrl = Field(
        default_factory=_sqlite_in,
        repr=False,
        description="The database, `postgresql://…` or `sqlite:///…`; without it, SQLite in `DATA_DIR`.",
    )
    redis_url: types.RedisUrl | None = Field(
        None,
        repr=False,
        description="The Redis, `redis://…`, `rediss://…` or `unix:///…`; without it, `run` starts one of its own.",
    )
    host: types.Host = Field("127.0.0.1", description="The address to listen on; `0.0.0.0` is all of them.")
    port: types.Port = Field(8000, description="The port to listen on.")
    webhook_token: types.Tokens = Field(
        (),
        description="The secret last part of the webhook's path; several, comma-separated, while it is being changed.",
    )
    allowed_ips: types.Networks = Field(
        (), description="Addresses and CIDR ranges that may call the webhook; without it, all."
    )
    trusted_proxies: types.Proxies = Field(
        (), description="Addresses and CIDR ranges of proxies whose `X-Forwarded-For` is believed."
    )
    admin_password: SecretStr | None = Field(
        None, description="What people sign in with; asked for where other machines can reach `HOST`."
    )
    console_rules: types.ConsoleRules = Field(
        "edit", description="`edit`, or `view` where the rules are changed elsewhere: then pages only give a patch."
    )
    public_url: types.PublicUrl | None = Field(
        None,
        description="The address by which other machines reach the console, as in `https://desk.example.com`; on"
        " `https` its cookies are bound to that host.",
    )
    api_token: types.Secret | None = Field(
        None, description="The token of the REST API, sent as `Authorization: Bearer …`; without it, there is no API."
    )
    metrics_token: types.Secret | None = Field(
        None, description="The token that `/metrics` asks for, as `Authorization: Bearer …`; without it, none."
    )
    gateway_timezone: types.Zone = Field(
        ZoneInfo("Europe/Rome"), description="The zone in which the gateway writes `date_time`."
    )
    gateway: types.Name = Field(
        next(iter(REGISTERED)), description="The gateway that texts come from and replies go to."
    )
    sender: types.Sender | None = Field(
        None, description="The sender of replies; without it, the number that was texted."
    )
    send_rate: types.Sends = Field(
        read_rate("10/s"), description="How many texts may go out in how long, over all workers together."
    )
    secret: types.Secret | None = Field(
        None,
        description="The secret of the installation, on which message keys rest; without it, one is made and"
        " kept in the database.",
    )
    retention_days: types.Days = Field(
        0,
        description="After how many days the texts of messages, of what was sent and of calls are removed; `0`"
        " keeps them. Consent events stay.",
    )
    imap_url: types.Mailbox | None = Field(
        None,
        description="The mailbox that the gateway writes to, `imaps://user:password@host/INBOX`; it turns"
        " e-mail intake on (docs/mail.md).",
    )
    imap_password: types.Password | None = Field(None, description="Its password, where the address has none.")
    imap_password_file: types.File | None = Field(
        None, description="A file with its password alone, read at each connection."
    )
    imap_done: types.Folder | None = Field(
        None, description="The folder for mails that are taken in; without it they stay, flagged and read."
    )
    imap_failed: types.Folder | None = Field(
        None,
        description="The folder for the gateway's mails that are not understood; without it they stay, flagged"
        " and unread.",
    )
    imap_senders: types.Addresses = Field(
        (),
        description="The addresses in the header From that are the gateway's, comma-separated; without it, the"
        " gateway's own (docs/mail.md).",
    )
    imap_require_dkim: types.Receiver = Field(
        "false",
        description="`true`: the topmost `Authentication-Results` must say that the sender's domain signed the mail;"
        " the name of the receiving server: the topmost under that name must.",
    )
    imap_footer: types.Footer | None = Field(
        None,
        description="How a footer begins that your mail server puts below mails, such as a disclaimer: that line and"
        " all below it is cut.",
    )
    imap_poll_s: types.Seconds = Field(
        15, description="Seconds between two looks into a mailbox whose server has no IDLE."
    )
    smtp_url: types.MailServer | None = Field(
        None,
        description="The mail server for e-mails about alerts, `smtps://user:password@host`, or `smtp://…` for"
        " STARTTLS (docs/watch.md).",
    )
    smtp_from: types.Address | None = Field(
        None,
        description="The sender of those e-mails; without it, the user of the mail server if that is an"
        " address, or else whom they go to.",
    )
    allow_private_webhooks: types.Switch = Field(
        default=False,
        description="Whether webhooks may go to private, loopback and link-local addresses, and over plain `http`.",
    )
    backup_passphrase: types.Secret | None = Field(
        None, description="The passphrase that `backup` and `restore` go by; without it, a backup is not encrypted."
    )
    shadow: types.Switch = Field(
        default=False, description="Decide and record everything, and send nothing, neither texts nor webhooks."
    )
    log_level: types.LogLevel = Field(
        "info", description="The least that is logged: `debug`, `info`, `warning` or `error`."
    )
    log_format: types.LogFormat = Field(
        "auto", description="`json`, `text`, or `auto`: text on a terminal, otherwise JSON lines."
    )

    _provider: GatewaySettings = PrivateAttr()

    @property
    def provider(self) -> GatewaySettings:
        """The settings of the gateway that ``gateway`` names."""
        return self._provider

    def with_provider(self, provider: GatewaySettings) -> Self:
        """These settings, completed by those of their gateway."""
        self._provider = provider
        return self


def setting_fields(gateways: Gateways = REGISTERED) -> Mapping[str, FieldInfo]:
    """Every setting by its name, those of the gateways too."""
    ours = list(Settings.model_fields.items())
    place = list(Settings.model_fields).index("gateway") + 1
    of_gateways = (item for each in gateways.values() for item in each.model_fields.items())
    return dict([*ours[:place], *of_gateways, *ours[place:]])


def load_settings(variables: Mapping[str, str] | None = None, gateways: Gateways = REGISTERED) -> Settings:
    """The settings in these variables, or else in the environment; ConfigurationError lists all that is wrong."""
    fields, mistakes = setting_fields(gateways), list[str]()
    typed = with_secret_files(
        _ours(environment() if variables is None else variables), types.secret_names(fields), fields, mistakes
    )
    known = {name: value for name, value in typed.items() if name in fields and value.strip()}
    mistakes += [
        f"{PREFIX}{name.upper()} is {types.shown(fields[name], value)!r}, expected a text in UTF-8"
        for name, value in known.items()
        if types.is_broken(fields[name], value)
    ]
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    settings = _read(Settings, known, mistakes)
    chosen = known.get("gateway", next(iter(gateways))).strip().lower()
    if chosen not in gateways:
        mistakes.append(f"{PREFIX}GATEWAY is {chosen!r}, expected one of {', '.join(gateways)}")
    provider = _read(gateways[chosen], known, mistakes) if chosen in gateways else None
    if settings is None or provider is None:
        raise ConfigurationError("\n".join(mistakes))
    return settings.with_provider(provider)


def _read(model: type[Read], known: Mapping[str, str], mistakes: list[str]) -> Read | None:
    """The settings of one model; if they cannot be read, None, and ``mistakes`` says why."""
    arguments: dict[str, Any] = {name: value for name, value in known.items() if name in model.model_fields}
    try:
        return model(**arguments)
    except ValidationError as error:
        mistakes += types.mistakes_of(error, model.model_fields)
        return None


def unknown_settings(variables: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that looks like a setting and is none of this version."""
    known = setting_fields()
    unknown = sorted(
        name for name in _ours(variables).keys() - known.keys() if not base_of(name, types.secret_names(known), known)
    )
    if not unknown:
        return []
    from responder.core.rules.template import did_you_mean  # noqa: PLC0415  (it brings Jinja, which web does without)

    names = [f"{PREFIX}{name.upper()}" for name in known]
    typed = [f"{PREFIX}{name.upper()}" for name in unknown]
    return [f"{name} is not a setting of this version{did_you_mean(name, names)}" for name in typed]


def _ours(variables: Mapping[str, str]) -> dict[str, str]:
    names = (name for name in variables if name.upper().startswith(PREFIX) and name not in HANDED)
    return {name[len(PREFIX) :].lower(): variables[name] for name in names}
