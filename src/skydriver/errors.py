"""Everything that SkyDriver raises on purpose.

The tree::

    SkyDriverError
    ├── InputError              what was given is at fault: the caller must change it
    │   ├── SettingError        an argument or a setting (`argument` names it)
    │   └── EventError          an event that cannot be used (`where` names the place)
    │       ├── EventLayoutError    the JSON, base64, zlib or pickle shell around the frames
    │       ├── FrameError          an I3 frame: truncated, wrong checksum, unknown version
    │       ├── ArchiveError        one serialised object inside a frame
    │       └── EventContentError   readable, but unusable: no header, no pulses, an impossible run id
    ├── TaskError               a task that a worker could not do
    │   ├── TaskInputError          the task itself is at fault: another worker would fail too
    │   └── TaskEnvironmentError    this worker is at fault: another one may succeed
    ├── RequestError            a request to the service that it does not do; the caller may change it
    │   ├── UnknownError            no scan, result or route of that name
    │   ├── StateError              not in the state in which things are
    │   ├── ImpossibleError         of the right shape, but impossible here
    │   ├── TooLargeError           a body beyond the limit
    │   └── DeniedError             without the right token, or not with this one
    ├── ReplacedError           another scan took the place of the one that was asked for
    ├── UnavailableError        something that the service depends on is down: the same request may succeed later
    │   └── SchemaError             the database is not of this release
    └── ResultError             a result file that cannot be read or written

Every error has a stable `code` for programs and one sentence for people.
"""


class SkyDriverError(Exception):
    """The root. `code` is stable across releases; the message is one sentence without a final stop."""

    code = "skydriver"


class InputError(SkyDriverError):
    """What was given is at fault."""

    code = "bad_input"


class SettingError(InputError):
    """An argument or setting is at fault.

    Parameters
    ----------
    argument
        Its name as the user knows it, for example ``nsides``.
    problem
        What is wrong with it, as the rest of a sentence that begins with its name.
    """

    code = "bad_setting"

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(f"{argument}: {problem}")
        self.argument = argument
        self.problem = problem


class EventError(InputError):
    """An event cannot be used.

    Parameters
    ----------
    where
        The place, outermost first, for example ``P frame, SplitInIcePulses``.
    problem
        What is wrong there.
    """

    code = "bad_event"

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class EventLayoutError(EventError):
    """The JSON, base64, zlib or pickle shell around the frames is not what it should be."""

    code = "event_layout"


class FrameError(EventError):
    """An I3 frame is truncated, of an unknown version, or fails its checksum."""

    code = "event_frame"


class ArchiveError(EventError):
    """A serialised object is truncated, of an unknown class version, or has bytes left over."""

    code = "event_object"


class EventContentError(EventError):
    """The event is readable but unusable: no header, no pulses, an impossible value."""

    code = "event_content"


class TaskError(SkyDriverError):
    """A worker could not do a task."""

    code = "task"


class TaskInputError(TaskError):
    """The task is at fault; every worker would fail on it."""

    code = "task_input"


class TaskEnvironmentError(TaskError):
    """The worker is at fault; another one may succeed."""

    code = "task_environment"


class ResultError(SkyDriverError):
    """A result cannot be read or written."""

    code = "bad_result"


class RequestError(SkyDriverError):
    """A request to the service that it does not do."""

    code = "bad_request"


class UnknownError(RequestError):
    """There is no scan, result or route of that name."""

    code = "unknown"


class StateError(RequestError):
    """It does not go with the state in which things are."""

    code = "conflict"


class ImpossibleError(RequestError):
    """Of the right shape, but impossible here."""

    code = "impossible"


class TooLargeError(RequestError):
    """A body, or a part of one, is beyond the limit."""

    code = "too_large"


class DeniedError(RequestError):
    """Without a token that is valid, or not allowed with it.

    Parameters
    ----------
    message
        Why.
    known
        Whether it is known who asks: then it is forbidden, else a token is lacking.
    """

    code = "denied"

    def __init__(self, message: str, *, known: bool) -> None:
        super().__init__(message)
        self.known = known


class ReplacedError(SkyDriverError):
    """Another scan took the place of the one that was asked for.

    Parameters
    ----------
    scan_id
        The scan that was asked for.
    by
        The one that stands for it now.
    """

    code = "replaced"

    def __init__(self, scan_id: str, by: str) -> None:
        super().__init__(f"scan_id: {scan_id} was replaced by {by}; no_redirect asks for itself")
        self.scan_id = scan_id
        self.by = by


class UnavailableError(SkyDriverError):
    """Something that the service depends on is down; the same request may succeed later."""

    code = "unavailable"


class SchemaError(UnavailableError):
    """The database is not of this release."""

    code = "schema"
