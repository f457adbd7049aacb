"""Which of the user's files a DAG file depends on: what it and its helpers import, read, and list while it is checked."""

import builtins
import contextlib
import importlib
import importlib.util
import os
import sys

from audit_events import listening

WORKERS = os.path.dirname(os.path.abspath(__file__))
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

# file → what it used itself. It outlives one check: a module that another file imported before is not read again.
_uses = {}


class FileUses:
    """Lasts for the check of one DAG file; `folders` hold the files of interest."""

    def __init__(self, path, folders):
        self.path = path
        self._prefixes = tuple(os.path.join(folder, "") for folder in folders)
        self._undo = contextlib.ExitStack()

    def __enter__(self):
        _uses[self.path] = set()
        if self._prefixes:
            self._replace(builtins, "__import__", self._recording_import(builtins.__import__))
            self._replace(importlib, "import_module", self._recording_import_module(importlib.import_module))
            self._undo.enter_context(listening(self._saw, "open", "os.listdir", "os.scandir"))
        return self

    def __exit__(self, *_):
        self._undo.close()

    def _replace(self, owner, name, value):
        self._undo.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)

    def as_event(self):
        """All that the file depends on, without itself; a folder stands for the list of its files."""
        return {"uses": self._files()} if self._prefixes else {}

    def _files(self):
        found, waiting = set(), [self.path]
        while waiting:
            new = _uses.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return sorted(found - {self.path})

    def _recording_import(self, load):
        def recording(name, globals=None, locals=None, fromlist=(), level=0):
            module = load(name, globals, locals, fromlist, level)
            user = self._file_of(_caller(sys._getframe(1)))
            if user is not None:
                absolute = importlib.util.resolve_name("." * level + name, (globals or {}).get("__package__")) if level else name
                self._add_modules(user, absolute, fromlist)
            return module

        return recording

    def _recording_import_module(self, load):
        def recording(name, package=None):
            module = load(name, package)
            user = self._file_of(_caller(sys._getframe(1)))
            if user is not None:
                self._add_modules(user, module.__name__, ())
            return module

        return recording

    def _add_modules(self, user, name, fromlist):
        parts = name.split(".")
        names = [".".join(parts[: count + 1]) for count in range(len(parts))] + [f"{name}.{item}" for item in fromlist or ()]
        for module in names:
            file = getattr(sys.modules.get(module), "__file__", None)
            if file and self._is_ours(file):
                _uses.setdefault(user, set()).add(file)

    def _saw(self, event, arguments):
        is_list = event != "open"
        if not is_list and (arguments[2] or 0) & WRITING:
            return
        place = "." if arguments[0] is None else arguments[0]
        # A descriptor was opened by its name before.
        if not isinstance(place, (str, bytes, os.PathLike)):
            return
        path = os.path.abspath(os.fsdecode(place))
        if not self._is_ours(os.path.join(path, "")) or "__pycache__" in path:
            return
        frame = sys._getframe(2)
        # Python itself lists folders and reads modules; only what asked for them is known then.
        if is_list and "importlib" in frame.f_code.co_filename:
            return
        while frame is not None and self._file_of(frame) is None:
            frame = frame.f_back
        user = self._file_of(frame)
        if user is None and (is_list or path.endswith(".py")):
            return
        _uses.setdefault(user or self.path, set()).add(path)

    def _file_of(self, frame):
        """The user's file that this frame is in, or None."""
        file = frame.f_code.co_filename if frame is not None else ""
        return file if self._is_ours(file) else None

    def _is_ours(self, path):
        return path.startswith(self._prefixes)


def _caller(frame):
    """Who imports: another watch of this host may stand between."""
    while frame is not None and os.path.dirname(frame.f_code.co_filename) == WORKERS:
        frame = frame.f_back
    return frame
