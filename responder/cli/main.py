"""The command ``responder``."""

import typer

from responder.cli import service


def main() -> None:
    """Run a command."""
    app = typer.Typer()
    service.register(app)
    app()
