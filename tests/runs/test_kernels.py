from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from etabli.errors import RunError
from etabli.runs import forks, kernels
from etabli.runs.forks import FORK_VARIABLE
from etabli.runs.kernels import ForkProvisioner

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

# As clean as a cold one ------------------------------------------------------------------------------


def test_forked_kernel_has_a_namespace_of_its_own(start: Any) -> None:
    with start() as first, start() as second:
        first.run("x = 1")
        assert first.run("print(x)") == "1"
        assert second.run("print(x)") == "NameError"


def test_forked_kernels_come_from_one_template(start: Any) -> None:
    with start() as first, start() as second:
        assert first.template == second.template
        assert first.pid != second.pid


def test_forked_kernels_draw_different_numbers(start: Any) -> None:
    draw = "import random, numpy; print(random.random(), numpy.random.random(), numpy.random.default_rng().random())"
    with start() as first, start() as second:
        one, other = first.run(draw).split(), second.run(draw).split()
    assert len(one) == 3
    assert not set(one) & set(other)


def test_forked_kernels_have_their_own_folder_and_environment(start: Any, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    ask = "import os; print(os.getcwd(), os.environ.get('ETABLI_ESSAI'), os.environ['OMP_NUM_THREADS'])"
    with start() as first, start(tmp_path / "there", ETABLI_ESSAI="oui") as second:
        assert first.template == second.template
        assert first.run(ask) == f"{tmp_path} None 1"
        assert second.run(ask) == f"{tmp_path / 'there'} oui 1"


@pytest.mark.parametrize("fork", ["0", "1"])
def test_kernel_imports_from_its_folder(start: Any, tmp_path: Path, fork: str) -> None:
    (tmp_path / "own_module.py").write_text("x = 'ici'\n", encoding="utf-8")
    with start(**{FORK_VARIABLE: fork}) as kernel:
        assert kernel.run("import own_module; print(own_module.x)") == "ici"
        assert kernel.run("import sys; print(sys.path.count(''), sys.path[0])") == kernel.run(
            "import sys; print(1, sys.path[0])"
        )


def test_forked_kernel_shares_no_descriptor_with_its_template(start: Any) -> None:
    def sockets(pid: int) -> set[str]:
        links = {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()}
        return {link for link in links if link.startswith(("socket:", "pipe:", "anon_inode:[eventpoll]"))}

    with start() as one, start() as other:
        assert not sockets(one.pid) & sockets(one.template) - {"anon_inode:[eventpoll]"}
        assert not sockets(one.pid) & sockets(other.pid) - {"anon_inode:[eventpoll]"} - sockets(os.getpid())


def test_forked_kernel_has_imported_what_a_cold_one_has(start: Any) -> None:
    ask = (
        "import sys; from etabli import open_report; from etabli.methods import profiles\n"
        "print(*sorted(name for name in sys.modules if name.split('.')[0] == 'etabli'))"
    )
    with start() as forked, start(**{FORK_VARIABLE: "0"}) as cold:
        assert forked.run(ask) == cold.run(ask)


def test_template_has_one_thread(start: Any) -> None:
    with start() as session:
        assert psutil.Process(session.template).num_threads() == 1


def test_figure_of_a_forked_kernel_is_shown(start: Any) -> None:
    with start() as session:
        session.run("import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()")
        assert "image/png" in session.shows()
        assert session.run("import matplotlib; print(matplotlib.get_backend())").endswith("inline")


def test_template_serves_those_who_started_alike(start: Any) -> None:
    with start() as inline, start(MPLBACKEND="svg") as svg:
        assert inline.template != svg.template
        assert svg.run("import matplotlib; print(matplotlib.get_backend())") == "svg"


def test_figure_settings_of_a_folder_hold_there_only(start: Any, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "matplotlibrc").write_text("lines.linewidth: 7\n", encoding="utf-8")
    ask = "import matplotlib; print(matplotlib.rcParams['lines.linewidth'])"
    with start() as here, start(tmp_path / "there") as there:
        assert here.run(ask) == "1.5"
        assert there.run(ask) == "7.0"


# Privacy ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fork", ["1", "0"])
def test_nobody_else_can_reach_a_kernel(start: Any, fork: str) -> None:
    with start(**{FORK_VARIABLE: fork}) as session:
        folder = Path(session.manager.ip).parent
        assert folder.stat().st_mode & 0o777 == 0o700
        sockets = [each for each in folder.iterdir() if each.is_socket()]
        assert len(sockets) >= 5
        if fork == "1":
            assert {each.stat().st_mode & 0o777 for each in sockets} == {0o600}
            assert psutil.Process(session.pid).net_connections("inet") == []
    assert not folder.exists()


def test_what_a_fork_of_the_kernel_prints_is_shown(start: Any) -> None:
    code = (
        "import os, sys\n"
        "child = os.fork()\n"
        "if child == 0: print('petit', flush=True); os._exit(0)\n"
        "os.waitpid(child, 0); import time; time.sleep(0.5)"
    )
    with start() as session:
        assert session.run(code) == "petit"


def test_template_can_be_reached_by_its_user_only(start: Any) -> None:
    with start() as session:
        folder = Path(session.manager.ip).parent.parent
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "door").stat().st_mode & 0o777 == 0o600
        assert psutil.Process(session.template).net_connections("inet") == []


