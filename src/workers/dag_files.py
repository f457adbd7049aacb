"""Importing one DAG file as Airflow does, and saying what is wrong with it."""

import importlib.machinery
import linecache
import os
import sys
import time
import traceback
import warnings

import airflow_api

WORKERS = os.path.dirname(os.path.abspath(__file__))


class DagFile:
    """What one file holds: dags by id, the line of each, an error or None, warnings, and why it was skipped."""

    def __init__(self, path):
        self.path = path
        self.dags = {}
        self.lines = {}
        self.error = None
        self.warnings = []
        self.skipped = None
        self.duration_ms = 0

    def as_event(self):
        dags = [
            {"dag_id": dag_id, "line": self.lines.get(dag_id), "tasks": len(dag.tasks), "tags": sorted(dag.tags or [])}
            for dag_id, dag in sorted(self.dags.items())
        ]
        return {
            "file": self.path,
            "duration_ms": self.duration_ms,
            "skipped": self.skipped,
            "dags": dags,
            "error": self.error,
            "warnings": self.warnings,
        }


def load(path, folder):
    """Import the file with Airflow's own loader; whatever happens is in the DagFile."""
    found = DagFile(path)
    if not airflow_api.looks_like_dag_file(path):
        found.skipped = "safe_mode"
        return found
    started = time.monotonic()
    with _Watch(path) as watch:
        try:
            bag = airflow_api.new_dag_bag(folder)
            bag.process_file(path, only_if_updated=False)
            found.dags = dict(bag.dags)
            text = next(iter(bag.import_errors.values()), None)
        except BaseException as error:  # Airflow 2 lets sys.exit() through
            watch.error = watch.error or error
            text = None
    found.duration_ms = round((time.monotonic() - started) * 1000)
    found.lines = {dag_id: lines[0] for dag_id, lines in watch.creations.items()}
    found.warnings = [warning for warning in watch.warnings if warning["file"] == path or warning["file"].startswith(folder + os.sep)]
    if watch.error is not None:
        found.error = _describe_import_error(watch.error, found.duration_ms)
    elif text is not None:
        found.error = _describe_text(text, path, found.lines)
    else:
        found.error = _duplicate(found, watch.creations)
    return found


def check_serializable(found):
    """Airflow stores DAGs as JSON; a value that does not survive that breaks the scheduler, not the import."""
    for dag_id, dag in found.dags.items():
        try:
            airflow_api.serialize(dag)
        except Exception as error:
            found.error = describe_error(error, f"DAG '{dag_id}' cannot be serialised: {error}")
            return


class _Watch:
    """Sees, while a file is imported, the exception that Airflow would keep only as text, the warnings, and where DAGs are made."""

    def __init__(self, path):
        self._path = path
        self.error = None
        self.warnings = []
        self.creations = {}

    def __enter__(self):
        self._loader = importlib.machinery.SourceFileLoader
        importlib.machinery.SourceFileLoader = self._recording_loader()
        self._inits = [(cls, cls.__init__) for cls in airflow_api.dag_classes()]
        for cls, init in self._inits:
            cls.__init__ = self._recording_init(init)
        self._catcher = warnings.catch_warnings()
        self._catcher.__enter__()
        warnings.simplefilter("default")
        warnings.showwarning = self._record_warning
        return self

    def __exit__(self, *_):
        self._catcher.__exit__(None, None, None)
        for cls, init in self._inits:
            cls.__init__ = init
        importlib.machinery.SourceFileLoader = self._loader

    def _recording_loader(self):
        watch = self

        class Loader(self._loader):
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
            line = self._line_in_file(sys._getframe(1))
            if line is not None:
                self.creations.setdefault(dag.dag_id, []).append(line)

        return recording

    def _line_in_file(self, frame):
        while frame is not None and frame.f_code.co_filename != self._path:
            frame = frame.f_back
        return frame.f_lineno if frame is not None else None

    def _record_warning(self, message, category, filename, lineno, *_):
        warning = {"file": filename, "line": lineno, "message": f"{category.__name__}: {message}"}
        if warning not in self.warnings:
            self.warnings.append(warning)


def _duplicate(found, creations):
    for dag_id, lines in creations.items():
        if len(lines) > 1 and dag_id in found.dags:
            places = " and ".join(f"line {line}" for line in lines)
            message = f"the DAG id '{dag_id}' is defined {len(lines)} times in this file ({places}); Airflow keeps one of them silently"
            frames = [_frame(found.path, line, "<module>") for line in lines]
            return {"type": "DuplicateDagId", "message": message, "frames": frames, "text": f"DuplicateDagId: {message}"}
    return None


def describe_error(error, message=None):
    """An exception as the `error` of docs/PROTOCOL.md."""
    if isinstance(error.__context__, SystemExit):
        error = error.__context__
    if isinstance(error, SystemExit):
        message = message or f"sys.exit({error.code!r}) was called"
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return {
        "type": type(error).__name__,
        "message": message or airflow_api.explain(error) or str(error) or repr(error),
        "frames": _frames(error),
        "text": text,
    }


def _frames(error):
    frames = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if os.path.dirname(file) != WORKERS and not file.startswith("<frozen "):
            frames.append(_frame(file, line, frame.f_code.co_name))
    if isinstance(error, SyntaxError) and error.filename:
        frames.append({"file": error.filename, "line": error.lineno, "function": "<module>", "source": (error.text or "").strip()})
    return frames


def _frame(file, line, function):
    return {"file": file, "line": line, "function": function, "source": linecache.getline(file, line).strip()}


def _describe_import_error(error, duration_ms):
    described = describe_error(error)
    if described["type"] == "AirflowTaskTimeout":
        described.update(type="ImportTimeout", message=f"the import did not end within {duration_ms / 1000:.0f} s")
    return described


def _describe_text(text, path, lines):
    """Airflow keeps an error that it finds after the import (a cycle, a bad schedule) as "Type: message"."""
    last = text.strip().splitlines()[-1]
    kind, separator, message = last.partition(": ")
    if not separator:
        kind, message = "ImportError", last
    frames = [_frame(path, line, "<module>") for dag_id, line in lines.items() if len(lines) == 1 or dag_id in message]
    return {"type": kind, "message": message, "frames": frames, "text": text}


def process_error(kind, message):
    """An error of the process that imported or ran something, which no exception tells about."""
    return {"type": kind, "message": message, "frames": [], "text": f"{kind}: {message}"}
