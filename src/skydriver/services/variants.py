"""Other choices that a scan could have been made with: each changes one thing in how the event is fitted.

The option values bracket what is not known: effective scattering lengths from clear to dusty ice, the photomultipliers'
and the calibration's jitter, and how many photons of a DOM the model is trusted with. The other variants fit a part of
the pulses; those of odd and of even strings have half the light, so that statistics move them too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from skydriver.errors import EventContentError, SettingError
from skydriver.events.selection import BRIGHT, FAULTY_DOMS, Selection, parse_strings
from skydriver.recos.pandel_mpe import PandelMpe
from skydriver.services.preparation import prepare
from skydriver.worker.task import Model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.events.event import Event, Pulses
    from skydriver.services.preparation import ScanRequest

OPTION_VARIANTS = {
    "length": (33.3, 40.0, 50.0, 60.0),
    "jitter": (8.0, 25.0),
    "photons": (1.0, 10.0),
}
"""Values of the options of `pandel_mpe` that are tried one at a time."""


SAME = "it fits the same pulses as the scan itself"


class Variant(NamedTuple):
    """One way to fit the event."""

    name: str
    reco: str
    selection: Selection

    def request(self, nominal: ScanRequest) -> ScanRequest:
        """The nominal request with this variant's choices."""
        return replace(nominal, reco=self.reco, selection=self.selection)


class PreparedVariant(NamedTuple):
    """A variant that can be fitted."""

    variant: Variant
    pulses: Pulses
    """Cleaned and selected."""

    @property
    def model(self) -> Model:
        """What a pool's job needs to fit it."""
        return Model(self.variant.reco, self.pulses)


class UnfitVariant(NamedTuple):
    """A variant that is not fitted."""

    name: str
    reason: str


class PreparedVariants(NamedTuple):
    """What becomes of an event's variants."""

    fit: tuple[PreparedVariant, ...]
    unfit: tuple[UnfitVariant, ...]
    """Those that cannot be fitted, and those that would only repeat the nominal fits."""


def variants_of(request: ScanRequest, event: Event) -> tuple[Variant, ...]:
    """The variants of a request, each with one change, in a fixed order; those that change nothing are left out.

    ``length_40``, ``jitter_8``, ``photons_1`` and the like set that option of the algorithm; ``odd_strings`` and
    ``even_strings`` fit those strings only; ``deepcore`` leaves out DeepCore's strings if the request keeps them and
    keeps them if not; ``without_bright``, ``without_saturated`` and ``without_errata`` leave out those DOMs. The DOMs
    are left out whole: without its saturated span, a DOM's first pulse would be taken for one that came later.

    Raises
    ------
    SettingError
        Naming ``systematics``, if the algorithm is not `pandel_mpe`.
    """
    pulses = (Variant(name, request.reco, chosen) for name, chosen in _selections(request.selection, event))
    options = (Variant(name, reco, request.selection) for name, reco in _recos(request))
    return (*options, *(variant for variant in pulses if variant.selection != request.selection))


def prepare_variants(event: Event, request: ScanRequest) -> PreparedVariants:
    """Clean and select each variant's pulses.

    A variant with the nominal algorithm and the nominal pulses says nothing and is not fitted: no DOM is bright, for
    example.

    Raises
    ------
    EventContentError
        If the request itself leaves fewer DOMs than the algorithm can fit; a variant that does is left out.
    SettingError
        As `variants_of`, and if the event lacks the series asked for.
    """
    usual = prepare(event, request).pulses
    fit: list[PreparedVariant] = []
    unfit: list[UnfitVariant] = []
    for variant in variants_of(request, event):
        try:
            pulses = usual if variant.selection == request.selection else _pulses_of(event, request, variant)
        except EventContentError as error:
            unfit.append(UnfitVariant(variant.name, str(error)))
            continue
        if variant.reco == request.reco and pulses == usual:
            unfit.append(UnfitVariant(variant.name, SAME))
        else:
            fit.append(PreparedVariant(variant, pulses))
    return PreparedVariants(tuple(fit), tuple(unfit))


def _pulses_of(event: Event, request: ScanRequest, variant: Variant) -> Pulses:
    return prepare(event, variant.request(request)).pulses


def _recos(request: ScanRequest) -> Iterator[tuple[str, str]]:
    """Names and algorithms with one option changed."""
    algorithm = request.algorithm()
    if not isinstance(algorithm, PandelMpe):
        raise SettingError("systematics", f"has variants of pandel_mpe only, not of {algorithm.info.name}")
    usual = {"length": algorithm.length_m, "jitter": algorithm.jitter_ns, "photons": algorithm.max_photons}
    for option, values in OPTION_VARIANTS.items():
        for value in values:
            if value != usual[option]:
                yield f"{option}_{int(value)}", _reco(usual | {option: value})


def _reco(options: dict[str, float]) -> str:
    return ":".join((PandelMpe.info.name, *(f"{option}={value!r}" for option, value in options.items())))


def _selections(usual: Selection, event: Event) -> Iterator[tuple[str, Selection]]:
    """Names and selections that leave out or keep one thing more, whether or not the usual one does so."""
    for half, other in (("odd", "even"), ("even", "odd")):
        yield f"{half}_strings", replace(usual, exclude_strings=(*usual.exclude_strings, *parse_strings(other)))
    yield "deepcore", replace(usual, deepcore=not usual.deepcore)
    for word in (BRIGHT, "saturated", "errata"):
        if word == BRIGHT or event.time_windows.get(FAULTY_DOMS[word]):
            yield f"without_{word}", replace(usual, exclude_doms=(*usual.exclude_doms, word))
