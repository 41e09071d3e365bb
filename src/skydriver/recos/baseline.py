"""Instruction sets that are named beforehand, so that fits have the same bits on all machines that have at least that.

Kernels that were compiled elsewhere for the same name fit there too. All of it is read when Python, NumPy and numba
start, so it must stand in the environment before.
"""

from __future__ import annotations

from typing import Final

from skydriver.errors import SettingError

_V2: Final = "cmov cx16 cx8 fxsr mmx popcnt sahf sse sse2 sse3 sse4.1 sse4.2 ssse3"
_V3: Final = f"{_V2} avx avx2 bmi bmi2 f16c fma lzcnt movbe xsave"
_V4: Final = f"{_V3} avx512bw avx512cd avx512dq avx512f avx512vl"

COMPILED: Final = {"x86-64-v2": _V2, "x86-64-v3": _V3, "x86-64-v4": _V4}
"""What the compiler of kernels may use, by its own names."""
NOT_IN_NUMPY: Final = {
    "x86-64-v2": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "x86-64-v3": "X86_V4 AVX512_ICL AVX512_SPR",
    "x86-64-v4": "AVX512_ICL AVX512_SPR",
}
"""What NumPy does not use, though the machine may have it."""
NOT_IN_C_LIBRARY: Final = {
    "x86-64-v2": "-AVX,-AVX2,-FMA,-FMA4,-AVX512F,-AVX512VL",
    "x86-64-v3": "-FMA4,-AVX512F,-AVX512VL",
    "x86-64-v4": "-FMA4",
}
"""Likewise its mathematical functions."""
OPENBLAS: Final = {"x86-64-v2": "Nehalem", "x86-64-v3": "Haswell", "x86-64-v4": "SkylakeX"}
"""The oldest processor of each set that OpenBLAS knows."""
ONE_THREAD: Final = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def environment(baseline: str) -> dict[str, str]:
    """The variables of a process whose fits are those of `baseline`, such as ``x86-64-v3``; one thread each.

    Raises
    ------
    SettingError
        If it is none that we know.
    """
    if baseline not in COMPILED:
        raise SettingError("baseline", f"it is {baseline[:40]!a}, not one of {', '.join(COMPILED)}")
    return {
        "NUMBA_CPU_NAME": baseline,
        "NUMBA_CPU_FEATURES": ",".join(f"+{name}" for name in COMPILED[baseline].split()),
        "NPY_DISABLE_CPU_FEATURES": NOT_IN_NUMPY[baseline].replace(" ", ","),
        "GLIBC_TUNABLES": f"glibc.cpu.hwcaps={NOT_IN_C_LIBRARY[baseline]}",
        "OPENBLAS_CORETYPE": OPENBLAS[baseline],
        **ONE_THREAD,
    }
