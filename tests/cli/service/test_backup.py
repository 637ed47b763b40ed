"""`responder backup` and `restore`, as they are typed, and what becomes of what was on its way."""

import os
import sqlite3
from pathlib import Path

import pytest

from tests.builders import ANNA, inbound
from tests.cli.conftest import Installation, Outcome, run, typed
from tests.conftest import postgres_server

PASSPHRASE = "long enough, and easy to type"


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(database) as connection:
        return connection.execute(query).fetchall()


async def backed_up(here: Installation) -> None:
    """An installation with a text that was handled, and a reply that waits."""
    await here.work.handle(inbound("News ON", ANNA))
    made = await run("backup", "a.backup")
    assert made.code == 0, made.err


async def restored(*options: str) -> Outcome:
    return await run("restore", "a.backup", "--into", "new", *options)


async def test_what_was_restored_is_told_to_be_whole(here: Installation) -> None:
    await backed_up(here)
    back = await restored()
    assert back.code == 0, back.err
    assert "✓ files      2, each with the hash that it was made with" in back.out
    assert "✓ consent    1 event, the chain is whole" in back.out
    assert "copy your .env into new, then  cd new && " in back.out
    assert "STOPs too" in back.out


async def test_all_tables_come_back_with_the_same_rows(here: Installation) -> None:
    await backed_up(here)
    await restored()
    for table in ("messages", "contacts", "subscriptions", "consent_events", "steps"):
        query = f"SELECT count(*) FROM {table}"  # noqa: S608  (our own words)
        assert rows(here.folder / "new/data/responder.db", query) == rows(here.folder / "data/responder.db", query)


async def test_the_rules_come_back_with_the_files_that_they_include(here: Installation) -> None:
    (here.folder / "campaigns").mkdir()
    here.write("campaigns/may.yaml", "lists: {may: {title: May}}\n")
    here.write("campaigns/not-rules.txt", "")
    here.write(
        "rules.yaml",
        "version: 1\ninclude: [campaigns/*.yaml]\n" + (here.folder / "rules.yaml").read_text().lstrip()[11:],
    )
    await backed_up(here)
    await restored()
    files = {str(path.relative_to(here.folder / "new")) for path in (here.folder / "new").rglob("*") if path.is_file()}
    assert files == {"rules.yaml", "campaigns/may.yaml", "data/responder.db", "data/run.lock"}


