"""What the process that makes products is told, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from skydriver.errors import SettingError, SkyDriverError, StateError
from skydriver.services.drawing.wire import Message


class Made(NamedTuple):
    """A product."""

    file: str
    """Its file's name."""
    content: bytes


@dataclass(frozen=True, slots=True)
class Order:
    """One product of one map."""

    product: str
    """Its ending."""
    now: float
    """Time of a notice, seconds since 1970."""
    options: dict[str, Any]
    """Those of `skydriver.services.product_table.ProductOptions` that are asked for, by name."""
    algorithm: str
    """Who made the map, where it does not say so itself."""
    is_real: bool
    """Whether the event is."""
    document: bytes
    """The map, as icecube-skyreader reads it."""
    provenance: bytes | None
    answer: bytes | None
    """What was found out about the event."""
    event: bytes | None
    """Its JSON; None where the product does not need it."""

    def message(self) -> Message:
        """As it is sent."""
        parts = (self.document, self.provenance or b"", self.answer or b"", self.event or b"")
        return Message({name: getattr(self, name) for name in _HEAD}, parts)

    @classmethod
    def of(cls, message: Message) -> Self:
        """As it was sent."""
        document, provenance, answer, event = message.parts
        said: dict[str, Any] = {name: message.head[name] for name in _HEAD}
        said |= {"provenance": provenance or None, "answer": answer or None, "event": event or None}
        return cls(document=document, **said)


_HEAD = ("product", "now", "options", "algorithm", "is_real")


def answer_of(made: Made) -> Message:
    """What is answered with a product."""
    return Message({"file": made.file}, (made.content,))


def refusal_of(product: str, error: SkyDriverError) -> Message:
    """What is answered where there is no such product."""
    argument, problem = (error.argument, error.problem) if isinstance(error, SettingError) else (product, str(error))
    return Message({"argument": argument, "problem": problem, "is_option": isinstance(error, SettingError)})


def made_of(message: Message) -> Made:
    """The product in an answer.

    Raises
    ------
    SettingError
        If an option is at fault.
    StateError
        If there is no such product of the map; it says why.
    """
    head = message.head
    if "file" in head:
        return Made(str(head["file"]), *message.parts)
    if head["is_option"]:
        raise SettingError(head["argument"], head["problem"])
    raise StateError(f"{head['argument']}: {head['problem']}")
