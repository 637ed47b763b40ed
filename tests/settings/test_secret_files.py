"""Secrets in files: ``NAME_FILE`` stands for what the file holds."""

import base64
from pathlib import Path

import pytest

from responder.core.rules.rules import Rules
from responder.errors import ConfigurationError, RulesError
from responder.rulefile import read_rules
from responder.settings.environment import environment
from responder.settings.model import load_settings, setting_fields, unknown_settings
from responder.settings.types import secret_names


def of(tmp_path: Path, content: bytes) -> str:
    (tmp_path / "secret").write_bytes(content)
    return str(tmp_path / "secret")


def refusal(variables: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings(variables)
    return str(refused.value)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_secret_is_read_from_a_file_without_its_line_end(tmp_path: Path, end: bytes) -> None:
    settings = load_settings({"RESPONDER_API_TOKEN_FILE": of(tmp_path, b"long enough" + end)})
    assert settings.api_token is not None
    assert settings.api_token.get_secret_value() == "long enough"


def test_the_address_of_a_database_may_stand_in_a_file(tmp_path: Path) -> None:
    place = of(tmp_path, b"postgresql://u:p@db/x\n")
    assert load_settings({"RESPONDER_DATABASE_URL_FILE": place}).database_url == "postgresql://u:p@db/x"


def test_the_keys_of_gateways_may_stand_in_files() -> None:
    assert {"agile_api_key", "secret", "webhook_token", "smtp_url"} <= secret_names(setting_fields())


def test_a_secret_twice_is_a_mistake(tmp_path: Path) -> None:
    both = {"RESPONDER_SECRET": "long enough", "RESPONDER_SECRET_FILE": of(tmp_path, b"long enough")}
    assert refusal(both) == "RESPONDER_SECRET and RESPONDER_SECRET_FILE are both set, leave one of them out"


def test_a_file_that_is_not_there_is_told() -> None:
    told = refusal({"RESPONDER_SECRET_FILE": "/nowhere/secret"})
    assert told.startswith("RESPONDER_SECRET_FILE is '/nowhere/secret', expected a file with the secret alone")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\n", "it is empty"), (b"\xff", "no text in UTF-8"), (b"x" * 70_000, "larger than 64 KiB")],
)
def test_a_file_without_a_secret_is_told(tmp_path: Path, content: bytes, reason: str) -> None:
    assert reason in refusal({"RESPONDER_SECRET_FILE": of(tmp_path, content)})


def test_what_a_file_holds_is_never_shown(tmp_path: Path) -> None:
    assert "hidden" not in refusal({"RESPONDER_AGILE_API_KEY_FILE": of(tmp_path, b"hid den hidden")})


def test_an_empty_name_of_a_file_counts_as_absent() -> None:
    assert load_settings({"RESPONDER_SECRET_FILE": ""}) == load_settings({})


def test_only_secrets_stand_in_files() -> None:
    assert unknown_settings({"RESPONDER_SECRET_FILE": "x"}) == []
    assert unknown_settings({"RESPONDER_PORT_FILE": "x"}) != []


RULES = 'version: 1\nwebhooks: {crm: {url: "https://crm.example.com/", secret: "${CRM_SECRET}"}}\n'
WHSEC = b"whsec_" + base64.b64encode(b"s" * 24)


def rules_with(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Rules:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return read_rules(RULES, "rules.yaml", environment())


def test_the_secret_of_a_webhook_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = rules_with(monkeypatch, CRM_SECRET_FILE=of(tmp_path, WHSEC + b"\n"))
    assert read.webhooks["crm"].secrets == (WHSEC.decode(),)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"CRM_SECRET": "x", "CRM_SECRET_FILE": "y"}, "CRM_SECRET and CRM_SECRET_FILE are both set, leave one of them"),
        ({"CRM_SECRET_FILE": "/nowhere"}, "CRM_SECRET_FILE is '/nowhere', expected a file with the secret alone"),
        ({"CRM_SECRET_FILE": ""}, "the environment variable CRM_SECRET is not set"),
    ],
)
def test_a_secret_of_a_webhook_that_cannot_be_had_is_told(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    with pytest.raises(RulesError) as refused:
        rules_with(monkeypatch, **variables)
    assert f'webhook "crm": {told}' in str(refused.value)
