"""The house's kernel: forked where the system can, ordinary elsewhere, and private in both cases.

`ForkProvisioner` is a provisioner of jupyter_client, named by the kernelspec `etabli`: papermill, nbclient
and JupyterLab start their kernels by it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from etabli.errors import RunError
from etabli.runs.forks import (
    SHARED_VARIABLE,
    Fork,
    Template,
    obstacle,
    private_folder,
    specification_folder,
    template_for,
)

NAME = "etabli"

_LAUNCHER = 3
"""Words of the kernelspec's command before the kernel's own arguments: `python -m ipykernel_launcher`."""

_log = logging.getLogger("etabli.kernels")
_said: set[str] = set()


class ForkProvisioner(LocalProvisioner):
    """Starts a kernel by a fork of the template, or as an ordinary process where that is not possible.

    Messages go over local sockets in a folder that is the user's alone; where there are none (Windows), over
    TCP on the loopback, encrypted.
    """

    _fork: Fork | None = None
    _template: Template | None = None
    _folder: Path | None = None

    @property
    def has_process(self) -> bool:
        return self._fork is not None or super().has_process

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        environment = dict(kwargs.get("env") or os.environ)
        environment.update(self.kernel_spec.env)
        environment.pop(SHARED_VARIABLE, None)
        kwargs["env"] = environment
        place = str(kwargs.get("cwd") or Path.cwd())
        reason = obstacle(environment)
        self._template = None
        if reason is None:
            self._template = await asyncio.to_thread(template_for, environment, place)
        else:
            _say_once(reason)
        kwargs["transport_encryption"] = "disabled" if self._goes_private() else "required"
        return await super().pre_launch(**kwargs)

    def _goes_private(self) -> bool:
        """Put the kernel's sockets in a folder of its own; return whether the system has such sockets."""
        if os.name != "posix":
            return False
        manager: Any = self.parent
        if self._folder is None:
            # the template tidies up its own folder, after a crash too
            inside = self._template.folder if self._template is not None else None
            self._folder = Path(tempfile.mkdtemp(prefix="k", dir=inside)) if inside else private_folder()
            manager.transport, manager.ip, manager.cache_ports = "ipc", str(self._folder / "s"), False
            if not manager.connection_file:
                manager.connection_file = str(self._folder / "kernel.json")
        return True

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        self._let_go()
        if self._template is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.cwd = str(kwargs.get("cwd") or Path.cwd())
        try:
            self._fork = await asyncio.to_thread(
                self._template.fork, cmd[_LAUNCHER:], environment=kwargs["env"], folder=self.cwd
            )
        except RunError as error:
            _say_once(error.got or error.what)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self._fork.pid
        return self.connection_info

    async def poll(self) -> int | None:
        return await super().poll() if self._fork is None else self._fork.poll()

    async def wait(self) -> int | None:
        if self._fork is None:
            return await super().wait()
        while (status := self._fork.poll()) is None:
            await asyncio.sleep(0.02)
        self._let_go()
        return status

    async def send_signal(self, signum: int) -> None:
        if self._fork is None:
            await super().send_signal(signum)
        else:
            self._fork.signal(signum)

    async def kill(self, restart: bool = False) -> None:
        if self._fork is None:
            await super().kill(restart=restart)
        else:
            self._fork.signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        if self._fork is None:
            await super().terminate(restart=restart)
        else:
            self._fork.signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:
        await super().cleanup(restart=restart)
        if restart:
            return
        self._let_go()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _let_go(self) -> None:
        if self._fork is not None:
            self._fork.close()
            self._fork = None


class RunKernelManager(AsyncKernelManager):
    """Manages the kernel of a run: the house's kernelspec, found in the package, whatever is installed."""

    @property
    def kernel_spec(self) -> KernelSpec:
        if self._kernel_spec is None:
            self._kernel_spec = KernelSpec.from_resource_dir(str(specification_folder()))
        return self._kernel_spec

    async def _async_pre_start_kernel(self, **kw: Any) -> Any:
        if self.provisioner is None:
            self.provisioner = ForkProvisioner(kernel_spec=self.kernel_spec, parent=self)
        return await super()._async_pre_start_kernel(**kw)


def _say_once(reason: str) -> None:
    if reason not in _said:
        _said.add(reason)
        _log.warning("Noyaux ordinaires, plus lents à démarrer : %s.", reason)
