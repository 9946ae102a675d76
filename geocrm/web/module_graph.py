"""Which ES module imports which, read from their text."""

import posixpath
import re
from collections.abc import Mapping
from typing import Final

# `import … from "./x.js"`, `export … from "./x.js"`, `import "./x.js"`, minified or not. What is
# imported by `import("./x.js")` is meant to wait, and in comments that names a type.
_IMPORTED: Final = re.compile(rb"""\b(?:from|import)\s*["'](\.{1,2}/[^"'\s]+)["']""")


def module_graph(texts: Mapping[str, bytes]) -> dict[str, tuple[str, ...]]:
    """Of each module the modules it imports, by their names from the root, in its order."""
    return {
        name: tuple(dict.fromkeys(each for each in _imports(name, text) if each in texts))
        for name, text in texts.items()
    }


def _imports(name: str, text: bytes) -> list[str]:
    here = posixpath.dirname(name)
    return [
        posixpath.normpath(posixpath.join(here, found.decode()))
        for found in _IMPORTED.findall(text)
    ]
