"""Images for the machines of test pools: their own programs, and the worker of a bundle beside them."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from condor_pools import ROOT
from skydriver.services.worker_image import make_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def pool_image(pool, bundle: Path) -> Iterator[str]:
    """The folder of an image as the pool's machines see it; it is gone in the end."""
    root = ROOT / "pools" / pool.name / "images" / "skymap_scanner:test"
    for part in ("proc", "sys", "dev", "tmp", "var/tmp", "etc", "home", "root", "run"):
        (root / part).mkdir(parents=True, exist_ok=True)
    for part in ("bin", "lib", "lib64", "sbin"):
        (root / part).symlink_to(f"usr/{part}")
    for part in ("usr/bin", "usr/lib/python3.13", "usr/lib/x86_64-linux-gnu", "usr/lib64"):
        shutil.copytree(ROOT / part, root / part, symlinks=True, copy_function=os.link)
    for part in ("passwd", "group", "ld.so.cache"):
        shutil.copy(ROOT / "etc" / part, root / "etc" / part)
    make_image(bundle, root)
    yield f"/{root.relative_to(ROOT)}"
    shutil.rmtree(root)