# Signals, restarts, deaths ---------------------------------------------------------------------------


def test_interrupt_stops_the_cell_and_not_the_kernel(start: Any, tmp_path: Path) -> None:
    with start() as session:
        session.run("x = 1")
        session.client.execute("import time; open('begun', 'w').close(); time.sleep(60)", stop_on_error=False)
        _wait_until((tmp_path / "begun").exists)
        session.runner.run(session.manager.interrupt_kernel())
        assert session.run("print(x)") == "1"


def test_restart_gives_a_new_kernel_at_the_same_address(start: Any) -> None:
    with start() as session:
        before, address = session.pid, session.manager.get_connection_info()
        session.run("x = 1")
        session.client.stop_channels()
        session.runner.run(session.manager.restart_kernel())
        session.connect()
        assert session.pid != before
        assert session.run("print(x)") == "NameError"
        assert session.manager.get_connection_info() == address


@pytest.mark.parametrize("death", ["kill", "exit"])
def test_death_of_a_kernel_is_noticed_at_once(start: Any, death: str) -> None:
    with start() as session:
        if death == "kill":
            os.kill(session.pid, signal.SIGKILL)
        else:
            session.client.execute("import os; os._exit(3)")
        _wait_until(lambda: session.runner.run(session.provisioner.poll()) is not None)
        assert session.runner.run(session.provisioner.poll()) == (-signal.SIGKILL if death == "kill" else 3)


def test_what_a_kernel_started_ends_with_it(start: Any) -> None:
    with start() as session:
        child = int(session.run("import subprocess; print(subprocess.Popen(['sleep', '300']).pid)"))
        assert psutil.pid_exists(child)
    assert not _lives(child)


SLEEP = (
    "subprocess.Popen(['sleep', '777'], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)"
)

DAEMON = (
    "import subprocess, sys\n"
    f"code = {f'import subprocess; print({SLEEP}.pid)'!r}\n"
    "print(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stdout)"
)
"""Starts a process whose own parent ends at once."""


@pytest.mark.parametrize("orphan", [False, True])
def test_what_a_kernel_started_in_a_session_of_its_own_ends_with_it(start: Any, orphan: bool) -> None:
    code = DAEMON if orphan else f"import subprocess; print({SLEEP}.pid)"
    with start() as session, start() as other:
        child = int(session.run(code))
        template = session.template
        assert psutil.Process(child).ppid() == session.pid
        session.close()
        _gone(child)
        assert other.run("print(1)") == "1"
        assert [each.pid for each in psutil.Process(template).children()] == [other.pid]


@pytest.mark.usefixtures("_no_template")
def test_what_a_kernel_started_in_a_session_of_its_own_ends_with_the_template(start: Any) -> None:
    with start() as session:
        child = int(session.run(DAEMON))
        forks.close_templates()
        _gone(child)


def test_client_that_leaves_without_a_word_does_the_template_no_harm(start: Any) -> None:
    with start() as session:
        template, door = session.template, Path(session.manager.ip).parent.parent / "door"
        for words in (b"", b"\0\0", struct.pack("!I", 0), struct.pack("!I", 9) + b"{"):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(door))
                client.sendall(words)
        with start() as other:
            assert other.template == template


