"""Workers of a Dask cluster: reached by their scheduler, held to the same versions, given the sources once.

Workers that see the project's folder (a disk that all machines share) write their reports there. The others get what
the runs read as one parcel, and send each report back as bytes.
"""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from etabli import french
from etabli.errors import InfrastructureError, RunError
from etabli.project import Project
from etabli.runs.disk import disk_error
from etabli.runs.forks import SHARED_VARIABLE, offer_template
from etabli.runs.outcome import Made
from etabli.runs.surroundings import hold_same, surroundings
from etabli.study import PlannedRun

PATIENCE = 30
"""Seconds to wait for the scheduler, and for its first worker."""


@dataclass(frozen=True)
class ByParcel:
    """How reports are made by workers that do not see the project's folder.

    Parameters
    ----------
    pack
        Returns what the runs read; the argument says whether the way to the workers is encrypted.
    make
        Makes a report on a worker: the parcel and the run in, what `receive` takes out.
    receive
        Puts a report in its place.
    """

    pack: Callable[[bool], bytes]
    make: Callable[[bytes, PlannedRun], Any]
    receive: Callable[[PlannedRun, Any], Made]


class Cluster:
    """The workers of a cluster: a `Pool` of runs.batch. Make it with `cluster_pool`."""

    def __init__(self, client: Any, by_parcel: ByParcel | None, parcel: Any) -> None:
        self._client, self._by_parcel, self._parcel = client, by_parcel, parcel
        self._executor: Executor = client.get_executor(pure=False)

    @property
    def size(self) -> int:
        """How many workers there are now: they may come and go."""
        return max(1, len(self._client.nthreads()))

    def submit(self, make: Callable[..., Any], *arguments: Any) -> Future[Any]:
        (plan,) = arguments
        if self._by_parcel is None:
            return _told(self._executor.submit(make, plan), lambda made: made)
        receive = self._by_parcel.receive
        return _told(self._executor.submit(self._by_parcel.make, self._parcel, plan), lambda sent: receive(plan, sent))

    def restart(self) -> None:
        """Do nothing: the cluster starts its own workers again."""


@contextmanager
def cluster_pool(project: Project, address: str, by_parcel: ByParcel) -> Iterator[Cluster]:
    """Give the workers of a cluster.

    Parameters
    ----------
    address
        Of its scheduler: `tcp://host:8786`, or `tls://…` when it asks for certificates (Dask's own settings name them).
    by_parcel
        How reports are made where the project's folder is not shared.

    Raises
    ------
    RunError
        The scheduler or its workers are not there, workers have other versions than this machine, or several threads.
    """
    import distributed

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # in English, of what is told here anyway
    try:
        client: Any = distributed.Client(address, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError):
        raise RunError(
            "L’ordonnanceur Dask ne répond pas.",
            where=address,
            expected="une adresse telle que tcp://machine:8786",
            hint="dask scheduler l’affiche en démarrant",
        ) from None
    try:
        _hold_workers(client, address)
        _share_templates(client, project)
        if _sees_all(client, project):
            yield Cluster(client, None, None)
        else:
            packed = by_parcel.pack(address.startswith("tls://"))
            yield Cluster(client, by_parcel, client.scatter(packed, broadcast=True, hash=True))
    finally:
        with suppress(OSError, TimeoutError, CancelledError):  # a scheduler that is gone says no farewell
            client.close(timeout=5)


def _hold_workers(client: Any, address: str) -> None:
    """Hold the workers to one thread each, and to the versions of this machine."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise RunError(
            "L’ordonnanceur Dask n’a pas de worker.", where=address, hint="lancez-en : dask worker --nthreads 1"
        ) from None
    many = [worker for worker, threads in client.nthreads().items() if threads != 1]
    if many:
        raise RunError(
            f"{french.count(len(many), 'worker a', 'workers ont')} plusieurs fils d’exécution.",
            where=many[0],
            expected="un seul : papermill change le dossier de travail de tout son processus",
            hint="lancez-les par dask worker --nthreads 1, plusieurs par machine (--nworkers)",
        )
    try:
        found = client.run(surroundings)
    except (ImportError, AttributeError) as error:
        raise RunError(
            "Un worker n’a pas etabli.", where=address, got=str(error), hint="installez-y requirements.lock et etabli"
        ) from None
    hold_same(surroundings(), found)


def _share_templates(client: Any, project: Project) -> None:
    """Let the workers of one machine fork their kernels from one template: each would import the libraries again.

    It belongs to the first of them. Where that one is lost, or a machine is not the one that its name says, the others
    find nobody behind its door, and start their own.
    """
    first: dict[str, str] = {}
    machines: dict[str, str] = client.run(platform.node)
    for worker, machine in machines.items():
        first.setdefault(machine, worker)
    offered = client.run(_offer, str(project.root), workers=list(first.values()))
    for machine, owner in first.items():
        others = [worker for worker, place in machines.items() if place == machine and worker != owner]
        if others and offered[owner] is not None:
            client.run(_take, offered[owner], workers=others)


def _offer(folder: str) -> str | None:
    return offer_template(os.environ, folder)


def _take(address: str) -> None:
    os.environ[SHARED_VARIABLE] = address


def _sees_all(client: Any, project: Project) -> bool:
    """Whether every worker finds, in the same place, a file that this process writes."""
    mark, word = project.batches / f"{uuid4().hex}.shared", uuid4().hex
    try:
        project.batches.mkdir(parents=True, exist_ok=True)
        mark.write_text(word, encoding="ascii")
    except OSError as error:
        mark.unlink(missing_ok=True)
        raise disk_error("Le dossier des lots n’est pas accessible.", error, project, project.batches) from None
    try:
        return all(client.run(_reads, str(mark), word).values())
    finally:
        mark.unlink()


def _reads(path: str, word: str) -> bool:
    try:
        return Path(path).read_text(encoding="ascii") == word
    except (OSError, UnicodeDecodeError):
        return False


def _told(inner: Future[Any], received: Callable[[Any], Made]) -> Future[Made]:
    """Return a future of what is received, whose losses are told as ours."""
    outer: Future[Made] = Future()

    def pass_on(ended: Future[Any]) -> None:
        try:
            outer.set_result(received(ended.result()))
        except BaseException as error:  # noqa: BLE001  # raised again by whoever asks for the result
            outer.set_exception(_loss(error) or error)

    inner.add_done_callback(pass_on)
    return outer


def _loss(error: BaseException) -> InfrastructureError | None:
    """Return what a loss is called; None when the error is the run's own."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return InfrastructureError(
            "Le passage a fait tomber plusieurs workers.",
            where=str(error.last_worker.address),
            hint="mémoire des workers épuisée ? voyez dask worker --memory-limit",
        )
    if isinstance(error, CancelledError | OSError):
        return InfrastructureError("Le cluster Dask ne répond plus.", hint="etabli batch --resume reprendra le lot")
    return None
