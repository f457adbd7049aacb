"""Importing one DAG file as Airflow does, and saying what is wrong with it."""

import linecache
import os
import time
import traceback

import airflow_api
import dag_findings
import user_limits
from import_watch import ImportWatch

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
    try:
        found.skipped = None if airflow_api.looks_like_dag_file(path) else "safe_mode"
    except OSError as error:
        found.error = describe_error(error)
    if found.skipped or found.error:
        return found
    started = time.monotonic()
    with ImportWatch(path, folder) as watch:
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
    if watch.error is not None:
        found.error = _describe_import_error(watch.error, found.duration_ms)
    elif text is not None:
        found.error = _describe_text(text, path, found.lines)
        _name_cycle(found.error, watch.dags)
    else:
        found.error = _duplicate(found, watch.creations)
    # What broke the import is told by the error.
    told = ("variable-at-import", "connection-at-import", "slow-file") if found.error else ()
    found.warnings = [warning for warning in watch.warnings if warning["code"] not in told and _is_below(warning["file"], folder)]
    if found.error is None:
        found.warnings += _lost_dags(found, watch.creations)
    return found


def _lost_dags(found, creations):
    """Airflow looks at the names of the module only: what a loop overwrites, or nobody assigns, is not there."""
    return [
        {"code": "lost-dag", "file": found.path, "line": lines[0], "message": f"makes the DAG {dag_id}, which no name of the module keeps: Airflow does not see it"}
        for dag_id, lines in creations.items()
        if dag_id not in found.dags
    ]


def _is_below(path, folder):
    return path.startswith(folder.rstrip("/") + "/")


def check_serializable(found):
    """Airflow stores DAGs as JSON; a value that does not survive that breaks the scheduler, not the import."""
    for dag_id, dag in found.dags.items():
        try:
            airflow_api.serialize(dag)
        except Exception as error:
            found.error = describe_error(error, f"DAG '{dag_id}' cannot be serialised: {error}")
            return


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
    if isinstance(error, MemoryError):
        message = message or user_limits.explain_memory(error)
    text = "".join(_without_own_frames(traceback.TracebackException.from_exception(error)).format())
    return {
        "type": type(error).__name__,
        "message": message or airflow_api.explain(error) or str(error) or repr(error),
        "frames": _frames(error),
        "text": text,
    }


def _without_own_frames(described):
    """This host stands between the user's import statements."""
    described.stack = traceback.StackSummary.from_list([frame for frame in described.stack if os.path.dirname(frame.filename) != WORKERS])
    for related in filter(None, (described.__cause__, described.__context__)):
        _without_own_frames(related)
    return described


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


def check_dags(found, database):
    """What a run or a scheduler would stumble over; `database` is the metadata database."""
    check_serializable(found)
    for dag_id, dag in found.dags.items():
        if found.error is None:
            _check_templates(found, dag)
        found.warnings += pool_warnings(found, dag, database)


def pool_warnings(found, dag, database):
    """Nothing but a scheduler looks at pools: a run without one works."""
    return [
        {
            "code": "unknown-pool",
            "file": found.path,
            "line": found.lines.get(dag.dag_id),
            "task": task_id,
            "pool": pool,
            "message": f"the task {task_id} waits for the pool {pool}, which does not exist",
        }
        for task_id, pool in dag_findings.unknown_pools(dag, database)
    ]


def _check_templates(found, dag):
    errors = dag_findings.template_errors(dag)
    if not errors:
        return
    task_id, field, error = errors[0]
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    kind = type(error).__name__
    message = f"{field} of the task {task_id}: {error}{others}"
    if kind == "TemplateNotFound":
        message = f"{field} of the task {task_id} names a file that is not there: {error}{others}"
    found.error = process_error(kind, message)
    found.error.update(task=task_id, line=found.lines.get(dag.dag_id))


def _name_cycle(error, dags):
    """Airflow names one task of a cycle; its way through the others is what one looks for."""
    for dag_id, dag in dags.items() if error["type"] == "AirflowDagCycleException" else ():
        cycle = dag_findings.find_cycle(dag)
        if cycle:
            error["message"] = f"the tasks of DAG {dag_id} wait for one another: {' → '.join(cycle)}"
            return


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
