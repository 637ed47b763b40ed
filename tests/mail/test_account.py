"""The mailbox of the settings."""

from pathlib import Path

import pytest

from responder.errors import ConfigurationError, PermanentError
from responder.gateways.agile.mailbox import AgileMailReader
from responder.mail.account import Account, account_of, reader_of
from responder.settings.model import load_settings
from responder.settings.urls import read_mailbox_url

URL = "imaps://shop@mail.example.com/INBOX"


def account(**typed: str) -> Account:
    return account_of(load_settings({f"RESPONDER_IMAP_{name}": value for name, value in typed.items()}))


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "folder"),
    [
        ("imaps://shop:pw@mail.example.com/INBOX", "mail.example.com", 993, "shop", "INBOX"),
        ("imap://shop:pw@mail.example.com", "mail.example.com", 143, "shop", "INBOX"),
        (
            "imaps://sms%40shop.example:p%2Fw@mail.example.com:1993/INBOX/SMS",
            "mail.example.com",
            1993,
            "sms@shop.example",
            "INBOX/SMS",
        ),
        (
            "imaps://sms@shop.example:pw@mail.example.com/Posta%20in%20arrivo",
            "mail.example.com",
            993,
            "sms@shop.example",
            "Posta in arrivo",
        ),
        ("imap://shop:pw@[::1]:1143/INBOX?plain=yes", "::1", 1143, "shop", "INBOX"),
    ],
)
def test_an_address_has_its_parts(url: str, host: str, port: int, user: str, folder: str) -> None:
    parts = read_mailbox_url(url)
    assert (parts.host, parts.port, parts.user, parts.folder) == (host, port, user, folder)


def test_the_password_stands_in_the_address() -> None:
    assert account(URL="imaps://shop:p%40ss@mail.example.com/INBOX").password() == "p@ss"


def test_the_password_stands_in_a_setting_of_its_own() -> None:
    assert account(URL=URL, PASSWORD="p@ss/word").password() == "p@ss/word"


def test_the_password_in_a_file_is_read_whenever_it_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("first\n")
    found = account(URL=URL, PASSWORD_FILE=str(file))
    file.write_text("second\n")
    assert found.password() == "second"
    file.unlink()
    with pytest.raises(PermanentError, match="cannot be read"):
        found.password()


@pytest.mark.parametrize("content", [None, "", "\n", b"\xff"])
def test_a_file_without_a_password_is_told_at_the_start(tmp_path: Path, content: str | bytes | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError, match=str(file)):
        account(URL=URL, PASSWORD_FILE=str(file))


def test_a_mailbox_without_a_password_is_told_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match="RESPONDER_IMAP_PASSWORD_FILE"):
        account(URL=URL)


def test_without_a_mailbox_its_setting_is_named() -> None:
    with pytest.raises(ConfigurationError, match="RESPONDER_IMAP_URL is not set"):
        account()


def test_no_user_and_no_password_is_in_a_representation() -> None:
    assert "hidden" not in repr(account(URL="imaps://hidden:hidden@mail.example.com/INBOX"))


@pytest.mark.parametrize(
    ("typed", "needs", "receiver"),
    [("false", False, ""), ("true", True, ""), ("mx.shop.example", True, "mx.shop.example")],
)
def test_a_signature_is_asked_for_as_the_settings_say(typed: str, needs: bool, receiver: str) -> None:
    reader = reader_of(load_settings({"RESPONDER_IMAP_REQUIRE_DKIM": typed}), b"secret")
    assert isinstance(reader, AgileMailReader)
    assert (reader.needs_signature, reader.receiver, reader.senders) == (needs, receiver, ("smsin@agiletelecom.com",))
