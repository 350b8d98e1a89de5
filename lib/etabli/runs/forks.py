"""Kernels forked from a template process: what a run saves when the libraries are imported already.

A template belongs to the process that started it, and ends with it. Processes that work for that one may
share it (`shared_template`).
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from etabli.errors import RunError

FORK_VARIABLE = "ETABLI_FORK"
"""Environment variable: 0 for ordinary kernels, each of which imports everything itself."""

SHARED_VARIABLE = "ETABLI_TEMPLATE"
"""Environment variable that tells the processes of a batch which template they share."""

INLINE_BACKEND = "module://matplotlib_inline.backend_inline"
"""What ipykernel sets. matplotlib reads it when it is imported: later, every figure would be lost without an error."""

WITHOUT_THREADS = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""What keeps pyarrow from starting a thread when it is imported: a fork would lose it, with the locks it holds."""

READ_AT_START = ("PYTHON", "MPL", "OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "ARROW_", "LC_", "LANG", "TZ", "MALLOC_")
"""Environment variables that Python and its libraries read once: a template serves those who have the same."""

PATIENCE = 180.0
"""Seconds to wait for a template that is still importing, on a machine that does much else."""

SHORT_ENOUGH = 60
"""Characters: the address of a local socket holds 107, and ours add some 40 to the folder's."""


def obstacle(environment: Mapping[str, str]) -> str | None:
    """Return why kernels cannot be forked here, in French; None when they can."""
    if environment.get(FORK_VARIABLE) == "0":
        return f"la variable {FORK_VARIABLE} vaut 0"
    if sys.platform != "linux":
        return "ce système ne permet pas de dupliquer un processus sans risque"
    return None


def kernel_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a kernel started from `environment`: what the kernelspec adds is added."""
    return {**environment, **specification()["env"]}


def specification() -> dict[str, Any]:
    """Return the kernelspec of the house."""
    found: dict[str, Any] = json.loads((specification_folder() / "kernel.json").read_text(encoding="utf-8"))
    return found


def specification_folder() -> Path:
    """Return the folder of the kernelspec, inside the package: runs need no installation of it."""
    return Path(str(files("etabli.runs").joinpath("kernelspecs", "etabli")))


def private_folder() -> Path:
    """Make a folder for sockets that no other user of the machine can reach, with a short name."""
    for place in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir()):
        if place and len(place) <= SHORT_ENOUGH and os.access(place, os.W_OK):
            return Path(tempfile.mkdtemp(prefix="etabli-", dir=place))
    return Path(tempfile.mkdtemp(prefix="etabli-", dir="/tmp"))  # mkdtemp: 0700, and a new name


@dataclass(frozen=True)
class Needs:
    """What a template must have been started with: environment variables, and a folder where it matters."""

    variables: tuple[tuple[str, str], ...]
    folder: str | None

    @classmethod
    def of(cls, environment: Mapping[str, str], folder: str) -> Needs:
        kept = {name: value for name, value in environment.items() if name.startswith(READ_AT_START)}
        kept.setdefault("MPLBACKEND", INLINE_BACKEND)
        relative = any(path and not Path(path).is_absolute() for path in kept.get("PYTHONPATH", "").split(os.pathsep))
        own = relative or Path(folder, "matplotlibrc").exists()
        return cls(tuple(sorted(kept.items())), str(Path(folder).resolve()) if own else None)

    @property
    def digest(self) -> str:
        return sha256(repr((sys.executable, self.variables, self.folder)).encode()).hexdigest()[:16]


class Fork:
    """A forked kernel, seen from the process that asked for it."""

    def __init__(self, pid: int, connection: socket.socket) -> None:
        self.pid, self._connection = pid, connection
        self._heard = b""
        self.exit: int | None = None
        self.cpu_seconds: float | None = None
        self.peak_bytes: int | None = None
        connection.setblocking(False)

    def poll(self) -> int | None:
        """Return the exit status as `subprocess` writes it, None while the kernel runs."""
        while self.exit is None:
            try:
                heard = self._connection.recv(4096)
            except BlockingIOError:
                return None
            except OSError:
                heard = b""
            self._heard += heard
            if self._heard.endswith(b"\n"):
                said = json.loads(self._heard)
                self.cpu_seconds, self.peak_bytes = said["cpu_seconds"], said["peak_bytes"]
                self.exit = int(said["exit"])
            elif not heard:  # the template is gone, and took its kernels along; what they had started may be left
                self._signal_group(signal.SIGKILL)
                self.exit = -signal.SIGKILL
        return self.exit

    def signal(self, signum: int) -> None:
        """Send a signal to the kernel and to the processes that it started."""
        if self.poll() is None:
            # by way of the template, which alone knows that the number is still this kernel's
            self._connection.sendall(b"%d\n" % signum)

    def close(self) -> None:
        """Let go of the kernel: the template kills it, if it still runs."""
        self._connection.close()

    def _signal_group(self, signum: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signum)


class Template:
    """A template process, seen from its owner or from one who shares it."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes] | None = None, pipe: int | None = None) -> None:
        self.folder, self._process, self._pipe = folder, process, pipe

    @classmethod
    def start(cls, environment: Mapping[str, str], needs: Needs) -> Template:
        """Start a template; it imports while its requests wait."""
        folder = private_folder()
        with socket.socket(socket.AF_UNIX) as listener, (folder / "log").open("wb") as log:
            listener.bind(str(folder / "door"))
            (folder / "door").chmod(0o600)
            listener.listen(64)
            end, pipe = os.pipe()
            terminal = os.dup(2)
            kept = (listener.fileno(), end, terminal)
            try:
                process = subprocess.Popen(
                    [
                        sys.executable,
                        "-P",
                        str(Path(__file__).with_name("template.py")),
                        *(str(number) for number in kept),
                        str(folder),
                        "{}",
                    ],
                    env={**environment, **dict(needs.variables), **WITHOUT_THREADS},
                    cwd=needs.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    pass_fds=kept,
                    start_new_session=True,  # Ctrl-C is for the owner, who ends it
                )
            finally:
                os.close(end)
                os.close(terminal)
        return cls(folder, process, pipe)

    def fork(self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: str) -> Fork:
        """Ask for a kernel.

        Raises
        ------
        RunError
            The template is gone, or refuses.
        """
        for _ in range(3):  # a template that renews itself says so, and is asked again
            said, connection = self._ask(arguments, environment=environment, folder=folder)
            if "pid" in said:
                return Fork(said["pid"], connection)
            connection.close()
            if "again" not in said:
                break
        raise RunError("Le processus modèle n’a pas pu être dupliqué.", got=said.get("refused") or self._last_words())

    def _ask(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: str
    ) -> tuple[dict[str, Any], socket.socket]:
        request = {"arguments": list(arguments), "environment": dict(environment), "folder": folder}
        body = json.dumps(request).encode()
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        heard = b""
        try:
            connection.connect(str(self.folder / "door"))
            socket.send_fds(connection, [struct.pack("!I", len(body))], [1, 2])
            connection.sendall(body)
            while not heard.endswith(b"\n"):
                piece = connection.recv(4096)
                if not piece:
                    break
                heard += piece
        except OSError:
            heard = b""
        return (json.loads(heard) if heard.endswith(b"\n") else {}), connection

    def _last_words(self) -> str:
        try:
            lines = (self.folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "le processus modèle, dont ils se dupliquent, s’est arrêté"

    @property
    def answers(self) -> bool:
        """Whether somebody is behind its door: one that was killed leaves it standing."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            try:
                connection.connect(str(self.folder / "door"))
                connection.sendall(struct.pack("!I", 0))  # it asks for nothing, and is let go
            except BlockingIOError:
                return True  # as many wait there as can
            except OSError:
                return False
        return True

    @property
    def is_alive(self) -> bool:
        return self._process is None or self._process.poll() is None

    def close(self) -> None:
        """End the template and the kernels that it still has. One who shares it closes nothing."""
        if self._pipe is None or self._process is None:
            return
        self.disown()
        self._process.terminate()  # still importing, it does not read its pipe
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def disown(self) -> None:
        """Let go of the pipe: in a copy of the owner made by `fork`, which must not keep the template alive."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None


_templates: dict[Needs, Template] = {}
_lock = threading.Lock()


def template_for(environment: Mapping[str, str], folder: str) -> Template:
    """Return the template that kernels with this environment come from; start it when there is none."""
    needs = Needs.of(environment, folder)
    digest, _, place = os.environ.get(SHARED_VARIABLE, "").partition(":")
    if digest == needs.digest and (shared := Template(Path(place))).answers:
        return shared
    with _lock:
        found = _templates.get(needs)
        if found is None or not found.is_alive:
            if found is not None:
                found.close()
            found = _templates[needs] = Template.start(environment, needs)
        return found


def warm_up(environment: Mapping[str, str], folder: str) -> None:
    """Start the template now, so that it imports while the caller prepares its first run."""
    offer_template(environment, folder)


def offer_template(environment: Mapping[str, str], folder: str) -> str | None:
    """Return the address of this process's template, for others of this machine; None where kernels cannot be forked.

    They find it in the variable `SHARED_VARIABLE`, and start their own when nobody answers there.
    """
    if obstacle(environment) is not None:
        return None
    kernels = kernel_environment(environment)
    return f"{Needs.of(kernels, folder).digest}:{template_for(kernels, folder).folder}"


@contextmanager
def shared_template(environment: Mapping[str, str], folder: str) -> Iterator[None]:
    """Let the processes started meanwhile fork their kernels from this process's template."""
    address = offer_template(environment, folder)
    if address is None:
        yield
        return
    before = os.environ.get(SHARED_VARIABLE)
    os.environ[SHARED_VARIABLE] = address
    try:
        yield
    finally:
        if before is None:
            del os.environ[SHARED_VARIABLE]
        else:
            os.environ[SHARED_VARIABLE] = before


def close_templates() -> None:
    """End the templates of this process; the next kernel starts another."""
    with _lock:
        while _templates:
            _templates.popitem()[1].close()


def _disown_templates() -> None:
    for template in _templates.values():
        template.disown()
    _templates.clear()


atexit.register(close_templates)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown_templates)