@pytest.mark.usefixtures("_no_template")
def test_kernel_ends_with_its_template_and_the_next_has_another(start: Any) -> None:
    with start() as session:
        pid, template = session.pid, session.template
        os.kill(template, signal.SIGKILL)
        _gone(pid)
        assert session.runner.run(session.provisioner.poll()) == -signal.SIGKILL
    with start() as session:
        assert session.template != template


@pytest.mark.usefixtures("_no_template")
def test_shared_template_that_was_killed_is_replaced(
    start: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with forks.shared_template(os.environ, str(tmp_path)):
        owned = next(iter(forks._templates.values()))
        shared = forks.template_for(forks.kernel_environment(os.environ), str(tmp_path))
        assert shared is not owned
        assert shared.folder == owned.folder
        with start() as session:
            assert shared.answers
            before = session.template
            assert session.run("print(1)") == "1"  # who asked whether it answers did it no harm
        assert owned._process is not None
        assert owned._process.pid == before
        owned._process.kill()
        owned._process.wait()
        assert not shared.answers
        with start() as session:
            assert session.template != before
        assert caplog.text == ""


def test_what_stopped_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="dupliqué") as caught:
        forks.Template(tmp_path).fork([], environment={}, folder=str(tmp_path))
    assert caught.value.got is not None
    assert "le processus modèle" in caught.value.got


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _gone(*pids: int) -> None:
    _wait_until(lambda: not any(_lives(pid) for pid in pids))


