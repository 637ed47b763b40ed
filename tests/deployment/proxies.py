"""nginx and Caddy by the examples of deploy/, on ports and in a folder of the test."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import free_port

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
NGINX = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/other.log crit;
{user} events {{ worker_connections 256; }}
http {{ {temporary} include {folder}/responder.conf; }}"""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """A proxy that runs in front of ``upstream``."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def wrote(self) -> str:
        """All its logs."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def start_nginx(folder: Path, upstream: int) -> Proxy:
    """The example for nginx."""
    port, plain = free_port(), free_port()
    certificate = make_certificate(folder)
    text = (DEPLOY / "nginx" / "responder.conf").read_text()
    for said, here in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("127.0.0.1:8000", f"127.0.0.1:{upstream}"),
        ("/etc/ssl/responder/fullchain.pem", str(certificate)),
        ("/etc/ssl/responder/privkey.pem", str(certificate)),
        ("/var/log/nginx/", f"{folder}/"),
    ):
        text = _replaced(text, said, here)
    (folder / "responder.conf").write_text(text)
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in TEMPORARY)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, temporary=temporary, user=user))
    command = [found("nginx") or "nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    return Proxy(folder=folder, port=port, process=_start(folder, command))


def start_caddy(folder: Path, upstream: int) -> Proxy:
    """The example for Caddy."""
    port = free_port()
    certificate = make_certificate(folder)
    text = (DEPLOY / "caddy" / "Caddyfile").read_text()
    text = _replaced(
        text, "{$RESPONDER_NAME:sms.example.com} {", "{$RESPONDER_NAME} {\n\t" + f"tls {certificate} {certificate}"
    )
    text = _replaced(text, "\n{\n", "\n{\n\tadmin off\n\tauto_https off\n")
    (folder / "Caddyfile").write_text(text)
    command = [found("caddy") or "caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    here = {"RESPONDER_NAME": f"https://127.0.0.1:{port}", "RESPONDER_UPSTREAM": f"127.0.0.1:{upstream}"}
    return Proxy(folder=folder, port=port, process=_start(folder, command, **here))


STARTS: dict[str, Callable[[Path, int], Proxy]] = {"nginx": start_nginx, "caddy": start_caddy}


def found(program: str) -> str | None:
    """Where a program is, also outside of the path of a plain user."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def make_certificate(folder: Path) -> Path:
    """A certificate with its key, in one file, for this machine."""
    both = folder / "certificate.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files],
        check=True,
        capture_output=True,
    )
    both.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return both


def _replaced(text: str, said: str, here: str) -> str:
    assert said in text, f"the example does not say {said!r} any more"
    return re.sub(re.escape(said), lambda _: here, text)


def _start(folder: Path, command: list[str], **settings: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        **settings,
    }
    with (folder / "printed.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment)
