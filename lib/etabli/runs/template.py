"""The process that has imported the libraries once, and forks one clean kernel for each run. Linux only.

`runs.forks` starts it by its path, and it imports nothing of etabli at its top: a kernel must find the
modules that a cold one would have imported, and no others. It has one thread from first to last, so that
a fork copies no lock that another thread holds.

It ends with its owner: the end of the owner's pipe kills every kernel that is left. A kernel is tied to the
connection that asked for it in the same way. What a kernel had started ends with it, even in a session of its own:
orphans come to the kernel while it lives, then to this process, which has no other children than kernels.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRELOADED = (
    "etabli.present.report",
    "matplotlib.backends.backend_svg",
    "pyarrow.pandas_compat",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.sparse",
    "scipy.stats",
    "seaborn",
    "statsmodels.discrete.discrete_model",
    "statsmodels.formula.api",
    "IPython.extensions.storemagic",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
)
"""What a study imports sooner or later. Of etabli, what `open_report` imports: a report states the modules it used."""

LEFT_OUT = "polars"
"""What statsmodels imports where it is installed, and no study uses: it starts threads at once."""

PATIENCE = 10.0
"""Seconds that a client has to say what it asks for: one that has stopped must not stop the others."""

PR_SET_PDEATHSIG = 1
"""From <linux/prctl.h>: the signal that a process gets when its parent ends."""

PR_SET_CHILD_SUBREAPER = 36
"""From <linux/prctl.h>: orphans below a process become its children, instead of the system's first process."""

ROUNDS = 100
"""How often, at the end, orphans of those that were killed are looked for: each round is a generation."""


