"""A real IMAP server: Dovecot, on free ports, with mailboxes that are made as they are asked for."""

import grp
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imapclient import IMAPClient

from tests.conftest import free_port

PROGRAM = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PASSWORD = "mail-secret"
WITHOUT_IDLE = "IMAP4rev1 SASL-IR LITERAL+ UIDPLUS ENABLE"
CONFIGURATION = """
base_dir = FOLDER/run
state_dir = FOLDER/state
log_path = FOLDER/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <FOLDER/cert.pem
ssl_key = <FOLDER/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:FOLDER/mail/%u
mailbox_list_index = no
mail_fsync = never
mail_max_userip_connections = 100
first_valid_uid = 1
default_internal_user = INTERNAL
default_internal_group = GROUP
default_login_user = LOGIN
imap_capability = CAPABILITY
service imap-login {
  chroot =
  inet_listener imap {
    port = PLAIN
  }
  inet_listener imaps {
    port = TLS
    ssl = yes
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
passdb {
  driver = static
  args = password=PASSWORD
}
userdb {
  driver = static
  args = uid=OWNER gid=OWNED home=FOLDER/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
}
"""


@dataclass
class Dovecot:
    """One server; ``capability`` is what it says it can do, if not everything."""

    folder: Path
    capability: str = ""
    plain_port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    def prepare(self) -> None:
        """Make the folder, the configuration and the certificate."""
        self.folder.chmod(0o755)
        (self.folder / "mail").mkdir()
        shutil.chown(self.folder / "mail", self._owner.pw_uid, self._owner.pw_gid)
        openssl = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=localhost",
        ]
        names = [
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            str(self.folder / "key.pem"),
            "-out",
            str(self.certificate),
        ]
        subprocess.run([*openssl, *names], check=True, capture_output=True)
        (self.folder / "dovecot.conf").write_text(self._configuration())

    @property
    def _owner(self) -> pwd.struct_passwd:
        return pwd.getpwnam("mail") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())

    def _configuration(self) -> str:
        me = pwd.getpwuid(os.geteuid())
        is_root = me.pw_uid == 0
        values = {
            "FOLDER": self.folder, "PLAIN": self.plain_port, "TLS": self.tls_port, "CAPABILITY": self.capability,
            "INTERNAL": "dovecot" if is_root else me.pw_name, "LOGIN": "dovenull" if is_root else me.pw_name,
            "GROUP": "dovecot" if is_root else grp.getgrgid(me.pw_gid).gr_name,
            "OWNER": self._owner.pw_uid, "OWNED": self._owner.pw_gid, "password=PASSWORD": f"password={PASSWORD}",
        }  # fmt: skip
        text = CONFIGURATION
        for name, value in values.items():
            text = text.replace(name, str(value))
        return text

    def start(self) -> None:
        """Start the server, and wait until it lets somebody in."""
        assert PROGRAM
        self.process = subprocess.Popen(
            [PROGRAM, "-F", "-c", self.folder / "dovecot.conf"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        ends_at = time.monotonic() + 10
        while True:
            try:
                self.client("nobody").logout()
            except Exception:  # noqa: BLE001  (whatever it is, it is not ready)
                assert time.monotonic() < ends_at, (self.folder / "log").read_text()
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """End the server and all its connections."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
            self.process = None

    def user(self) -> str:
        """A new user, with an empty mailbox."""
        return f"shop{next(self._numbers)}"

    def url(self, user: str, scheme: str = "plain", folder: str = "INBOX", password: str = PASSWORD) -> str:
        """The address of a mailbox: plain, with ``imap`` (STARTTLS) or ``imaps``."""
        if scheme == "plain":
            return f"imap://{user}:{password}@127.0.0.1:{self.plain_port}/{folder}?plain=yes"
        return (
            f"{scheme}://{user}:{password}@localhost:{self.tls_port if scheme == 'imaps' else self.plain_port}/{folder}"
        )

    def client(self, user: str) -> Any:
        """A connection of the test's own, with the mailbox opened."""
        client = IMAPClient("127.0.0.1", self.plain_port, ssl=False, timeout=10)
        client.login(user, PASSWORD)
        client.select_folder("INBOX")
        return client

    def deliver(self, user: str, *mails: bytes) -> None:
        """Put mails into a mailbox, as a delivery agent does."""
        place = self.folder / "mail" / user
        for name in ("cur", "new", "tmp"):
            (place / name).mkdir(parents=True, exist_ok=True)
            shutil.chown(place / name, self._owner.pw_uid, self._owner.pw_gid)
        shutil.chown(place, self._owner.pw_uid, self._owner.pw_gid)
        for mail in mails:
            name = f"{time.time():.6f}.M{next(self._numbers)}P{os.getpid()}.test"
            (place / "tmp" / name).write_bytes(mail)
            shutil.chown(place / "tmp" / name, self._owner.pw_uid, self._owner.pw_gid)
            (place / "tmp" / name).rename(place / "new" / name)

    def flags(self, user: str, folder: str = "INBOX") -> list[set[bytes]]:
        """The flags of each mail in a folder."""
        with self.client(user) as client:
            client.select_folder(folder, readonly=True)
            return [
                set(told[b"FLAGS"]) - {b"\\Recent"}
                for _, told in sorted(client.fetch(client.search("ALL"), ["FLAGS"]).items())
            ]

    def count(self, user: str, folder: str = "INBOX") -> int:
        """How many mails a folder has; none if there is no such folder."""
        with self.client(user) as client:
            return int(client.folder_status(folder, ["MESSAGES"])[b"MESSAGES"]) if client.folder_exists(folder) else 0


@contextmanager
def dovecot(capability: str = "") -> Iterator[Dovecot]:
    """A server that runs, gone afterwards."""
    server = Dovecot(folder=Path(tempfile.mkdtemp(prefix="rspd-", dir="/tmp")), capability=capability)
    try:
        server.prepare()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder)
