"""Kernels of the house, driven one request at a time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from etabli.runs.forks import FORK_VARIABLE, SHARED_VARIABLE, close_templates
from etabli.runs.kernels import ForkProvisioner, RunKernelManager


class Session:
    """One kernel and its client."""

    def __init__(self, runner: asyncio.Runner, manager: RunKernelManager) -> None:
        self.runner, self.manager = runner, manager
        self.messages: list[Any] = []
        self.connect()

    def connect(self) -> None:
        self.client = self.manager.client()
        self.client.start_channels()
        self.runner.run(self.client.wait_for_ready(timeout=120))

    @property
    def provisioner(self) -> ForkProvisioner:
        found = self.manager.provisioner
        assert isinstance(found, ForkProvisioner)
        return found

    @property
    def pid(self) -> int:
        return int(self.run("import os; print(os.getpid())"))

    @property
    def parent(self) -> int:
        return int(self.run("import os; print(os.getppid())"))

    @property
    def template(self) -> int:
        found = self.parent
        assert found != os.getpid(), "an ordinary kernel, which this very process started"
        return found

    def run(self, code: str) -> str:
        """Run code, and return what it printed; an error that it raised comes back as its name."""
        self.messages.clear()
        self.runner.run(self.client.execute_interactive(code, output_hook=self.messages.append, timeout=60))
        contents = [message["content"] for message in self.messages]
        errors = [content["ename"] for content in contents if "ename" in content]
        return errors[0] if errors else "".join(content.get("text", "") for content in contents).strip()

    def shows(self) -> set[str]:
        """Return the types of what the last code displayed."""
        return {kind for message in self.messages for kind in message["content"].get("data", {})}

    def close(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.runner.run(self.manager.shutdown_kernel())
        else:
            self.runner.run(self.manager.cleanup_resources())


Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a kernel in a folder, with variables added to its environment; all are ended after the test."""
    environment = {name: value for name, value in os.environ.items() if name not in {FORK_VARIABLE, SHARED_VARIABLE}}
    with asyncio.Runner() as runner:

        @contextmanager
        def started(folder: Path = tmp_path, **variables: str) -> Iterator[Session]:
            manager = RunKernelManager()
            runner.run(
                manager.start_kernel(
                    env={**environment, **variables},
                    cwd=str(folder),
                    extra_arguments=["--HistoryManager.hist_file=:memory:"],
                )
            )
            session = Session(runner, manager)
            try:
                yield session
            finally:
                session.close()

        yield started


@pytest.fixture
def _no_template() -> Iterator[None]:
    """Start from no template, and leave none."""
    close_templates()
    yield
    close_templates()