@dataclass(frozen=True)
class Request:
    """What a kernel starts from: the arguments of `ipykernel_launcher`, its environment and folder."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str
    streams: list[int]


class Template:
    """Waits for requests, forks, and tells each client how its kernel ended."""

    def __init__(
        self, listener: socket.socket, owner: int, place: str, terminal: int, kernels: dict[int, socket.socket]
    ) -> None:
        self.listener, self.owner, self.place, self.terminal = listener, owner, place, terminal
        self.kernels = kernels
        self.imported = _imported_files()
        self.selector = selectors.DefaultSelector()
        self.wakeup, bell = socket.socketpair()
        for end in (self.wakeup, bell):
            end.setblocking(False)
        self.bell = bell
        signal.set_wakeup_fd(bell.fileno(), warn_on_full_buffer=False)
        for signum in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(signum, self._noted)
        self.ended = False
        self.selector.register(listener, selectors.EVENT_READ, self._answer)
        self.selector.register(owner, selectors.EVENT_READ, self._end)
        self.selector.register(self.wakeup, selectors.EVENT_READ, self._woken)
        for pid, connection in kernels.items():
            self._follow(pid, connection)

    def serve(self) -> Request:
        """Answer until the owner ends. Return in a forked process only, with what its client asked for."""
        while not self.ended:
            self._reap()
            for key, _ in self.selector.select():
                request = key.data()
                if request is not None:
                    return request  # type: ignore[no-any-return]  # the child
        self._bury()
        sys.exit(0)

    # What happens ------------------------------------------------------------------------------

    def _noted(self, signum: int, _: Any) -> None:
        self.ended = self.ended or signum == signal.SIGTERM

    def _woken(self) -> None:
        self.wakeup.recv(4096)

    def _end(self) -> None:
        self.ended = True

    def _answer(self) -> Request | None:
        """Take one request: fork, or renew this process when the code that it imported has changed."""
        connection, _ = self.listener.accept()
        try:
            connection.settimeout(PATIENCE)
            request = _receive(connection)
        except (OSError, ValueError):
            connection.close()  # the client went away before it had said what it wanted
            return None
        if self._is_stale():
            _send(connection, {"again": True})
            self._let_go(connection, request)
            self._renew()
        if (threads := len(list(Path("/proc/self/task").iterdir()))) > 1:
            _send(connection, {"refused": f"{threads} fils d’exécution avant la duplication"})
            self._let_go(connection, request)
            return None
        pid = os.fork()
        if pid == 0:
            self._leave_behind(connection)
            return request
        self.kernels[pid] = connection
        _send(connection, {"pid": pid})
        connection.settimeout(None)
        self._follow(pid, connection)
        self._close(request.streams)
        return None

    def _obey(self, pid: int) -> None:
        """A client sends a signal to its kernel; a client that is gone takes its kernel with it."""
        connection = self.kernels[pid]
        try:
            words = connection.recv(4096)
        except OSError:
            words = b""
        for word in words.split(b"\n"):
            if word:
                _kill_group(pid, int(word))
        if not words:
            self.selector.unregister(connection)
            connection.close()
            self._kill_orphan(pid)

    def _reap(self) -> None:
        for pid, connection in list(self.kernels.items()):
            # the process stays a zombie until its group is killed: its number cannot be another's yet
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            _kill_group(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
            del self.kernels[pid]
            if connection.fileno() == -1:
                continue
            said = {
                "exit": os.waitstatus_to_exitcode(status),
                "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
                "peak_bytes": usage.ru_maxrss * 1024,
            }
            _send(connection, said)
            self.selector.unregister(connection)
            connection.close()
        self._end_orphans(os.WNOHANG)  # the end of each wakes this process again, for its own orphans

    def _end_orphans(self, options: int) -> bool:
        """Kill what ended kernels had started; return whether there was any."""
        orphans = _children() - self.kernels.keys()
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)  # not waited for yet: its number cannot be another's
            os.waitpid(pid, options)
        return bool(orphans)

    def _bury(self) -> None:
        """End every kernel and what it left on the disk: whoever asked for them is gone."""
        for pid in list(self.kernels):
            self._kill_orphan(pid)
        for pid in list(self.kernels):
            os.waitpid(pid, 0)
        self.kernels.clear()
        for _ in range(ROUNDS):
            if not self._end_orphans(0):
                break
        shutil.rmtree(self.place, ignore_errors=True)

    def _kill_orphan(self, pid: int) -> None:
        _kill_group(pid, signal.SIGKILL)
        text = f"etabli : noyau {pid} arrêté, car le processus qui l’avait demandé n’est plus là.\n"
        with suppress(OSError):  # nobody may read any more
            os.write(self.terminal, text.encode())

    # Renewal -----------------------------------------------------------------------------------

    def _is_stale(self) -> bool:
        return any(_stamp(path) != stamp for path, stamp in self.imported.items())

    def _renew(self) -> None:
        """Begin this process again: it keeps its number, so that its kernels keep their parent."""
        kept = [self.listener.fileno(), self.owner, self.terminal]
        kernels = {str(pid): connection.fileno() for pid, connection in self.kernels.items()}
        for number in (*kept, *(each for each in kernels.values() if each != -1)):
            os.set_inheritable(number, True)
        signal.set_wakeup_fd(-1)
        arguments = [*(str(number) for number in kept), self.place, json.dumps(kernels)]
        os.execv(sys.executable, [sys.executable, "-P", __file__, *arguments])  # noqa: S606  # no shell is meant

    # Pieces ------------------------------------------------------------------------------------

    def _follow(self, pid: int, connection: socket.socket) -> None:
        if connection.fileno() != -1:
            self.selector.register(connection, selectors.EVENT_READ, lambda: self._obey(pid))

    def _let_go(self, connection: socket.socket, request: Request) -> None:
        connection.close()
        self._close(request.streams)

    @staticmethod
    def _close(numbers: list[int]) -> None:
        for number in numbers:
            os.close(number)

    def _leave_behind(self, connection: socket.socket) -> None:
        """In the child: give up all that is the template's."""
        signal.set_wakeup_fd(-1)
        self.selector.close()
        for each in (self.listener, self.wakeup, self.bell, connection, *self.kernels.values()):
            each.close()
        os.close(self.owner)
        os.close(self.terminal)
        self.kernels.clear()


# What stands on the wire: a length, two streams and JSON one way; lines of JSON the other ----------------


def _receive(connection: socket.socket) -> Request:
    head, streams, _, _ = socket.recv_fds(connection, 4, 2)
    if len(head) < 4:
        raise ConnectionResetError
    (length,) = struct.unpack("!I", head)
    body = b""
    while len(body) < length:
        chunk = connection.recv(length - len(body))
        if not chunk:
            raise ConnectionResetError
        body += chunk
    return Request(streams=list(streams), **json.loads(body))


def _send(connection: socket.socket, words: dict[str, Any]) -> None:
    with suppress(OSError):  # the client may be gone: that is dealt with where its connection is read
        connection.sendall(json.dumps(words).encode() + b"\n")


def _kill_group(pid: int, signum: int) -> None:
    """Send a signal to a kernel that is not waited for yet, and to what it started."""
    try:
        os.killpg(pid, signum)
    except (ProcessLookupError, PermissionError):  # it has no group yet; or one of its processes changed its user
        os.kill(pid, signum)


def _children() -> set[int]:
    """Return the numbers of this process's children, ended ones that are not waited for among them."""
    try:
        listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    except FileNotFoundError:  # a Linux that was built without it
        return set()
    return {int(number) for number in listed.split()}


# What was imported -----------------------------------------------------------------------------


