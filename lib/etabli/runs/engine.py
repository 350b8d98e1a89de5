"""Papermill's engine with fewer saves: at the start, at intervals and at the end, not twice a cell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

NAME = "etabli"

SAVE_EVERY = 10.0
"""Seconds: what is lost of a run whose process is killed outright. A failure, of a cell or of the kernel, saves."""


class SparingManager(NotebookExecutionManager):  # type: ignore[misc]  # papermill
    """Writes the whole notebook only when the last time is long ago."""

    def notebook_start(self, **kwargs: Any) -> None:
        self._save_soon()
        super().notebook_start(**kwargs)

    def save(self, **kwargs: Any) -> None:
        if (self.now() - self.last_save_time).total_seconds() >= SAVE_EVERY:
            super().save(**kwargs)

    def notebook_complete(self, **kwargs: Any) -> None:
        self._save_soon()
        super().notebook_complete(**kwargs)

    def _save_soon(self) -> None:
        self.last_save_time = datetime.min.replace(tzinfo=UTC)


class SparingEngine(NBClientEngine):  # type: ignore[misc]  # papermill
    """Executes as papermill's own engine does."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, output_path: str | None = None, **kwargs: Any) -> Any:
        for own in ("progress_bar", "log_output"):
            kwargs.pop(own, None)
        manager = SparingManager(nb, output_path=output_path, progress_bar=False)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, **kwargs)
        finally:
            manager.notebook_complete()
        return manager.nb


papermill_engines.register(NAME, SparingEngine)
