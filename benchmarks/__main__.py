"""``python -m benchmarks NAME …``: run benchmarks and print what they found; without a name, list them."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import (
    acknowledge,
    check,
    console,
    growth,
    handle,
    hot_contact,
    latency,
    mail,
    match,
    memory_and_start,
    one_by_one,
    outbound,
    reload,
    soak,
    webhooks,
    workers,
)
from benchmarks.machine import description
from benchmarks.report import Report
from benchmarks.rounds import Options
from benchmarks.running import BenchmarkError

BENCHMARKS: Mapping[str, Callable[[Options], Report]] = {
    "acknowledge": acknowledge.run,
    "check": check.run,
    "console": console.run,
    "growth": growth.run,
    "handle": handle.run,
    "hot-contact": hot_contact.run,
    "match": match.run,
    "latency": latency.run,
    "mail": mail.run,
    "memory-and-start": memory_and_start.run,
    "one-by-one": one_by_one.run,
    "outbound": outbound.run,
    "reload": reload.run,
    "soak": soak.run,
    "webhooks": webhooks.run,
    "workers": workers.run,
}
MISSED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks named. The status is 1 if a goal was missed or one could not run."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if not chosen.names:
        print("\n".join(f"{name:<18} {run.__doc__}" for name, run in BENCHMARKS.items()))
        return 0
    if unknown := [name for name in chosen.names if name not in BENCHMARKS]:
        parser.error(f"unknown benchmark {unknown[0]!r}, expected any of {', '.join(BENCHMARKS)}")
    options = Options(rounds=chosen.rounds, scale=chosen.scale, folder=chosen.dir, postgresql=chosen.postgresql)
    print(f"{description(options.folder)}; times a baseline: the median over rounds, in which all run in turn")
    return max([_run(name, options) for name in chosen.names])


def _run(name: str, options: Options) -> int:
    try:
        report = BENCHMARKS[name](options)
    except BenchmarkError as error:
        print(f"\n{name}: {error}", file=sys.stderr)
        return MISSED
    print(f"\n{report}", flush=True)
    return 0 if all(goal.is_reached for goal in report.goals) else MISSED


def _parser() -> argparse.ArgumentParser:
    defaults = Options()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(BENCHMARKS)}")
    parser.add_argument(
        "--rounds", type=int, default=defaults.rounds, help="how often everything runs in turn (default: %(default)s)"
    )
    parser.add_argument(
        "--scale",
        type=float,
        default=defaults.scale,
        help="how long a run is, against a normal one (default: %(default)s)",
    )
    parser.add_argument(
        "--dir",
        type=Path,
        default=defaults.folder,
        help="where databases are, which decides on the disk (default: %(default)s)",
    )
    parser.add_argument(
        "--postgresql",
        metavar="URL",
        help="a server on which databases may be made, for what is compared there as well",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
