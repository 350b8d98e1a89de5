from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

from etabli.runs.budget import Watch

HOLDS = "import time; a = bytearray({mib} << 20); print('here', flush=True); time.sleep(60)"


def started(mib: int) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDS.format(mib=mib)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    return process


def ended(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    process.stdout.close()
    return process.wait(30)


def test_process_over_its_limit_is_killed_and_that_is_said() -> None:
    process = started(300)
    with Watch(200 << 20) as watch:
        watch.follow(process.pid)
        assert ended(process) != 0
        deadline = time.monotonic() + 10
        while not watch.is_exceeded and time.monotonic() < deadline:
            time.sleep(0.01)
    assert watch.is_exceeded
    assert watch.peak >= 300 << 20


CHILD = (
    "import os, subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', {inside!r}], stdout=subprocess.PIPE)\n"
    "child.stdout.readline(); print('here', flush=True); print(child.pid, flush=True); time.sleep(60)"
)


def with_child(inside: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD.format(inside=inside)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    return process


@pytest.mark.parametrize("depth", [1, 2])
def test_what_a_process_started_counts_and_ends_with_it(depth: int) -> None:
    inside = HOLDS.format(mib=300)
    if depth == 2:
        inside = CHILD.format(inside=inside)
    process = with_child(inside)
    assert process.stdout is not None
    child = psutil.Process(int(process.stdout.readline()))
    with Watch(200 << 20) as watch:
        watch.follow(process.pid)
        assert ended(process) != 0
    assert watch.is_exceeded
    assert watch.peak >= 300 << 20
    assert psutil.wait_procs([child], timeout=10)[1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells what is shared")
def test_what_copies_of_a_process_share_counts_once() -> None:
    code = (
        "import os, time\n"
        "a = bytearray(os.urandom(200 << 20))\n"
        "copies = [os.fork() for _ in range(2)]\n"
        "if all(copies): print('here', flush=True)\n"
        "time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    below = psutil.Process(process.pid).children(recursive=True)
    try:
        with Watch(600 << 20) as watch:
            watch.follow(process.pid)
            time.sleep(0.7)
        assert not watch.is_exceeded
        assert 200 << 20 <= watch.peak < 500 << 20
    finally:
        for each in (process, *below):
            each.kill()
        ended(process)


def test_process_under_its_limit_goes_on() -> None:
    process = started(50)
    try:
        with Watch(2000 << 20) as watch:
            watch.follow(process.pid)
            time.sleep(0.5)
            assert process.poll() is None
        assert not watch.is_exceeded
        assert watch.peak >= 50 << 20
        assert watch.cpu_seconds > 0
    finally:
        process.kill()
        ended(process)


def test_process_that_is_gone_is_no_trouble() -> None:
    process = started(1)
    process.kill()
    ended(process)
    with Watch(1) as watch:
        watch.follow(process.pid)
    assert not watch.is_exceeded


def test_what_the_system_tells_at_the_end_is_taken() -> None:
    with Watch(1) as watch:
        watch.told(cpu_seconds=3.5, peak=1000)
        watch.told(cpu_seconds=None, peak=None)
    assert (watch.cpu_seconds, watch.peak) == (3.5, 1000)