def _imported_files() -> dict[str, tuple[int, int] | None]:
    """Return each file of code that was imported, with its time and size; None when it changed meanwhile."""
    files: dict[str, tuple[int, int] | None] = {}
    now = time.time_ns()
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str):
            stamp = _stamp(path)
            files[path] = None if stamp and BORN <= stamp[0] <= now else stamp
    return files


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


BORN = time.time_ns()


# The child -------------------------------------------------------------------------------------


def become_kernel(request: Request, template: int) -> None:
    """Make this copy of the template a process of its own, as clean as one that was just started."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)  # what it starts stays below it, where its memory is counted
    if os.getppid() != template:  # it ended before the line above
        os._exit(1)
    for signum in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(signum, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in zip((1, 2), request.streams, strict=True):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request.environment)
    os.chdir(request.folder)
    _find_own_modules()
    sys.argv = ["ipykernel_launcher.py", *request.arguments]
    sys.modules["numpy"].random.seed()  # the state was drawn at import: all forks would draw the same numbers


def _find_own_modules() -> None:
    """Let the kernel import from its folder, as a cold one does: IPython sees to it, but not where Python has -P."""
    packages = (place for place, path in enumerate(sys.path) if Path(path).name in {"site-packages", "dist-packages"})
    sys.path.insert(next(packages, len(sys.path)), "")


def run_kernel(application: Any, arguments: list[str]) -> int:
    """Run the kernel until it is shut down, and return the exit status."""
    try:
        app = application.instance(parent_handle=1)  # 1: followed by nobody; the template follows
        app.initialize(arguments)
        app.start()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  # whatever it is, the process ends here, and says why
        traceback.print_exc()
        return 1
    return 0


def kernel_application() -> Any:
    """Return ipykernel's application, whose sockets nobody else can open."""
    import zmq
    from ipykernel import kernelapp
    from ipykernel.iostream import IOPubThread
    from ipykernel.kernelapp import IPKernelApp
    from zmq.eventloop.zmqstream import ZMQStream

    class PrivateIOPubThread(IOPubThread):
        """Hears what forks of the kernel print on a local socket too: ipykernel has a TCP port for them."""

        def _setup_pipe_in(self) -> None:
            self._address = self.socket.getsockopt_string(zmq.LAST_ENDPOINT) + "-forks"
            self._pipe_uuid = os.urandom(16)
            socket = self.socket.context.socket(zmq.PULL)
            socket.linger = 0
            socket.bind(self._address)
            self._pipe_in = ZMQStream(socket, self.io_loop)
            self._pipe_in.on_recv(self._handle_pipe_msg)

        def _setup_pipe_out(self) -> tuple[Any, Any]:
            context: Any = zmq.Context()
            socket = context.socket(zmq.PUSH)
            socket.linger = 3000  # milliseconds, as ipykernel
            socket.connect(self._address)
            return context, socket

    kernelapp.IOPubThread = PrivateIOPubThread  # type: ignore[attr-defined]  # the name that init_iopub looks up

    class PrivateKernelApp(IPKernelApp):
        name = "ipython-kernel"

        def init_sockets(self) -> None:
            before = os.umask(0o177)
            try:
                super().init_sockets()  # type: ignore[no-untyped-call]  # ipykernel
            finally:
                os.umask(before)

        def init_heartbeat(self) -> None:
            before = os.umask(0o177)
            try:
                super().init_heartbeat()  # type: ignore[no-untyped-call]  # ipykernel
                place, limit = f"{self.ip}-{self.hb_port}", time.monotonic() + 1
                while self.transport == "ipc" and not Path(place).exists() and time.monotonic() < limit:
                    time.sleep(0.001)  # a thread of its own makes this one
            finally:
                os.umask(before)

    return PrivateKernelApp


def end_process(status: int) -> None:
    """End as Python does, without taking apart the pages that the template and the kernels share."""
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.main_thread():
            thread.join()
    atexit._run_exitfuncs()  # noqa: SLF001  # what Python calls when it ends
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(status)


def main(listener: str, owner: str, terminal: str, place: str, kernels: str) -> None:
    """Import, then serve: the listener, the owner's pipe and the terminal are open descriptors."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    sys.argv = [sys.argv[0]]
    sys.modules[LEFT_OUT] = None  # type: ignore[assignment]  # how Python says: not to be imported
    for name in PRELOADED:
        importlib.import_module(name)
    del sys.modules[LEFT_OUT]
    application = kernel_application()
    followed = {int(pid): socket.socket(fileno=number) for pid, number in json.loads(kernels).items() if number != -1}
    gc.collect()
    gc.freeze()  # the collector would write into every page that the kernels share
    template = Template(socket.socket(fileno=int(listener)), int(owner), place, int(terminal), followed)
    number = os.getpid()
    request = template.serve()
    become_kernel(request, number)
    end_process(run_kernel(application, request.arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
