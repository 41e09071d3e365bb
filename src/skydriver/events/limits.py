"""The sizes that an event may have: real ones are far smaller; larger ones are refused before they cost time."""

MAX_JSON_BYTES = 8_000_000
"""Realtime JSON of one event; real ones are 0.1 to 0.6 MB."""
MAX_FRAMES = 16
"""Frames in one event; real ones hold five."""
MAX_FRAME_BYTES = 16_000_000
"""All frames of one event together, decompressed; real ones hold 0.5 to 0.8 MB."""
MAX_SLOTS = 1024
"""Objects in one frame; real ones hold about 20."""
MAX_MODULES = 100_000
"""Modules in all maps and masks of one event together; the detector has about 5,500, its Upgrade 17,000 more."""
MAX_PULSES = 500_000
"""Pulses in all series of one event together."""
MAX_TIME_NS = 1e9
"""Latest time of a pulse, and earliest below zero, ns after the start of the event."""
