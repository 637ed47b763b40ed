"""What the system tells of processes and disks, from /proc."""

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """The CPU time of a process and its threads, in user and kernel mode (proc(5): utime and stime)."""
    fields = _stat(PROC / str(pid))
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def exact_cpu_s(pid: int) -> float:
    """The CPU time of the threads that a process has now, without those that have ended, to the nanosecond."""
    spent = 0
    for task in (PROC / str(pid) / "task").iterdir():
        with suppress(OSError):  # it has ended meanwhile
            spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9


def pss_mb(pid: int, *, alone: bool = False) -> float:
    """The memory of a process, and unless alone of its descendants and their process groups.

    What they share counts once.
    """
    return sum(map(_pss_kb, (pid,) if alone else family(pid))) / 1024


def open_files(pid: int) -> int:
    """How many files, pipes and sockets a process has open."""
    with suppress(OSError):  # it has ended meanwhile
        return sum(1 for _ in (PROC / str(pid) / "fd").iterdir())
    return 0


def family(pid: int) -> set[int]:
    """A process, all that descend from it, and whoever is in the process group of one of these."""
    parents, groups = {}, {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it has ended meanwhile
                fields = _stat(folder)
                parents[int(folder.name)], groups[int(folder.name)] = int(fields[1]), int(fields[2])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    led = {groups[member] for member in found if groups.get(member) in found}  # only groups that one of them leads
    return found | {member for member, group in groups.items() if group in led}


def _pss_kb(pid: int) -> int:
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _stat(folder: Path) -> list[str]:
    """The fields of a process from the third on. The name may hold anything and ends with the last bracket."""
    return (folder / "stat").read_text().rpartition(")")[2].split()


def filesystem(folder: Path) -> str:
    """The kind of file system that a folder is on."""
    mounts = [line.split() for line in (PROC / "self" / "mounts").read_text().splitlines()]
    path = folder.resolve()
    holding = [mount for mount in mounts if path.is_relative_to(mount[1])]
    return max(holding, key=lambda mount: len(mount[1]))[2]


def description(folder: Path) -> str:
    """The machine in a line, with how busy it was when the benchmark began."""
    return " ".join(_facts(folder))


def _facts(folder: Path) -> Iterator[str]:
    yield f"Python {platform.python_version()}, {os.cpu_count()} cores,"
    yield f"load {os.getloadavg()[0]:.1f} at the start, {filesystem(folder)}"
