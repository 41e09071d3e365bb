"""The submit description of workers, and what it asks of machines.

Nothing in it is secret: everybody may read a job's ad. `max_retries` is 0, and no schedd releases held jobs: the keeper
sees each end and each hold, replaces the job, releases it or gives it up, and can keep the next one away from a bad
machine. Ended jobs stay in the queue for an hour, to be seen. Jobs of a SkyDriver that is gone for good go too: held
ones after an hour (a day while their files are on their way), idle ones after a week, running ones by themselves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from skydriver.clusters.base import Order
    from skydriver.clusters.configured import ClusterSettings

EXECUTABLE: Final = "run.sh"
SERVICE: Final = "SkyDriverService"
SCAN: Final = "SkyDriverScanId"
SUBMISSION: Final = "SkyDriverSubmission"
AVOID: Final = "SkyDriverAvoid"
MOST_AVOIDED: Final = 500

_BASELINES: Final = ("x86-64-v2", "x86-64-v3", "x86-64-v4")
_ID = re.compile(r"[\w.-]{1,80}", re.ASCII)
_FILE = re.compile(r"\w[\w.-]{0,80}", re.ASCII)
_HOST = re.compile(r"[\w.:-]{1,255}", re.ASCII)
_PATH = re.compile(r"[\w./:+@=-]{1,1000}", re.ASCII)
_FOLDER = re.compile(r"/[^\x00-\x1f\"$\\]{1,1000}")
_KEYWORDS: Final = {"queue", "if", "elif", "else", "endif", "include", "use", "warning"}
_NOT_THEIRS: Final = {
    *("args", "arguments", "arguments2", "cmd", "environment", "environment2", "env", "getenv", "get_env"),
    *("hold", "in", "input", "stdin", "out", "err", "stdout", "stderr", "user_log", "userlog", "iwd", "initial_dir"),
    *("requestmemory", "requestdisk", "requestcpus", "leaveinqueue", "periodicremove", "periodicrelease"),
    *("periodic_release", "on_exit_remove", "on_exit_hold", "onexitremove", "onexithold", "retry_until"),
    *("success_exit_code", "jobleaseduration", "jobmaxvacatetime", "containerimage", "docker_image", "dockerimage"),
    *(
        "transferinput",
        "transfer_input",
        "transferoutput",
        "transfer_output",
        "transfer_executable",
        "transfercontainer",
    ),
    *("transferfiles", "whentotransferoutput", "shouldtransferfiles", "x509userproxy", "use_oauth_services"),
    *("append_files", "copy_to_spool", "jobuniverse", "jobprio", "priority", "prio", "accounting_group"),
    *("accounting_group_user", "concurrency_limits", "batch_name", "jobbatchname"),
}
"""Lines of a submit description by other names that would change what ours say, or tell what is secret."""


class Condition(NamedTuple):
    """What a machine must be."""

    lack: str
    """What is said of slots that are not: the rest of a sentence about several."""
    expression: str
    """In the language of ClassAds; MY is the job."""


def describe(order: Order, settings: ClusterSettings, names: Sequence[str], folder: Path) -> str:
    """The submit description.

    Parameters
    ----------
    order
        Of `Order.n_jobs`, which is told to the schedd beside it.
    settings
        Of the cluster.
    names
        Of the files that are sent along; `EXECUTABLE` is among them.
    folder
        Where these are now; absolute.

    Raises
    ------
    SettingError
        Naming what cannot stand in a submit description.
    """
    ours = _ours(order, settings, names, folder)
    taken = {name.lower() for name, _ in ours}
    lines = [*_theirs(settings, taken), *ours]
    return "".join(f"{name} = {value}\n" for name, value in lines)


def conditions(order: Order, settings: ClusterSettings) -> list[Condition]:
    """What machines must be, beside the memory, disk and cores that are asked for."""
    found = [Condition("run no Linux on x86-64", 'TARGET.OpSys == "LINUX" && TARGET.Arch == "X86_64"')]
    better = _BASELINES[_BASELINES.index(order.baseline) :] if order.baseline in _BASELINES else ()
    if not better:
        raise SettingError("baseline", f"it is none of {', '.join(_BASELINES)}")
    if order.baseline != _BASELINES[0]:
        names = ", ".join(quoted(name.replace("x86-64", "x86_64")) for name in better)
        found.append(Condition(f"are no {order.baseline}", f"member(TARGET.Microarch, {{{names}}})"))
    if order.image is not None:
        found.append(Condition("run no such containers", f"TARGET.HasContainer && TARGET.{_feature(order.image)}"))
    if settings.requirements is not None:
        found.append(Condition("do not fulfil the cluster's requirements", settings.requirements))
    found.append(Condition("are avoided, for jobs failed there", f"member(TARGET.Machine, MY.{AVOID}) =!= true"))
    return found


def _feature(image: str) -> str:
    """What a machine says of itself that runs such images."""
    if image.startswith("docker:"):
        return "HasDockerURL"
    return "HasSIF" if image.endswith(".sif") else "HasSandboxImage"


def avoided(hosts: Iterable[str]) -> str:
    """Machines as a ClassAd list; what can be no name of one is left out, and so are all but the last 500."""
    names = [host for host in dict.fromkeys(hosts) if _HOST.fullmatch(host)]
    return "{" + ", ".join(quoted(name) for name in names[-MOST_AVOIDED:]) + "}"


def quoted(text: str) -> str:
    """A ClassAd string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def identifier(name: str, value: str) -> str:
    """The value, which is safe in a constraint or a path."""
    if not _ID.fullmatch(value) or value.startswith("."):
        raise SettingError(name, "it is not made of up to 80 letters, digits, dots, dashes and underscores")
    return value


