"""How the private server is tuned: one small machine, much reading, no lost commit."""

import os
import shutil
from pathlib import Path

_MIB = 2**20
_SHARED_MEMORY_NEEDED_MB = 512  # parallel hash joins of the imports; containers often give 64


def render(port: int, socket_folder: Path, *, lz4: bool) -> str:
    """The settings file that is written anew at every start; `lz4` says that the server has it."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MIB
    values = {
        "listen_addresses": "'127.0.0.1'",
        "port": str(port),
        "unix_socket_directories": f"'{socket_folder}'",
        "max_connections": "100",
        "shared_buffers": f"{min(max(memory_mb // 8, 128), 2048)}MB",
        "effective_cache_size": f"{max(memory_mb // 2, 256)}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": f"{min(max(memory_mb // 32, 64), 512)}MB",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "32",
        # Compiling a query costs more than the short ones here take.
        "jit": "off",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        # What changes many rows writes whole pages; on 7 KB of customers PostgreSQL's own method
        # took eight times as long as LZ4.
        "wal_compression": "lz4" if lz4 else "on",
        # Spelt out: what was committed survives any kill.
        "fsync": "on",
        "synchronous_commit": "on",
        # Tiles are answered from the index alone, so the visibility map is kept fresh.
        "autovacuum_vacuum_insert_scale_factor": "0.05",
        "autovacuum_naptime": "20s",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_line_prefix": "'%m [%p] %a '",
        "log_min_messages": "warning",
        "dynamic_shared_memory_type": _shared_memory_type(),
    }
    return "# Written by GeoCRM at every start.\n" + "".join(
        f"{name} = {value}\n" for name, value in values.items()
    )


def locale_options(major: int) -> list[str]:
    """Text sorts by code point, whatever the machine and the version of its C library."""
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def _shared_memory_type() -> str:
    """`posix`, or files in the cluster's folder where /dev/shm is too small."""
    try:
        free_mb = shutil.disk_usage("/dev/shm").free // _MIB  # noqa: S108
    except OSError:
        return "mmap"
    return "posix" if free_mb >= _SHARED_MEMORY_NEEDED_MB else "mmap"
