"""What happens while a DAG file is imported: the exception that Airflow keeps only as text, where DAGs are made, what should wait for a task."""

import builtins
import contextlib
import importlib.machinery
import sys
import time
import warnings

import airflow_api
from audit_events import listening

SLOW_IMPORT_S = 1.0
NETWORK_EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname")


class ImportWatch:
    """Lasts for the import of one file."""

    def __init__(self, path, folder):
        self._path = path
        self._folder = folder.rstrip("/") + "/"
        self.error = None
        self.dags = {}
        self.creations = {}
        self.warnings = []
        self._imports = []
        self._undo = contextlib.ExitStack()

    def __enter__(self):
        self._started = time.monotonic()
        self._replace(importlib.machinery, "SourceFileLoader", self._recording_loader())
        self._replace(builtins, "__import__", self._timing_import(builtins.__import__))
        for cls in airflow_api.dag_classes():
            self._replace(cls, "__init__", self._recording_init(cls.__init__))
        for owner, name, kind in airflow_api.setting_readers():
            self._replace(owner, name, self._recording_reader(vars(owner)[name], kind))
        self._undo.enter_context(warnings.catch_warnings())
        warnings.simplefilter("default")
        warnings.showwarning = self._record_warning
        self._undo.enter_context(listening(self._saw_network, *NETWORK_EVENTS))
        return self

    def __exit__(self, *_):
        self._undo.close()
        self._judge_duration(time.monotonic() - self._started)

    def _replace(self, owner, name, value):
        self._undo.callback(setattr, owner, name, vars(owner)[name])
        setattr(owner, name, value)

    def _recording_loader(self):
        watch = self

        class Loader(importlib.machinery.SourceFileLoader):
            def exec_module(self, module):
                try:
                    super().exec_module(module)
                except BaseException as error:
                    watch.error = error
                    raise

        return Loader

    def _recording_init(self, init):
        def recording(dag, *args, **kwargs):
            init(dag, *args, **kwargs)
            self.dags[dag.dag_id] = dag
            line = self._line_in_file(sys._getframe(1))
            if line is not None:
                self.creations.setdefault(dag.dag_id, []).append(line)

        return recording

    def _line_in_file(self, frame):
        while frame is not None and frame.f_code.co_filename != self._path:
            frame = frame.f_back
        return frame.f_lineno if frame is not None else None

    def _recording_reader(self, reader, kind):
        """Airflow's function that looks a Variable or Connection up; it can be a classmethod or staticmethod."""
        function = getattr(reader, "__func__", reader)
        wrap = type(reader) if function is not reader else lambda plain: plain

        def recording(*args, **kwargs):
            names = [word for word in (*args, *kwargs.values()) if isinstance(word, str)]
            self._add(f"{kind}-at-import", f"reads the {kind} {names[0] if names else '?'} while it is imported", sys._getframe(1))
            return function(*args, **kwargs)

        return wrap(recording)

    def _timing_import(self, load):
        def timed(name, globals=None, locals=None, fromlist=(), level=0):
            frame = sys._getframe(1)
            if not frame.f_code.co_filename.startswith(self._folder):
                return load(name, globals, locals, fromlist, level)
            started = time.monotonic()
            try:
                return load(name, globals, locals, fromlist, level)
            finally:
                seconds = time.monotonic() - started
                if seconds >= SLOW_IMPORT_S / 4:
                    self._imports.append((seconds, "." * level + name, frame.f_code.co_filename, frame.f_lineno))

        return timed

    def _judge_duration(self, total_s):
        """The guilty import is the innermost one of the user's files that took half of the time: those inside end first."""
        if total_s < SLOW_IMPORT_S:
            return
        for seconds, name, file, line in self._imports:
            if seconds >= total_s / 2:
                text = f"importing {name} takes {seconds:.1f} s of the {total_s:.1f} s that this file takes"
                self._add_at("slow-import", text, file, line)
                return
        self._add_at("slow-file", f"takes {total_s:.1f} s to import, most of it outside of import statements", self._path, None)

    def _saw_network(self, event, arguments):
        target = arguments[1] if event == "socket.connect" else arguments[0]
        if isinstance(target, tuple):
            host, port = target[:2]
        elif event == "socket.connect":
            return  # a Unix socket
        else:
            host, port = target, arguments[1] if len(arguments) > 1 else None
        place = f"{host}:{port}" if port else str(host)
        self._add("network-at-import", f"asks the network ({place}) while it is imported", sys._getframe(2))

    def _record_warning(self, message, category, filename, lineno, *_):
        self._add_at("python-warning", f"{category.__name__}: {message}", filename, lineno)

    def _add(self, code, message, frame):
        """At the user's innermost line; what no file of the DAG folder asked for is Airflow's own."""
        while frame is not None and not frame.f_code.co_filename.startswith(self._folder):
            frame = frame.f_back
        if frame is not None:
            self._add_at(code, message, frame.f_code.co_filename, frame.f_lineno)

    def _add_at(self, code, message, file, line):
        # One line of code looks a host up and connects to it, and says more than once what is deprecated.
        is_known = any(
            (entry["code"], entry["file"], entry["line"]) == (code, file, line) and (code != "python-warning" or entry["message"] == message)
            for entry in self.warnings
        )
        if not is_known:
            self.warnings.append({"code": code, "file": file, "line": line, "message": message})
