"""What a test may not use up: the memory of the machine, and the disk that its logs are on."""

import contextlib
import os
import resource
import sys

# Of what is free; the system becomes slow long before the last of it is taken.
USABLE_SHARE = 0.8
CGROUP = "/sys/fs/cgroup/"
# Of a container, as the two versions of cgroups tell them: limit, use, and what of it the kernel gives back.
CGROUP_FILES = (
    ("memory.max", "memory.current", "memory.stat", b"inactive_file "),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", b"total_inactive_file "),
)
TABLE_BYTES = 1 << 16
LOG_LIMIT = 64 << 20
LOG_HEAD = LOG_TAIL = 1 << 20
MOST_CHUNKS = 8

_memory_limit = None


def limit_memory():
    """Have this process get a MemoryError before the system, short of memory, ends some process of its own choice."""
    global _memory_limit
    if sys.platform != "linux":
        return
    # A /proc that tells less than usual is no reason not to run a test.
    with contextlib.suppress(OSError, TypeError, ValueError):
        given = resource.getrlimit(resource.RLIMIT_DATA)
        own = _number(_content("/proc/self/status"), b"VmData:") << 10
        limits = [limit for limit in (own + max(0, int(_spare_bytes() * USABLE_SHARE)), *given) if limit >= 0]
        resource.setrlimit(resource.RLIMIT_DATA, (min(limits), given[1]))
        # What Airflow has already, much of it only reserved, says nothing to the user.
        _memory_limit = max(0, min(limits) - own)


def _spare_bytes():
    """What processes can still have here without anybody's harm."""
    table = _content("/proc/meminfo")
    spare = _number(table, b"MemAvailable:") + _number(table, b"SwapFree:") << 10
    for limit, use, table, reclaimable in CGROUP_FILES:
        with contextlib.suppress(OSError, ValueError):  # not this version, or no limit ("max")
            most = int(_content(CGROUP + limit))
            spare = min(spare, most - int(_content(CGROUP + use)) + _number(_content(CGROUP + table), reclaimable))
    return spare


def _content(path):
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, TABLE_BYTES)
    finally:
        os.close(file)


def _number(table, name):
    """What stands behind `name` at the start of a line."""
    _, found, rest = (b"\n" + table).partition(b"\n" + name)
    if not found:
        raise ValueError(f"nothing tells {name}")
    return int(rest.split(None, 1)[0])


def explain_memory(error):
    """The message of a MemoryError, which mostly has none of its own."""
    own = f"{error}; " if str(error) else ""
    if _memory_limit is None:
        return f"{own}there was no more memory"
    return f"{own}ran out of the {_memory_limit / (1 << 30):.1f} GB of memory that this test may use"


class LogWatch:
    """Keeps the log of the running task small while it is written: its beginning and its end."""

    def __init__(self):
        self._path = None
        self.cut_bytes = 0

    def follow(self, path):
        self._path, self.cut_bytes = path, 0

    def look(self):
        with contextlib.suppress(OSError):
            if self._path is not None and os.stat(self._path).st_size > LOG_LIMIT:
                self._cut()

    def _cut(self):
        """Moves the end to where the middle was. What is written meanwhile follows; only a flood outruns this."""
        file = os.open(self._path, os.O_RDWR)
        try:
            size = os.fstat(file).st_size
            self.cut_bytes += size - LOG_HEAD - LOG_TAIL
            end = LOG_HEAD + os.pwrite(file, f"\n[devbox cut out {self.cut_bytes} bytes here]\n".encode(), LOG_HEAD)
            start = size - LOG_TAIL
            for _ in range(MOST_CHUNKS):
                chunk = os.pread(file, LOG_TAIL, start)
                if not chunk:
                    break
                start += len(chunk)
                end += os.pwrite(file, chunk, end)
            os.ftruncate(file, end)
        finally:
            os.close(file)
