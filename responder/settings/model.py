"""The settings of an installation, read from variables, and what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from responder.core.sms.times import Rate, read_rate
from responder.errors import ConfigurationError
from responder.gateways import REGISTERED, GatewaySettings
from responder.settings import fields, types
from responder.settings.environment import PREFIX, base_of, environment, with_secret_files
from responder.settings.fields import Setting, setting, settings_of
from responder.settings.inherited import HANDED
from responder.settings.secret import Secret

Gateways = Mapping[str, type[GatewaySettings]]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator chose, or the defaults; docs/settings.md lists them."""

    provider: GatewaySettings
    """The settings of the gateway that ``gateway`` names."""

    rules: Path = setting(types.FILE, Path("rules.yaml"), description="The file of rules.")
    data_dir: Path = setting(
        types.FILE, Path("data"), description="Where the database and the Redis of a single machine live."
    )
    database_url: str = setting(
        types.DATABASE_URL,
        "",
        holds_secret=True,
        description="The database, `postgresql://…` or `sqlite:///…`; without it, SQLite in `DATA_DIR`.",
    )
    redis_url: str | None = setting(
        types.REDIS_URL,
        None,
        holds_secret=True,
        description="The Redis, `redis://…`, `rediss://…` or `unix:///…`; without it, `run` starts one of its own.",
    )
    host: str = setting(types.HOST, "127.0.0.1", description="The address to listen on; `0.0.0.0` is all of them.")
    port: int = setting(types.PORT, 8000, description="The port to listen on.")
    webhook_token: tuple[Secret, ...] = setting(
        types.TOKENS,
        (),
        description="The secret last part of the webhook's path; several, comma-separated, while it is being changed.",
    )
    allowed_ips: tuple[types.Network, ...] = setting(
        types.NETWORKS, (), description="Addresses and CIDR ranges that may call the webhook; without it, all."
    )
    trusted_proxies: tuple[types.Network, ...] = setting(
        types.PROXIES, (), description="Addresses and CIDR ranges of proxies whose `X-Forwarded-For` is believed."
    )
    admin_password: Secret | None = setting(
        types.ANY_SECRET, None, description="What people sign in with; asked for where other machines can reach `HOST`."
    )
    console_rules: Literal["edit", "view"] = setting(
        types.CONSOLE_RULES,
        "edit",
        description="`edit`, or `view` where the rules are changed elsewhere: then pages only give a patch.",
    )
    public_url: str | None = setting(
        types.PUBLIC_URL,
        None,
        description="The address by which other machines reach the console, as in `https://desk.example.com`; on"
        " `https` its cookies are bound to that host.",
    )
    api_token: Secret | None = setting(
        types.SECRET,
        None,
        description="The token of the REST API, sent as `Authorization: Bearer …`; without it, there is no API.",
    )
    metrics_token: Secret | None = setting(
        types.SECRET,
        None,
        description="The token that `/metrics` asks for, as `Authorization: Bearer …`; without it, none.",
    )
    gateway_timezone: ZoneInfo = setting(
        types.ZONE, ZoneInfo("Europe/Rome"), description="The zone in which the gateway writes `date_time`."
    )
    gateway: str = setting(
        types.NAME, next(iter(REGISTERED)), description="The gateway that texts come from and replies go to."
    )
    sender: str | None = setting(
        types.SENDER, None, description="The sender of replies; without it, the number that was texted."
    )
    send_rate: Rate = setting(
        types.SENDS, read_rate("10/s"), description="How many texts may go out in how long, over all workers together."
    )
    secret: Secret | None = setting(
        types.SECRET,
        None,
        description="The secret of the installation, on which message keys rest; without it, one is made and"
        " kept in the database.",
    )
    retention_days: int = setting(
        types.DAYS,
        0,
        description="After how many days the texts of messages, of what was sent and of calls are removed; `0`"
        " keeps them. Consent events stay.",
    )
    imap_url: Secret | None = setting(
        types.MAILBOX,
        None,
        description="The mailbox that the gateway writes to, `imaps://user:password@host/INBOX`; it turns"
        " e-mail intake on (docs/mail.md).",
    )
    imap_password: Secret | None = setting(
        types.PASSWORD, None, description="Its password, where the address has none."
    )
    imap_password_file: Path | None = setting(
        types.FILE, None, description="A file with its password alone, read at each connection."
    )
    imap_done: str | None = setting(
        types.FOLDER,
        None,
        description="The folder for mails that are taken in; without it they stay, flagged and read.",
    )
    imap_failed: str | None = setting(
        types.FOLDER,
        None,
        description="The folder for the gateway's mails that are not understood; without it they stay, flagged"
        " and unread.",
    )
    imap_senders: tuple[str, ...] = setting(
        types.MAIL_ADDRESSES,
        (),
        description="The addresses in the header From that are the gateway's, comma-separated; without it, the"
        " gateway's own (docs/mail.md).",
    )
    imap_require_dkim: str = setting(
        types.RECEIVER,
        "false",
        description="`true`: the topmost `Authentication-Results` must say that the sender's domain signed the mail;"
        " the name of the receiving server: the topmost under that name must.",
    )
    imap_footer: str | None = setting(
        types.FOOTER,
        None,
        description="How a footer begins that your mail server puts below mails, such as a disclaimer: that line and"
        " all below it is cut.",
    )
    imap_poll_s: int = setting(
        types.SECONDS, 15, description="Seconds between two looks into a mailbox whose server has no IDLE."
    )
    smtp_url: Secret | None = setting(
        types.MAIL_SERVER,
        None,
        description="The mail server for e-mails about alerts, `smtps://user:password@host`, or `smtp://…` for"
        " STARTTLS (docs/watch.md).",
    )
    smtp_from: str | None = setting(
        types.ADDRESS,
        None,
        description="The sender of those e-mails; without it, the user of the mail server if that is an"
        " address, or else whom they go to.",
    )
    allow_private_webhooks: bool = setting(
        types.SWITCH,
        False,
        description="Whether webhooks may go to private, loopback and link-local addresses, and over plain `http`.",
    )
    backup_passphrase: Secret | None = setting(
        types.SECRET,
        None,
        description="The passphrase that `backup` and `restore` go by; without it, a backup is not encrypted.",
    )
    shadow: bool = setting(
        types.SWITCH, False, description="Decide and record everything, and send nothing, neither texts nor webhooks."
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        types.LOG_LEVEL, "info", description="The least that is logged: `debug`, `info`, `warning` or `error`."
    )
    log_format: Literal["auto", "json", "text"] = setting(
        types.LOG_FORMAT, "auto", description="`json`, `text`, or `auto`: text on a terminal, otherwise JSON lines."
    )


