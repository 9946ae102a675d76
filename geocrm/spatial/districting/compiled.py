"""Compiling the inner loops: without the interpreter lock, cached where a cache can be written."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

# Without the half of their types that numba itself declares.
types: Any = numba.types


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The function as machine code; kept on disk for the next process when that is possible."""
    try:
        fast = cast(Any, numba.njit(cache=True, nogil=True)(function))
        # numba looks at the function's own file alone, and would go on with the old code of the
        # functions it calls: another plan for the same seed, until somebody empties the cache.
        fast._cache._cache_file._source_stamp = _stamp()
    except (RuntimeError, AttributeError):
        # No directory to write to (a read-only installation without a home), or another numba:
        # compile each time.
        fast = numba.njit(nogil=True)(function)
    _compile_once(fast)
    return cast(Callable[P, R], fast)


def _compile_once(fast: Any) -> None:
    """Have what calls the function hand over every whole number as int64.

    numba would compile it anew for an int32, an int64 and each constant, and whatever it calls as
    well: half as much time again, for the same code.
    """
    chosen = fast.get_call_template
    fast.get_call_template = lambda args, kws: chosen([_wide(each) for each in args], kws)


def _wide(kind: Any) -> Any:
    plain = types.unliteral(kind)
    return types.int64 if isinstance(plain, types.Integer) and plain.signed else kind


@cache
def _stamp() -> str:
    """What all compiled modules say, as one digest."""
    texts = [each.read_bytes() for each in sorted(Path(__file__).parent.glob("*.py"))]
    name = __name__.encode()
    return hashlib.sha256(b"".join(text for text in texts if name in text)).hexdigest()
