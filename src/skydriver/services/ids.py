"""Names of new things."""

from __future__ import annotations

import secrets


def new_scan_id(now: float) -> str:
    """A scan's id, ``MILLISECONDSxRANDOM`` in hexadecimal: sorts by time, holds letters and digits only."""
    return f"{int(now * 1000):011x}x{secrets.token_hex(8)}"