def setting_fields(gateways: Gateways = REGISTERED) -> Mapping[str, Setting]:
    """Every setting by its name, those of the gateways too."""
    ours = list(settings_of(Settings).items())
    place = [name for name, _ in ours].index("gateway") + 1
    of_gateways = (item for each in gateways.values() for item in settings_of(each).items())
    return dict([*ours[:place], *of_gateways, *ours[place:]])


def load_settings(variables: Mapping[str, str] | None = None, gateways: Gateways = REGISTERED) -> Settings:
    """The settings in these variables, or else in the environment; ConfigurationError lists all that is wrong."""
    settings, mistakes = setting_fields(gateways), list[str]()
    typed = with_secret_files(
        _ours(environment() if variables is None else variables), fields.secret_names(settings), settings, mistakes
    )
    known = {name: value for name, value in typed.items() if name in settings and value.strip()}
    mistakes += [
        f"{PREFIX}{name.upper()} is {fields.shown(settings[name], value)!r}, expected a text in UTF-8"
        for name, value in known.items()
        if fields.is_broken(settings[name], value)
    ]
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    ours = _read(Settings, known, mistakes)
    chosen = types.lower(known.get("gateway", next(iter(gateways))))
    if chosen not in gateways:
        mistakes.append(f"{PREFIX}GATEWAY is {chosen!r}, expected one of {', '.join(gateways)}")
    theirs = _read(gateways[chosen], known, mistakes) if chosen in gateways else {}
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    loaded = Settings(**ours, provider=gateways[chosen](**theirs))
    in_data_dir = f"sqlite:///{loaded.data_dir / 'responder.db'}"
    return replace(loaded, database_url=loaded.database_url or in_data_dir)


def _read(model: type[Any], known: Mapping[str, str], mistakes: list[str]) -> dict[str, Any]:
    """What was typed of the settings of one class, read; ``mistakes`` says what cannot be."""
    read = dict[str, Any]()
    for name, what in settings_of(model).items():
        if name in known:
            try:
                read[name] = what.kind.read(known[name])
            except ValueError as error:
                mistakes += fields.mistakes_of(name, what, known[name], error)
        elif what.default is fields.REQUIRED:
            mistakes.append(f"{PREFIX}{name.upper()} is not set, expected {what.kind.expected}")
    return read


def unknown_settings(variables: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that looks like a setting and is none of this version."""
    known = setting_fields()
    unknown = sorted(
        name for name in _ours(variables).keys() - known.keys() if not base_of(name, fields.secret_names(known), known)
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