def _wait_until(holds: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


OWNER = """
import asyncio, sys, time
from etabli.runs.kernels import RunKernelManager

async def main():
    manager = RunKernelManager()
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=120)
    said = []
    await client.execute_interactive(
        "import os, subprocess; print(os.getpid(), os.getppid(), subprocess.Popen(['sleep', '300']).pid)",
        output_hook=lambda message: said.append(message["content"].get("text", "")), timeout=60)
    print("".join(said).strip(), manager.ip, flush=True)
    client.execute("while True: pass")
    return manager

kept = asyncio.run(main())
time.sleep(300)
"""


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_of_an_owner_that_is_ended(signum: signal.Signals, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    *pids, address = process.stdout.readline().split()
    assert len(pids) == 3
    process.send_signal(signum)
    _, said = process.communicate(timeout=60)
    _gone(*(int(pid) for pid in pids))
    _wait_until(lambda: not Path(address).parent.parent.exists())
    if signum is signal.SIGKILL:
        assert f"noyau {pids[0]} arrêté" in said


# Renewal ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_no_template")
def test_template_that_was_still_importing_ends_with_its_owner(tmp_path: Path) -> None:
    environment = forks.kernel_environment(os.environ)
    template = forks.Template.start(environment, forks.Needs.of(environment, str(tmp_path)))
    assert template._process is not None
    asked = {"arguments": ["-f", str(tmp_path / "none.json")], "environment": environment, "folder": str(tmp_path)}
    body = json.dumps(asked).encode()
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(str(template.folder / "door"))
            socket.send_fds(connection, [struct.pack("!I", len(body))], [1, 2])
            connection.sendall(body)
    template.disown()  # what the end of the owner does; the requests were made before
    try:
        template._process.wait(60)
    finally:
        template._process.kill()
        template._process.wait()
    assert not template.folder.exists(), "it did not come to its end"


def test_template_older_than_its_code_renews_itself(start: Any, tmp_path: Path) -> None:
    code = tmp_path / "lib" / "sitecustomize.py"  # Python imports it when it starts
    code.parent.mkdir()
    code.write_text("VERSION = 1\n", encoding="utf-8")
    ask = "import sitecustomize; print(sitecustomize.VERSION)"
    path = os.pathsep.join([str(code.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    with start(PYTHONPATH=path) as old:
        assert old.run(ask) == "1"
        code.write_text("VERSION = 20\n", encoding="utf-8")
        with start(PYTHONPATH=path) as new:
            assert new.run(ask) == "20"
            assert old.run(ask) == "1"
            assert new.template == old.template
            os.kill(old.pid, signal.SIGKILL)  # the renewed template still tells how its elder kernels end
            time.sleep(0.3)
            assert old.runner.run(old.provisioner.poll()) == -signal.SIGKILL


def test_template_that_does_not_change_is_kept(start: Any) -> None:
    with start() as first:
        born = psutil.Process(first.template).cmdline(), psutil.Process(first.template).cpu_times().user
    with start() as second:
        assert psutil.Process(second.template).cmdline() == born[0]
        assert psutil.Process(second.template).cpu_times().user - born[1] < 1


# Where a fork is not possible ------------------------------------------------------------------------


def test_ordinary_kernel_serves_instead_and_it_is_said_once(
    start: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "_said", set())
    with caplog.at_level(logging.WARNING, "etabli.kernels"):
        for _ in range(2):
            with start(**{FORK_VARIABLE: "0"}) as session:
                assert session.run("print(6 * 7)") == "42"
                assert session.parent == os.getpid()
    assert caplog.messages == ["Noyaux ordinaires, plus lents à démarrer : la variable ETABLI_FORK vaut 0."]


def test_other_systems_have_ordinary_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    assert forks.obstacle({}) is None
    for system in ("darwin", "win32"):
        monkeypatch.setattr(sys, "platform", system)
        assert "dupliquer" in str(forks.obstacle({}))


@pytest.mark.usefixtures("_no_template")
def test_template_that_cannot_import_is_replaced_by_an_ordinary_kernel(
    start: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernels, "_said", set())
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "seaborn.py").write_text("raise ImportError('seaborn est abîmé')\n", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path / "lib"), *filter(None, [os.environ.get("PYTHONPATH")])])
    with caplog.at_level(logging.WARNING, "etabli.kernels"), start(PYTHONPATH=path) as session:
        assert session.run("print(6 * 7)") == "42"
        assert session.parent == os.getpid()
    assert "seaborn est abîmé" in caplog.text


# Papermill and JupyterLab ----------------------------------------------------------------------------


def test_kernelspec_and_provisioner_are_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = forks.specification()["metadata"]["kernel_provisioner"]["provisioner_name"]
    points = declared["project"]["entry-points"]["jupyter_client.kernel_provisioners"]
    assert EntryPoint(named, points[named], "jupyter_client.kernel_provisioners").load() is ForkProvisioner
    shared = declared["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    place = next(source for source, target in shared.items() if target == "share/jupyter/kernels")
    assert (ROOT / place / kernels.NAME).samefile(forks.specification_folder())


def test_papermill_uses_the_kernel_by_its_name(tmp_path: Path) -> None:
    """As installed: the kernelspec on Jupyter's path, the provisioner among the entry points."""
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / kernels.NAME).symlink_to(forks.specification_folder())
    points = tmp_path / "installed" / "essai-1.dist-info"
    points.mkdir(parents=True)
    (points / "METADATA").write_text("Metadata-Version: 2.1\nName: essai\nVersion: 1\n", encoding="utf-8")
    (points / "entry_points.txt").write_text(
        "[jupyter_client.kernel_provisioners]\netabli-fork = etabli.runs.kernels:ForkProvisioner\n", encoding="utf-8"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import sys; print(*sys.argv)")])
    nbformat.write(notebook, tmp_path / "in.ipynb")
    path = os.pathsep.join([str(tmp_path / "installed"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "papermill", "-k", kernels.NAME, "in.ipynb", "out.ipynb"],
        cwd=tmp_path,
        env={**os.environ, "JUPYTER_PATH": str(tmp_path), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "encryption" not in done.stderr
    cell = nbformat.read(tmp_path / "out.ipynb", as_version=4)["cells"][0]
    assert cell["outputs"][0]["text"].startswith("ipykernel_launcher.py -f")  # what the template names itself


# Sharing ---------------------------------------------------------------------------------------------


def test_worker_shares_the_template_of_its_batch(start: Any, tmp_path: Path) -> None:
    code = (
        "import os; from etabli.runs import forks\n"
        "kernel = forks.kernel_environment(os.environ)\n"
        f"template = forks.template_for(kernel, {str(tmp_path)!r})\n"
        "print(template.folder)"
    )
    with forks.shared_template(os.environ, str(tmp_path)):
        shared = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        other = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "MPLBACKEND": "svg"},  # started otherwise: it needs one of its own
            capture_output=True,
            text=True,
            check=True,
        )
    own = str(forks.template_for(forks.kernel_environment(os.environ), str(tmp_path)).folder)
    assert shared.stdout.strip() == own
    assert other.stdout.strip() != own
    assert forks.SHARED_VARIABLE not in os.environ
    assert Path(own).exists()  # a worker that ends leaves it
