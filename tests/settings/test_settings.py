"""Settings: what is read, what is refused and how, and that the documentation lists them."""

import os
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from responder.errors import ConfigurationError
from responder.gateways.agile.settings import AgileSettings
from responder.settings.environment import PARENT_FD, PREFIX, environment
from responder.settings.exposure import check_exposure
from responder.settings.model import load_settings, setting_fields, unknown_settings
from responder.settings.types import is_secret

EVERYWHERE = "0.0.0.0"  # noqa: S104  (nothing listens here)
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def refusal(**typed: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({f"{PREFIX}{name}": value for name, value in typed.items()})
    return str(caught.value)


def exposure(**typed: str) -> str | None:
    """Why these settings may not be served; None if they may."""
    settings = load_settings({f"{PREFIX}{name}": value for name, value in typed.items()})
    try:
        check_exposure(settings)
    except ConfigurationError as error:
        return str(error)
    return None


def exposed(**typed: str) -> str:
    """The refusal of settings that may not be served."""
    refused = exposure(**typed)
    assert refused is not None
    return refused


def test_without_any_variable_everything_has_its_default() -> None:
    settings = load_settings({})
    assert (settings.host, settings.port, settings.gateway_timezone.key) == ("127.0.0.1", 8000, "Europe/Rome")
    assert settings.redis_url is None
    assert not settings.provider.sends


def test_the_database_is_by_default_a_file_in_the_data_directory() -> None:
    assert load_settings({"RESPONDER_DATA_DIR": "/srv/sms"}).database_url == "sqlite:////srv/sms/responder.db"


def test_several_webhook_tokens_are_separated_by_commas() -> None:
    tokens = load_settings({"RESPONDER_WEBHOOK_TOKEN": "old, new"}).webhook_token
    assert [token.get_secret_value() for token in tokens] == ["old", "new"]


def test_addresses_and_ranges_are_separated_by_commas() -> None:
    settings = load_settings({"RESPONDER_ALLOWED_IPS": "203.0.113.7, 2001:db8::/32"})
    assert settings.allowed_ips == (ip_network("203.0.113.7/32"), ip_network("2001:db8::/32"))


def test_an_empty_variable_counts_as_absent() -> None:
    assert load_settings({"RESPONDER_PORT": "", "RESPONDER_WEBHOOK_TOKEN": " "}) == load_settings({})


@pytest.mark.parametrize(
    "url", ["redis://cache", "redis://:secret@cache:6379/1", "rediss://cache:6380", "unix:///run/redis/redis.sock?db=1"]
)
def test_redis_may_be_reached_by_tcp_by_tls_and_by_a_socket(url: str) -> None:
    assert load_settings({"RESPONDER_REDIS_URL": url}).redis_url == url


@pytest.mark.parametrize("url", ["https://sms.example.com/api", "http://127.0.0.1:9000", "http://localhost:9000/api"])
def test_the_gateways_address_is_safe_or_on_this_machine(url: str) -> None:
    agile = load_settings({"RESPONDER_AGILE_URL": url}).provider
    assert isinstance(agile, AgileSettings)
    assert agile.agile_url == url


@pytest.mark.parametrize(
    ("typed", "read"), [("TRUE", "true"), ("False", "false"), ("mx.shop.example", "mx.shop.example")]
)
def test_dkim_is_a_switch_or_the_name_of_a_server(typed: str, read: str) -> None:
    assert load_settings({"RESPONDER_IMAP_REQUIRE_DKIM": typed}).imap_require_dkim == read


def test_the_senders_of_mails_are_compared_in_small_letters() -> None:
    assert load_settings({"RESPONDER_IMAP_SENDERS": "A@Shop.example, b@c.d"}).imap_senders == (
        "a@shop.example",
        "b@c.d",
    )


@pytest.mark.parametrize("name", sorted(setting_fields()))
def test_whatever_is_typed_is_taken_or_refused_in_a_sentence(name: str) -> None:
    try:
        load_settings({f"{PREFIX}{name.upper()}": "nothing \x01 takes this"})
    except ConfigurationError as error:
        assert f"{PREFIX}{name.upper()} is " in str(error)  # noqa: PT017  (some take it)


def test_a_wrong_value_is_named_with_what_was_expected() -> None:
    assert refusal(PORT="five") == "RESPONDER_PORT is 'five', expected a whole number between 1 and 65535"


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("PORT", "0"),
        ("CONSOLE_RULES", "write"),
        ("PORT", "65536"),
        ("HOST", "two words"),
        ("DATA_DIR", "~no-such-user/data"),
        ("DATABASE_URL", "mysql://db/shop"),
        ("REDIS_URL", "http://cache"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://cache:port"),
        ("REDIS_URL", "unix://relative.sock"),
        ("WEBHOOK_TOKEN", "with/slash"),
        ("ALLOWED_IPS", "203.0.113.300"),
        ("ALLOWED_IPS", "203.0.113.7/24"),
        ("TRUSTED_PROXIES", "*"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, 0.0.0.0/0"),
        ("TRUSTED_PROXIES", "0.0.0.0/1, 128.0.0.0/1"),
        ("ALLOWED_IPS", "0.0.0.0/0"),
        ("ALLOWED_IPS", "203.0.113.7, ::/0"),
        ("ALLOWED_IPS", "128.0.0.0/1, 203.0.113.7, 0.0.0.0/1"),
        ("GATEWAY_TIMEZONE", "Europe/Atlantis"),
        ("GATEWAY_TIMEZONE", "../../etc/passwd"),
        ("AGILE_API_KEY", "two words"),
        ("AGILE_API_KEY", "with a\r\nHeader: line"),
        ("AGILE_URL", "http://sms.example.com"),
        ("AGILE_URL", "sms.example.com"),
        ("SENDER", "more than eleven letters"),
        ("IMAP_URL", "imaps://mail.example.com/INBOX"),
        ("IMAP_URL", "https://shop:pw@mail.example.com/INBOX"),
        ("IMAP_URL", "imap://shop:pw@mail.example.com/INBOX?plain=yes"),
        ("IMAP_URL", "imaps://shop:pw@localhost/INBOX?plain=yes"),
        ("IMAP_URL", "imaps://shop:pw@mail.example.com:99999/INBOX"),
        ("IMAP_URL", "imaps://shop:pw@mail.example.com/INBOX?colour=red"),
        ("SMTP_URL", "https://ops:pw@mail.example.com"),
        ("SMTP_URL", "smtp://"),
        ("SMTP_URL", "smtps://ops@mail.example.com"),
        ("SMTP_URL", "smtp://ops:pw@mail.example.com?plain=yes"),
        ("SMTP_URL", "smtps://mail.example.com?plain=yes"),
        ("SMTP_URL", "smtp://mail.example.com/INBOX"),
        ("SMTP_URL", "smtp://mail.example.com:99999"),
        ("SMTP_FROM", "ops"),
        ("SMTP_FROM", "Ops <ops@example.com>"),
        ("IMAP_DONE", "all*"),
        ("IMAP_SENDERS", "smsin"),
        ("IMAP_REQUIRE_DKIM", "two words"),
        ("IMAP_POLL_S", "0"),
        ("IMAP_FOOTER", "x" * 201),
        ("PORT", "٣"),
        ("ALLOW_PRIVATE_WEBHOOKS", "perhaps"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(name: str, typed: str) -> None:
    message = refusal(**{name: typed})
    assert message.startswith(f"RESPONDER_{name} is '")
    assert ", expected " in message
    assert "\n" not in message


@pytest.mark.parametrize("typed", ["universal", "legacy", " Legacy "])
def test_both_apis_for_sending_can_be_chosen(typed: str) -> None:
    assert load_settings({"RESPONDER_AGILE_API": typed}).provider.api == typed.strip().lower()


def test_all_that_is_wrong_is_told_at_once() -> None:
    lines = refusal(PORT="five", LOG_LEVEL="loud", ALLOWED_IPS="here, there").splitlines()
    assert [line.split()[0] for line in lines] == [
        "RESPONDER_PORT",
        "RESPONDER_ALLOWED_IPS",
        "RESPONDER_ALLOWED_IPS",
        "RESPONDER_LOG_LEVEL",
    ]


def test_a_wrong_data_directory_is_told_once_though_the_database_would_live_there() -> None:
    assert len(refusal(DATA_DIR="~no-such-user").splitlines()) == 1


@pytest.mark.parametrize(("name", "typed"), [("AGILE_API_KEY", "ak_live 0123456789"), ("WEBHOOK_TOKEN", "a/b")])
def test_a_wrong_secret_shows_nothing_of_itself(name: str, typed: str) -> None:
    assert refusal(**{name: typed}).startswith(f"RESPONDER_{name} is '…', expected")


@pytest.mark.parametrize("name", ["SECRET", "API_TOKEN", "METRICS_TOKEN"])
def test_a_short_secret_is_refused(name: str) -> None:
    assert "8 characters at least" in refusal(**{name: "x"})


@pytest.mark.parametrize("typed", ["yes", "No", "1", "off"])
def test_a_word_for_true_is_no_name_of_a_mail_server(typed: str) -> None:
    assert "expected true, false or the name" in refusal(IMAP_REQUIRE_DKIM=typed)


@pytest.mark.parametrize("password", ["p@ss", "p?ss"])
def test_a_password_of_the_database_that_breaks_its_address_gets_the_remedy(password: str) -> None:
    assert "%40 for @" in refusal(DATABASE_URL=f"postgresql://u:{password}@db/x")


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("DATABASE_URL", "mysql://shop:hidden@db/x"),
        ("REDIS_URL", "redis://:hidden@cache:x"),
        ("IMAP_URL", "imaps://u:hid/hidden@host:x"),
    ],
)
def test_a_wrong_address_does_not_show_its_password(name: str, typed: str) -> None:
    assert "hidden" not in refusal(**{name: typed})


def test_settings_in_a_log_show_no_secret() -> None:
    names = ["WEBHOOK_TOKEN", "ADMIN_PASSWORD", "AGILE_API_KEY", "SECRET"]
    typed = {f"{PREFIX}{name}": "hidden-one" for name in names}
    urls = {"RESPONDER_DATABASE_URL": "postgresql://u:hidden@db/x", "RESPONDER_REDIS_URL": "redis://:hidden@cache"}
    urls |= {"RESPONDER_IMAP_URL": "imaps://hidden:hidden@mail.example.com/INBOX", "RESPONDER_IMAP_PASSWORD": "hidden"}
    assert "hidden" not in repr(load_settings(typed | urls)) + str(load_settings(typed | urls))


def test_a_variable_that_is_no_setting_is_told_with_the_likely_one() -> None:
    assert unknown_settings({"RESPONDER_DATABASE_URI": "x", "HOME": "/"}) == [
        "RESPONDER_DATABASE_URI is not a setting of this version, did you mean 'RESPONDER_DATABASE_URL'?"
    ]


def test_what_run_tells_its_children_is_no_unknown_setting() -> None:
    assert unknown_settings({PARENT_FD: "7"}) == []


def test_a_setting_of_a_later_version_does_not_stop_the_start() -> None:
    assert load_settings({"RESPONDER_OF_TOMORROW": "30"}) == load_settings({})


def test_the_file_in_the_working_directory_is_read(folder: Path) -> None:
    (folder / ".env").write_text("RESPONDER_PORT=8123\nCRM_WEBHOOK_SECRET=whsec_x\n")
    assert environment()["CRM_WEBHOOK_SECRET"] == "whsec_x"
    assert load_settings().port == 8123


def test_the_environment_goes_before_the_file(folder: Path) -> None:
    (folder / ".env").write_text("PATH=nowhere\n")
    assert environment()["PATH"] == os.environ["PATH"]


def test_a_file_that_is_no_text_is_refused_by_its_name(folder: Path) -> None:
    (folder / ".env").write_bytes(b"RESPONDER_SENDER=\xff\xfe\n")
    with pytest.raises(ConfigurationError, match=r"^\.env: cannot be read"):
        load_settings()


def test_variables_that_are_given_stand_alone(folder: Path) -> None:
    (folder / ".env").write_text("RESPONDER_PORT=8123\n")
    assert load_settings({}).port == 8000


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_on_this_machine_alone_nothing_more_is_asked(host: str) -> None:
    assert exposure(HOST=host) is None


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.0.2.1", "sms.example.com"])
def test_where_others_can_reach_us_the_webhook_must_be_guarded(host: str) -> None:
    message = exposed(HOST=host, ADMIN_PASSWORD="x" * 12)
    assert message.startswith(f"RESPONDER_HOST is '{host}'")
    assert "RESPONDER_WEBHOOK_TOKEN" in message
    assert "RESPONDER_ALLOWED_IPS" in message


def test_where_others_can_reach_us_the_console_needs_a_password() -> None:
    assert "RESPONDER_ADMIN_PASSWORD" in exposed(HOST=EVERYWHERE, WEBHOOK_TOKEN="x" * 16)


def test_both_remedies_are_told_at_once() -> None:
    assert len(exposed(HOST=EVERYWHERE).splitlines()) == 2


@pytest.mark.parametrize("guard", [{"WEBHOOK_TOKEN": "x" * 16}, {"ALLOWED_IPS": "203.0.113.7"}])
def test_with_a_token_or_addresses_and_a_password_others_may_reach_us(guard: dict[str, str]) -> None:
    assert exposure(HOST=EVERYWHERE, ADMIN_PASSWORD="x" * 12, **guard) is None


@pytest.mark.parametrize(
    ("name", "typed", "least"),
    [
        ("WEBHOOK_TOKEN", "x" * 15, 16),
        ("WEBHOOK_TOKEN", f"{'x' * 16},short", 16),
        ("ADMIN_PASSWORD", "x" * 11, 12),
        ("API_TOKEN", "x" * 19, 20),
    ],
)
def test_where_others_can_reach_us_no_secret_is_soon_guessed(name: str, typed: str, least: int) -> None:
    good = {"WEBHOOK_TOKEN": "w" * 16, "ADMIN_PASSWORD": "a" * 12, "API_TOKEN": "t" * 20}
    place = f"RESPONDER_HOST is '{EVERYWHERE}', which other machines can reach"
    assert (
        exposed(HOST=EVERYWHERE, **(good | {name: typed}))
        == f"{place}: RESPONDER_{name} is too short there, set one of {least} characters at least"
    )


@pytest.mark.parametrize("name", sorted(setting_fields()))
@pytest.mark.parametrize(
    "typed", ["\ud800", "/a\ud800", "https://a\ud800/", "postgresql://u:p@h\ud800/x", "imaps://u:p@h\ud800/INBOX"]
)
def test_half_a_character_is_refused_cleanly(name: str, typed: str) -> None:
    message = refusal(**{name.upper(): typed})
    assert message.startswith(f"RESPONDER_{name.upper()} is ")
    assert message.encode()


def test_a_file_may_have_any_name_that_the_system_gives() -> None:
    assert load_settings({"RESPONDER_RULES": "a\udcff.yaml"}).rules == Path("a\udcff.yaml")


@pytest.mark.parametrize(("name", "field"), setting_fields().items())
def test_each_setting_is_a_line_of_the_documentation(name: str, field: FieldInfo) -> None:
    assert row(name, field) in DOCUMENTATION.read_text().splitlines()


def test_the_documentation_lists_nothing_else() -> None:
    rows = [line for line in DOCUMENTATION.read_text().splitlines() if line.startswith("| `RESPONDER_")]
    assert rows == [row(name, field) for name, field in setting_fields().items()]


def row(name: str, field: FieldInfo) -> str:
    is_switch = isinstance(field.default, bool)
    is_shown = not field.default_factory and not is_secret(field) and field.default not in (None, ())
    default = str(field.default).lower() if is_switch else str(field.default)
    return f"| `{PREFIX}{name.upper()}` | {f'`{default}`' if is_shown else 'none'} | {field.description} |"
