"""The commands that serve, and migrate, as the table of commands finds them."""

import typer

from responder.cli.service.serving import mail, migrate, run, web, worker

app = typer.Typer()
for command in (run, web, worker, mail, migrate):
    app.command(command.__name__)(command)
