"""A real SMTP server that takes e-mails, refuses them, hangs, drips or hangs up, as it is told."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class Taken:
    """One e-mail that arrived whole."""

    sender: str
    recipient: str
    raw: bytes
    user: str | None
    is_encrypted: bool

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.raw, policy=default)
        assert isinstance(message, EmailMessage)
        return message


@dataclass
class SmtpServer:
    """What it took, and what it answers to a command in place of yes; ``hangs`` and ``drops`` name commands."""

    tls: ssl.SSLContext | None = None
    port: int = 0
    mails: list[Taken] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    hangs: str = ""
    drips: str = ""
    drops: str = ""
    password: str | None = None
    offers_tls: bool = True
    connections: int = 0
    said: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client."""
        self.connections += 1
        try:
            await _Talk(self, reader, writer).run()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()


class _Talk:
    def __init__(self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.sender = self.recipient = ""
        self.user: str | None = None
        self.commands: dict[str, Callable[[str], Awaitable[str]]] = {
            "EHLO": self.ehlo, "AUTH": self.auth, "MAIL": self.mail, "RCPT": self.rcpt, "DATA": self.data, "QUIT": self.quit, "RSET": self.quit,
        }  # fmt: skip

    @property
    def is_encrypted(self) -> bool:
        return self.writer.get_extra_info("sslcontext") is not None

    async def run(self) -> None:
        await self.say("CONNECT", "220 ready")
        while line := (await self.reader.readline()).decode().strip():
            name, _, rest = line.partition(" ")
            self.server.said.append(name.upper())
            if name.upper() == "STARTTLS":
                assert self.server.tls is not None
                await self.say(name, "220 go on")
                await self.writer.start_tls(self.server.tls)
                continue
            await self.say(name.upper(), await self.commands[name.upper()](rest))

    async def say(self, command: str, answer: str) -> None:
        if command == self.server.drops:
            raise ConnectionResetError
        if command == self.server.hangs:
            await asyncio.Event().wait()
        while command == self.server.drips:
            self.writer.write(b"2")
            await self.writer.drain()
            await asyncio.sleep(0.02)
        self.writer.write(f"{self.server.answers.get(command, answer)}\r\n".encode())
        await self.writer.drain()

    async def ehlo(self, _rest: str) -> str:
        offers = ["250-here"]
        offers += ["250-STARTTLS"] if self.server.tls and self.server.offers_tls and not self.is_encrypted else []
        return "\r\n".join([*offers, "250 AUTH PLAIN"])

    async def auth(self, rest: str) -> str:
        _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
        if password != self.server.password:
            return "535 no"
        self.user = user
        return "235 yes"

    async def mail(self, rest: str) -> str:
        self.sender = rest.partition("<")[2].partition(">")[0]
        return "250 yes"

    async def rcpt(self, rest: str) -> str:
        self.recipient = rest.partition("<")[2].partition(">")[0]
        return "250 yes"

    async def data(self, _rest: str) -> str:
        await self.say("TEXT", "354 go on")
        raw = await self.reader.readuntil(b"\r\n.\r\n")
        if "DATA" not in self.server.answers:
            self.server.mails.append(Taken(self.sender, self.recipient, raw[:-3], self.user, self.is_encrypted))
        return "250 taken"

    async def quit(self, _rest: str) -> str:
        return "221 bye"


@asynccontextmanager
async def taking_mails(server: SmtpServer | None = None, *, tls_at_once: bool = False) -> AsyncIterator[SmtpServer]:
    """A server on a port of its own."""
    server = server or SmtpServer()
    talks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.get_running_loop().create_task(server.serve(reader, writer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", server.port, ssl=server.tls if tls_at_once else None)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
