"""Looks into a file that somebody handed in: `python -m bench.storage.upload_check MODULE:FUNCTION PATH`.

In a process of its own, with bounded memory, since nobody knows what is in it. It prints, as JSON, what the function
says of the file, or what is wrong with it.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from pathlib import Path

from bench.workload.interface import BadInput

MAX_MEMORY_BYTES = 2 * 2**30
"""Bytes of address space."""


def main(arguments: list[str]) -> int:
    named, path = arguments
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    module, _, function = named.partition(":")
    check = getattr(importlib.import_module(module), function)
    try:
        told = {"said": check(Path(path))}
    except BadInput as error:
        told = {"what": str(error), "remedy": error.remedy}
    except MemoryError:
        told = {"what": "the file needs too much memory to be read", "remedy": "Give a smaller one."}
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
