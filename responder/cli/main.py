"""Where the command ``responder`` begins, and the one place where the errors of commands are printed."""

import sys
from collections.abc import Sequence

from responder.cli.terminal.output import say
from responder.errors import ResponderError, StorageError
from responder.processes.data_dir import keep_private
from responder.processes.memory import collect_less_often, collect_nothing

FAILED, INTERRUPTED = 1, 130
SERVING = ("run", "web", "worker", "mail")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; print what has gone wrong without a traceback, if responder itself says so."""
    typed = sys.argv[1:] if arguments is None else list(arguments)
    if arguments is None:  # in a shell: this process is its own
        keep_private()
        collect_nothing() if _is_plain(typed) else collect_less_often()
    try:
        if _is_plain(typed):
            _serve(typed[0])
        else:
            from responder.cli.app import create_app  # noqa: PLC0415  (each command loads its own part alone)

            create_app()(arguments, prog_name="responder")
    except StorageError as error:
        say(f"the database cannot be used ({error}): 'responder doctor' says what to do", err=True)
        sys.exit(FAILED)
    except ResponderError as error:
        say(str(error), err=True)
        sys.exit(FAILED)


def _is_plain(typed: Sequence[str]) -> bool:
    """Whether a command serves and has no options: it does without the library that reads them."""
    return len(typed) == 1 and typed[0] in SERVING


def _serve(command: str) -> None:
    from responder.cli.service.serving import START  # noqa: PLC0415  (likewise)

    try:
        START[command]()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
