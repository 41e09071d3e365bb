"""The answer to a scan, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def lines(answer: dict[str, Any]) -> Iterator[str]:
    """The answer for people."""
    kind = "real" if answer["is_real_event"] else "simulated"
    yield f"Run {answer['run_id']}, event {answer['event_id']} ({kind}), {answer['algorithm']}"
    if answer["partial"]:
        yield "PARTIAL: the scan was interrupted; this is what was finished"
    elif answer["interrupted"] is not None:
        yield f"INTERRUPTED during the {answer['interrupted']}; the map is whole"
    if answer["region"]:
        yield "Only       " + ", ".join(f"{name} {text}" for name, text in answer["region"].items())
    best = answer["best_fit"]
    if best is None:
        yield "No best fit: every pixel failed"
    else:
        position = f"RA {best['ra_deg']:.4f}  Dec {best['dec_deg']:+.4f} deg (ICRS)"
        yield f"Best fit   {position}, llh {best['llh']:.3f} at nside {best['nside']}"
    yield from _findings(answer)
    for offset in answer["offsets"]:
        yield f"Offset     {offset['deg']:.3f} deg from {offset['seed']}"
    yield from _cost(answer)
    for reason in answer["not_reproducible"]:
        yield f"Not reproducible: {reason}"
    for path in answer["products"]:
        yield f"Product    {path}"
    yield answer["statement"]


def _cost(answer: dict[str, Any]) -> Iterator[str]:
    """What it took; a service does not know the CPU time of everything."""
    failed = f", {answer['n_failed']} failed" if answer["n_failed"] else ""
    pixels = f"{answer['n_pixels']} pixels{failed}"
    yield f"Cost       {pixels}, {answer['n_fits']} fits in {answer['fit_cpu_seconds']:.2f} CPU-s;"
    whole = f"{answer['cpu_seconds']:.2f} CPU-s in all, " if "cpu_seconds" in answer else ""
    yield f"           {whole}{answer['wall_seconds']:.2f} s by the clock"


def _findings(answer: dict[str, Any]) -> Iterator[str]:
    """What kind of event it was, what is quoted, and whether it may be used."""
    topology, posterior, wilks = answer["topology"], answer["posterior"], answer["wilks"]
    if topology["evidence"]:
        evidence = ", ".join(f"{item['what']} {item['value']:.1f}" for item in topology["evidence"][:3])
        yield f"Topology   {topology['label']} ({evidence}; fit quality {topology['fit_quality']:.2f})"
    yield f"Headline   {answer['headline']['text']}"
    if posterior is not None:
        areas = f"50% {posterior['area50_deg2']:.2f}, 90% {posterior['area90_deg2']:.2f} deg2"
        source = f"{posterior['sigma_sys_deg']:g} deg per axis, {posterior['calibration']}"
        yield f"Regions    {areas} with {source}"
        yield f"Wilks      50% {wilks['area50_deg2']:.2f}, 90% {wilks['area90_deg2']:.2f} deg2, {wilks['meaning']}"
    yield from _variants(answer["systematics"])
    yield f"May I use it?  {answer['verdict']['answer'].upper()}"
    yield from (f"  {reason}" for reason in answer["verdict"]["reasons"])


def _variants(systematics: dict[str, Any] | None) -> Iterator[str]:
    """The variants, if any were scanned."""
    if systematics is None:
        return
    for item in systematics["variants"]:
        found = "found nothing" if item["offset_deg"] is None else f"{item['offset_deg']:.2f} deg away"
        yield f"Variant    {item['name']:18} {found}"
    for item in systematics["left_out"]:
        yield f"Variant    {item['name']:18} left out: {item['reason']}"
    if systematics["spread_deg"] is not None:
        envelope = f"envelope {systematics['envelope_area_deg2']:.2f} deg2"
        yield f"Variants   spread {systematics['spread_deg']:.2f} deg per axis, {envelope}, statistical regions joined"
