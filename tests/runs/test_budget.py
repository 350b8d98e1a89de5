from __future__ import annotations

import subprocess
import sys
import time

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
