"""Each benchmark runs, with tiny numbers that measure nothing."""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import handle
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.report import Goal, Report, Row, Table
from tests.mail.conftest import NO_DOVECOT
from tests.mail.dovecot import PROGRAM

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="CPU and memory come from /proc")


QUICK = ("check",)  # those that take a moment alone; the others belong to the nightly mode


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.faults) for name in BENCHMARKS]
)
def test_a_benchmark_gives_a_table_and_says_what_was_reached(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "mail" and not PROGRAM:
        pytest.skip(NO_DOVECOT)
    server = os.environ.get("TEST_DATABASE_URL")
    if name == "workers" and not server:
        pytest.skip("TEST_DATABASE_URL names no PostgreSQL")
    main(
        [
            name,
            "--rounds",
            "1",
            "--scale",
            "0.02",
            "--dir",
            str(tmp_path),
            *(["--postgresql", server] if server else []),
        ]
    )
    said = capsys.readouterr()
    assert said.err == ""
    table, _, goals = said.out.rpartition("\n\n")
    assert "median" in table
    assert {line.split()[0] for line in goals.splitlines()} <= {"reached", "missed"}


def test_without_a_name_all_benchmarks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(BENCHMARKS)


def test_an_unknown_name_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "unknown benchmark 'speed', expected any of acknowledge" in capsys.readouterr().err


def test_a_ratio_compares_the_two_figures_of_each_round() -> None:
    rows = [Row(name="theirs", runs=(1.0, 10.0, 2.0)), Row(name="ours", runs=(3.0, 20.0, 6.0))]
    assert Table(title="", unit="us", rows=rows, baselines=("theirs",)).ratio("ours", "theirs") == 3.0


def test_what_was_too_short_to_be_measured_is_no_baseline() -> None:
    rows = [Row(name="theirs", runs=(0.0,)), Row(name="ours", runs=(3.0,))]
    table = Table(title="", unit="us", rows=rows, baselines=("theirs",))
    assert "nan" in str(Report(tables=[table], goals=[]))
    assert str(Goal(text="times", value=table.ratio("ours", "theirs"), limit=3)).startswith("missed")


@pytest.mark.parametrize(
    ("value", "at_least", "word"), [(2.0, False, "reached"), (4.0, False, "missed"), (4.0, True, "reached")]
)
def test_a_goal_says_whether_it_is_reached(value: float, at_least: bool, word: str) -> None:
    assert str(Goal(text="times", value=value, limit=3, at_least=at_least)).startswith(word)


@pytest.mark.parametrize("query", [handle.WAITING, handle.UNDONE])
def test_looking_whether_a_worker_is_done_reads_an_index_and_no_table(query: str, sqlite_template: Path) -> None:
    with closing(sqlite3.connect(sqlite_template)) as connection:
        (plan,) = connection.execute(f"EXPLAIN QUERY PLAN {query}")
    assert "INDEX" in plan[3]
