"""A worker process: ``python -m skydriver.worker FD``, started by `skydriver.worker.pool`.

It loads the algorithms, answers `Ready`, and then one list of reports for each task that comes in over the socket FD,
until that is closed. The fits run in a forked child (`skydriver.worker.compute`).
"""

from __future__ import annotations

import signal
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from skydriver.errors import TaskError, TaskInputError
from skydriver.recos.registry import find_reco
from skydriver.worker.compute import ComputeProcess
from skydriver.worker.task import Ready, Refused

if TYPE_CHECKING:
    from skydriver.recos.base import EventFitter
    from skydriver.worker.task import Job


def main() -> None:
    """Serve the coordinator at the other end of the socket."""
    # Ctrl-C reaches every process of a terminal's group; it is the coordinator that decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    coordinator = Connection(int(sys.argv[1]))
    try:
        serve(coordinator)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _end(_number: int, _frame: object) -> None:
    """End in order, so that the compute process is ended and its CPU time counted."""
    sys.exit(0)


def serve(coordinator: Connection) -> None:
    """Take the job, then task after task; EOFError when the coordinator is gone."""
    job: Job = coordinator.recv()
    try:
        fitters = bind_all(job)
    except TaskError as error:
        coordinator.send(Refused(str(error)))
        return
    compute = ComputeProcess(fitters, job.max_reco_time_s, [coordinator])
    try:
        coordinator.send(Ready())
        while True:
            coordinator.send(compute.run(coordinator.recv(), [coordinator]))
    finally:
        # It is ending, and waits for its child so that the child's CPU time counts. A SIGTERM that comes right here
        # must not leave the child behind.
        try:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        finally:
            compute.close()


def bind_all(job: Job) -> list[EventFitter]:
    """What fits, for each of the job's models; a `TaskInputError` names the model that cannot."""
    fitters: list[EventFitter] = []
    for k, model in enumerate(job.models):
        try:
            fitters.append(find_reco(model.reco).bind(model.pulses))
        except TaskInputError as error:
            raise TaskInputError(f"model {k}, {model.reco}: {error}") from error
    return fitters


if __name__ == "__main__":
    main()
