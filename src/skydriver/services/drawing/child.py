"""The process that makes products: ``python -m skydriver.services.drawing.child PARENT``.

It is told what to make over standard input and answers over standard output, until its standard input is closed or the
process PARENT, which started it, is gone. It yields to everything else on its machine. One product may take so much
CPU time; then the kernel ends it, wherever it is.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import os
import signal
import sys
from typing import IO, TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from skydriver.errors import ResultError, SettingError, SkyDriverError
from skydriver.events.realtime import read_event
from skydriver.services.drawing.order import Made, Order, answer_of, refusal_of
from skydriver.services.drawing.wire import receive, send
from skydriver.services.product_table import PRODUCTS, ProductOptions
from skydriver.services.publish import check_event, file_name, why_not
from skydriver.services.publishing import Foreign, publication_with
from skydriver.services.summary import Summary
from skydriver.skymap.json_format import from_json
from skydriver.skymap.provenance import Provenance
from skydriver.worker.orphans import end_with_parent

if TYPE_CHECKING:
    from skydriver.events.event import Event
    from skydriver.skymap.publication import Publication

NICENESS: Final = 10
CPU_LIMIT_S: Final = 120.0


def main() -> None:
    """Make products until nobody wants any more."""
    end_with_parent(int(sys.argv[1]))
    os.nice(NICENESS)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    answers = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no answer
    with os.fdopen(0, "rb", closefd=False) as told, os.fdopen(answers, "wb") as said:
        serve(told, said)


def serve(told: IO[bytes], said: IO[bytes]) -> None:
    """Take one order after the other, and answer each."""
    maker = Maker()
    while True:
        try:
            order = Order.of(receive(told))
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT_S)
        try:
            answer = answer_of(maker.make(order))
        except SkyDriverError as error:
            answer = refusal_of(order.product, error)
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        send(said, answer)


class Maker:
    """Makes products, and remembers what may be published of the map that it saw last: it is asked for all of them."""

    def __init__(self) -> None:
        self._last: tuple[bytes, Publication] | None = None

    def make(self, order: Order) -> Made:
        """One product.

        Raises
        ------
        SettingError
            If an option is at fault.
        ResultError
            If there is no such product of the map.
        """
        (product,) = [known for known in PRODUCTS if known.ending == order.product]
        shown = self._shown(order)
        options = _options(order, shown)
        if reason := why_not(product, shown, options):
            raise ResultError(reason)
        return Made(file_name(shown, product.ending), product.make(shown, options))

    def _shown(self, order: Order) -> Publication:
        parts = (order.document, order.provenance or b"", order.answer or b"", order.algorithm.encode())
        which = b"".join(hashlib.sha256(part).digest() for part in parts)
        if self._last is None or self._last[0] != which:
            self._last = None
            self._last = which, _publication(order)
        return self._last[1]


def _publication(order: Order) -> Publication:
    """What may be published of a map, as of the files that a scan leaves."""
    made = None if order.provenance is None else Provenance.from_json(order.provenance)
    skymap = from_json(order.document, made)
    foreign = Foreign() if made is not None else Foreign(order.algorithm)
    return publication_with(skymap, foreign, _summary(order.answer))


def _summary(answer: bytes | None) -> Summary | None:
    if answer is None:
        return None
    try:
        return Summary.model_validate_json(answer)
    except ValidationError as error:
        first = error.errors()[0]
        raise ResultError(f"the answer: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _options(order: Order, shown: Publication) -> ProductOptions:
    """The options, with what lies beside a map."""
    now = dt.datetime.fromtimestamp(order.now, dt.UTC)
    beside: dict[str, Any] = {}
    if order.answer is not None:
        beside["summary"] = json.dumps(json.loads(order.answer), indent=1, allow_nan=False).encode() + b"\n"
    if order.event is not None:
        beside["event"] = _event(order.event, order.is_real, shown)
    return dataclasses.replace(ProductOptions(now), **order.options, **beside)


def _event(source: bytes, is_real: bool, shown: Publication) -> Event:  # noqa: FBT001 - as the scan has it
    event = read_event(source, is_real=is_real)
    try:
        check_event(event, shown)
    except SettingError as error:  # it is the scan's, and nobody's choice
        raise ResultError(f"the event: {error.problem}") from error
    return event


if __name__ == "__main__":
    main()
