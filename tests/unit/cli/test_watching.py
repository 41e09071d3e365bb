"""Watching a scan: what is shown, and what the exit code says, for every way in which it may end."""

from __future__ import annotations

import pytest

from skydriver.cli import watching
from skydriver.client.events import Event
from skydriver.errors import ResultError, UnknownError
from skydriver.services.coordination.states import ENDED, Status

ANSWER = {"best_fit": None, "statement": "s"}


class Scan:
    """A service with one scan, which takes one step whenever it is looked at; of a release without events."""

    def __init__(self, *steps: dict[str, object], answer: dict[str, object] | None = None) -> None:
        self.steps = list(steps)
        self.answer = answer
        self.engine = "external" if answer is None else "skydriver-1"

    def status(self, _scan_id):
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        return {"scan_state": "", "skydriver": step}

    def events(self, _scan_id):
        raise UnknownError("GET /scan/1x2/events: there is no such route; /docs lists them")

    def manifest(self, _scan_id, *, include_deleted):
        assert include_deleted  # an aborted scan is told, too
        facts = {"status": "done", "engine": self.engine, "answer": self.answer}
        return {"skydriver": facts | {"fits_done": 3, "cpu_seconds": 2.0, "created": 10.0, "ended": 15.5}}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(watching, "PAUSE_S", 0.0)


def ended(scan, **more):
    return watching.watch_to_end(scan, "1x2", None, **{"as_json": True} | more)


def test_what_ends_is_what_the_service_says_ends():
    assert {status.value for status in ENDED} == watching.ENDED
    assert set(watching.WAITING) | {"running"} | watching.ENDED == {status.value for status in Status}


@pytest.mark.parametrize(
    ("step", "code", "said"),
    [
        ({"status": "failed", "code": "no_worker", "reason": "nobody"}, 6, "the scan has failed (no_worker): nobody\n"),
        ({"status": "aborted", "reason": None}, 7, "the scan was aborted: as was asked for\n"),
        ({"status": "aborted", "reason": "by hand"}, 7, "the scan was aborted: by hand\n"),
    ],
)
def test_a_scan_that_ends_without_a_map_has_a_code_of_its_own_and_no_answer(capsys, step, code, said):
    assert ended(Scan({"status": "running", "progress": 0.5}, step)) == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", said)


@pytest.mark.parametrize(("best", "code"), [(None, 4), ({"ra_deg": 1.0}, 0)])
def test_the_code_says_whether_there_is_a_best_fit(capsys, best, code):
    done = {"status": "done", "progress": 1.0, "fits_done": 3, "eta": 0.0}
    assert ended(Scan({"status": "queued"}, done, answer=ANSWER | {"best_fit": best})) == code
    printed = capsys.readouterr()
    assert '"wall_seconds": 5.5' in printed.out
    assert '"scan_id": "1x2"' in printed.out
    assert printed.err == "3 fits, 100 %  0 s left\n"


def test_of_an_external_map_nothing_is_quoted(capsys):
    assert ended(Scan({"status": "done", "progress": 1.0}), as_json=False) == 0
    assert "external" in capsys.readouterr().out


def test_ctrl_c_ends_the_watching_alone(capsys):
    class Interrupted(Scan):
        def status(self, _scan_id):
            raise KeyboardInterrupt

    assert ended(Interrupted()) == 130
    assert capsys.readouterr().err == "the scan goes on; to come back to it: skydriver watch 1x2\n"


def test_an_error_comes_out():
    class Broken(Scan):
        def status(self, _scan_id):
            raise ResultError("broken")

    with pytest.raises(ResultError):
        ended(Broken())


@pytest.mark.parametrize("status", ["queued", "preparing", "starting", "finishing"])
def test_a_scan_in_which_nothing_is_fitted_says_what_it_waits_for(status):
    assert watching.words({"status": status, "eta": 3.0, "progress": 0.2}) == {
        "pixels": watching.WAITING[status],
        "best": "",
        "eta": "",
    }


def test_pixels_and_best_fit_are_shown_where_they_are_told():
    facts = {"status": "running", "progress": 0.25, "fits_done": 7, "eta": 8.6}
    assert watching.words(facts) == {"pixels": "7 fits, 25 %", "best": "", "eta": "9 s left"}
    facts |= {"pixels_done": 5, "pixels_total": 12, "best": {"nside": 1, "pixel": 0, "llh": 3.25}}
    shown = watching.words(facts)
    assert shown["pixels"] == "5/12 pixels"
    assert shown["best"].startswith("best RA 45.00 Dec +41.81, llh 3.2")


@pytest.mark.parametrize("told", [None, 0.0, 0.5, 1.0])
def test_the_bar_is_full_only_at_the_end(told):
    assert watching.fraction_of({"status": "running", "progress": told}) < 1.0


class Telling(Scan):
    """A service that tells events, and is asked once, in the end."""

    def __init__(self, *events: tuple[str, dict[str, object]], end: dict[str, object]) -> None:
        super().__init__(end)
        self.told, self.n_asked = events, 0

    def events(self, _scan_id):
        for number, (kind, data) in enumerate(self.told):
            yield Event(str(number), kind, data)

    def status(self, scan_id):
        self.n_asked += 1
        return super().status(scan_id)


def test_a_scan_that_is_told_of_is_asked_for_at_the_end_alone(capsys):
    scan = Telling(
        ("snapshot", {"skydriver": {"status": "queued"}}),
        ("state", {"status": "running", "code": None, "reason": None}),
        ("progress", {"fraction": 0.5, "fits_done": 3, "seconds_left": 2.0, "best": None}),
        ("pixels", {"nside": 8, "pixels": [[0, 1.0, 0]]}),
        ("state", {"status": "failed", "code": "no_pixel", "reason": "none"}),
        ("deleted", {"status": "not read"}),
        end={"status": "failed", "code": "no_pixel", "reason": "none"},
    )
    assert ended(scan) == 6
    assert scan.n_asked == 1
    assert "no_pixel" in capsys.readouterr().err


def test_what_is_told_is_what_a_status_says():
    facts = watching.heard(
        {}, Event("1", "snapshot", {"skydriver": {"status": "queued", "progress": 0.0, "eta": None}})
    )
    facts = watching.heard(facts, Event("2", "state", {"status": "running", "code": None, "time": 1.0}))
    facts = watching.heard(facts, Event("3", "progress", {"fraction": 0.25, "seconds_left": 8.6, "fits_done": 7}))
    facts = watching.heard(facts, Event("4", "pixels", {"nside": 8, "pixels": []}))
    assert facts == {"status": "running", "code": None, "progress": 0.25, "eta": 8.6, "fits_done": 7}
    assert watching.words(facts) == {"pixels": "7 fits, 25 %", "best": "", "eta": "9 s left"}


def test_where_nothing_more_is_told_the_scan_is_asked_for():
    scan = Telling(("snapshot", {"skydriver": {"status": "running"}}), end={"status": "done", "progress": 1.0})
    assert ended(scan, as_json=False) == 0