def _ours(order: Order, settings: ClusterSettings, names: Sequence[str], folder: Path) -> list[tuple[str, str | int]]:
    lines: list[tuple[str, str | int]] = [
        ("universe", "vanilla"),
        *_files(names, folder),
        ("request_cpus", 1),
        ("request_memory", order.memory_mb),
        ("request_disk", order.disk_mb * 1024),
        ("requirements", " && ".join(f"({each.expression})" for each in conditions(order, settings))),
        ("job_lease_duration", 120),
        ("job_max_vacate_time", 10),
        ("max_retries", 0),
        ("leave_in_queue", "JobStatus == 4 && time() - CompletionDate < 3600"),
        ("periodic_remove", _REMOVE),
        ("batch_name", f"skydriver-{identifier('scan', order.scan)}"),
        (f"MY.{SERVICE}", quoted(identifier("service", order.service))),
        (f"MY.{SCAN}", quoted(order.scan)),
        (f"MY.{SUBMISSION}", quoted(identifier("submission", order.submission))),
        (f"MY.{AVOID}", avoided(order.avoid)),
        ("priority", int(order.priority)),
    ]
    return lines + _container(order, settings) + _accounting(settings)


_REMOVE: Final = (
    "(JobStatus == 5 && HoldReasonCode =!= 16 && time() - EnteredCurrentStatus > 3600) || "
    "(JobStatus == 5 && time() - EnteredCurrentStatus > 86400) || "
    "(JobStatus == 1 && time() - EnteredCurrentStatus > 604800)"
)


def _files(names: Sequence[str], folder: Path) -> list[tuple[str, str | int]]:
    if not _FOLDER.fullmatch(str(folder)):
        raise SettingError("data", f"a submit description cannot name the folder {str(folder)!a}")
    wrong = next((name for name in names if not _FILE.fullmatch(name)), None)
    if wrong is not None or EXECUTABLE not in names:
        raise SettingError("files", f"{EXECUTABLE} is missing" if wrong is None else f"{wrong!a} is no name of one")
    return [
        ("executable", f"{folder}/{EXECUTABLE}"),
        ("initialdir", str(folder)),
        ("should_transfer_files", "YES"),
        ("when_to_transfer_output", "ON_EXIT"),
        ("transfer_input_files", ",".join(name for name in names if name != EXECUTABLE)),
        ("transfer_output_files", '""'),
        ("output", "out.$(Process)"),
        ("error", "err.$(Process)"),
        ("log", "log.$(Process)"),
    ]


def _container(order: Order, settings: ClusterSettings) -> list[tuple[str, str | int]]:
    if order.image is None:
        return []
    if not _PATH.fullmatch(order.image):
        raise SettingError("image", "a submit description cannot name it")
    return [("container_image", order.image), ("transfer_container", str(settings.transfer_image).lower())]


def _accounting(settings: ClusterSettings) -> list[tuple[str, str | int]]:
    given = {
        "accounting_group": settings.accounting_group,
        "accounting_group_user": settings.accounting_group_user,
        "concurrency_limits": settings.concurrency_limits,
    }
    return [(name, value) for name, value in given.items() if value is not None]


def _theirs(settings: ClusterSettings, taken: set[str]) -> list[tuple[str, str | int]]:
    """The operator's lines, none of which can change ours."""
    for name in settings.submit:
        bare = name.lower().removeprefix("my.")
        if name.lower() in taken or bare in taken | _KEYWORDS | _NOT_THEIRS or bare.startswith("skydriver"):
            raise SettingError(f"submit.{name}", "SkyDriver says that itself")
    return list(settings.submit.items())