async def test_the_restored_one_is_used_without_more_ado(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    await backed_up(here)
    await restored()
    monkeypatch.chdir(here.folder / "new")
    assert (await run("consent", "verify")).code == 0
    assert [row["text"] for row in (await run("messages", "list", "--json")).records] == ["News ON"]


async def test_a_reply_that_waited_is_uncertain_and_never_sent_by_itself(here: Installation) -> None:
    await backed_up(here)
    back = await restored()
    assert "1 waited or were being sent, and may have left since, so they are uncertain" in back.out
    statuses = rows(here.folder / "new/data/responder.db", "SELECT kind, status FROM steps ORDER BY kind")
    assert statuses == [("reply", "uncertain"), ("webhook", "queued")]
    assert "1 calls are made again, with the same ids" in back.out


async def test_a_reply_that_waited_leaves_if_that_is_said(here: Installation) -> None:
    await backed_up(here)
    back = await restored("--send-queued")
    assert "1 that waited leave at the next start" in back.out
    assert rows(here.folder / "new/data/responder.db", "SELECT status FROM steps WHERE kind = 'reply'") == [("queued",)]


async def test_what_was_being_sent_is_uncertain_in_any_case(here: Installation) -> None:
    await here.work.handle(inbound("News ON", ANNA))
    with sqlite3.connect("data/responder.db") as connection:
        connection.execute(
            "UPDATE steps SET status = 'sending', lease_owner = 'w', lease_until = '2026-11-30 10:00:00.000000'"
        )
    await run("backup", "a.backup")
    await restored("--send-queued")
    statuses = rows(here.folder / "new/data/responder.db", "SELECT kind, status, lease_until FROM steps ORDER BY kind")
    assert statuses == [("reply", "uncertain", None), ("webhook", "queued", None)]


async def test_a_reminder_that_was_due_since_is_dropped_and_said(here: Installation) -> None:
    here.write("visits.csv", f"id,originator,starts_at\nv-1,{ANNA},2026-12-01 09:00\n")
    reminding = "appointments: {reminders: [{before: 1d, text: See you.}]}\n"
    here.write("rules.yaml", (here.folder / "rules.yaml").read_text() + reminding)
    await run("appointments", "import", "visits.csv")
    with sqlite3.connect("data/responder.db") as connection:
        connection.execute("UPDATE reminders SET status = 'planned', next_at = '2026-11-20 09:00:00.000000'")
    await run("backup", "a.backup")
    back = await restored()
    assert "1 were due since, and are dropped" in back.out
    assert rows(here.folder / "new/data/responder.db", "SELECT status FROM reminders") == [("dropped",)]


@pytest.mark.tour  # a passphrase is slow on purpose
async def test_an_encrypted_one_needs_its_passphrase(here: Installation) -> None:
    here.write("secret.txt", f"{PASSPHRASE}\n")
    here.write("other.txt", "some other passphrase\n")
    await run("backup", "a.backup", "--passphrase-file", "secret.txt")
    without, wrong = await restored(), await restored("--passphrase-file", "other.txt")
    assert "it is encrypted: give its passphrase by RESPONDER_BACKUP_PASSPHRASE" in without.err
    assert "the passphrase is not the one that it was made with" in wrong.err
    assert not (here.folder / "new/data/responder.db").exists()
    assert (await restored("--passphrase-file", "secret.txt")).code == 0


@pytest.mark.tour  # a passphrase is slow on purpose
async def test_the_passphrase_may_be_a_setting(here: Installation) -> None:
    here.set(BACKUP_PASSPHRASE=PASSPHRASE)
    made = await run("backup", "a.backup")
    assert "not encrypted" not in made.out
    assert (await restored()).code == 0


async def test_a_secret_that_is_set_travels_along(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESPONDER_DATA_DIR", "other")
    monkeypatch.setenv("RESPONDER_SECRET", "a secret of our own")
    await run("migrate")
    await run("subscribers", "add", ANNA, "--list", "news", "--evidence", "paper")
    assert (await run("backup", "a.backup")).code == 0
    monkeypatch.delenv("RESPONDER_SECRET")
    back = await restored()
    assert "set RESPONDER_SECRET_FILE=new/data/secret" in back.out
    assert (here.folder / "new/data/secret").read_text() == "a secret of our own"


async def test_a_database_that_is_there_is_not_replaced(here: Installation) -> None:
    await backed_up(here)
    again = await run("restore", "a.backup")
    assert again.code == 1
    assert "data/responder.db: there is a database already, and it is not replaced" in again.err


async def test_rules_that_are_there_stay_and_the_others_lie_beside(here: Installation) -> None:
    await backed_up(here)
    (here.folder / "new").mkdir()
    here.write("new/rules.yaml", "version: 1\n# mine\n")
    back = await restored()
    assert "new/rules.yaml.restored: lies beside the one that is there" in back.out
    assert (here.folder / "new/rules.yaml").read_text() == "version: 1\n# mine\n"
    assert (here.folder / "new/rules.yaml.restored").read_text() == (here.folder / "rules.yaml").read_text()


async def test_an_old_backup_is_replaced_and_any_other_file_is_not(here: Installation) -> None:
    await backed_up(here)
    assert (await run("backup", "a.backup")).code == 0
    refused = await run("backup", "rules.yaml")
    assert refused.code == 1
    assert "it is there and no backup, so it is not replaced" in refused.err


async def test_a_folder_gets_a_backup_named_by_the_time(here: Installation) -> None:
    (here.folder / "kept").mkdir()
    await run("backup", "kept")
    (made,) = (here.folder / "kept").iterdir()
    assert made.name.startswith("responder-2")
    assert made.suffix == ".backup"
    assert made.stat().st_mode & 0o777 == 0o600


async def test_nothing_is_left_over_beside_the_database(here: Installation) -> None:
    await backed_up(here)
    assert {path.name for path in (here.folder / "data").iterdir()} <= {
        "responder.db",
        "responder.db-wal",
        "responder.db-shm",
    }


async def test_a_backup_without_rules_says_so(here: Installation) -> None:
    (here.folder / "rules.yaml").unlink()
    made = await run("backup", "a.backup")
    assert "rules.yaml: is not there, so the backup has no rules file" in made.out
    assert (await restored()).code == 0


async def test_rules_with_mistakes_are_kept_as_they_are(here: Installation) -> None:
    here.write("rules.yaml", "version: 1\nrulse: []\n")
    assert (await run("backup", "a.backup")).code == 0
    await restored()
    assert (here.folder / "new/rules.yaml").read_text() == "version: 1\nrulse: []\n"


async def test_a_ledger_that_was_tampered_with_is_told(here: Installation) -> None:
    await here.work.handle(inbound("News ON", ANNA))
    with sqlite3.connect("data/responder.db") as connection:
        connection.execute("UPDATE consent_events SET list = 'offers'")
    await run("backup", "a.backup")
    back = await restored()
    assert back.code == 1
    assert "✗ consent    1 event, and the chain was broken before the backup" in back.out


def test_without_a_database_there_is_nothing_to_back_up(folder: Path) -> None:
    refused = typed("backup", "a.backup")
    assert refused.code == 1
    assert "there is no database yet, so there is nothing to back up" in refused.err


def test_for_postgresql_its_own_command_is_named(folder: Path) -> None:
    (folder / ".env").write_text(f"RESPONDER_DATABASE_URL={postgres_server()}\n")
    refused = typed("backup", "a.backup")
    assert refused.code == 1
    assert "pg_dump --format=custom" in refused.err


async def test_a_place_that_cannot_be_written_leaves_nothing(here: Installation) -> None:
    refused = await run("backup", "missing/a.backup")
    assert "missing: there is no such folder" in refused.err
    assert "being-backed-up" not in os.listdir("data")  # noqa: PTH208  (the names alone)


async def test_while_a_restore_is_unfinished_nothing_starts_on_it(here: Installation) -> None:
    (here.folder / "data" / "restoring").mkdir()
    refused = await run("migrate")
    assert refused.code == 1
    assert (
        "a restore has not come to its end: wait for it, or if it was stopped, run 'responder restore'" in refused.err
    )
