"""What is wrong with DAGs that did import: cycles, templates that cannot be rendered, pools that nobody made."""

import functools
import os
import sqlite3
from contextlib import closing, suppress

import jinja2

DEFAULT_POOL = "default_pool"  # Airflow makes it itself and lets nobody remove it


def find_cycle(dag):
    """Task ids along a cycle, the first one again at the end; [] when there is none."""
    done = set()
    for start in dag.task_ids:
        path, waiting = [], [iter([start])]
        while waiting:
            task_id = next(waiting[-1], None)
            if task_id is None:
                waiting.pop()
                if path:
                    done.add(path.pop())
            elif task_id in path:
                return path[path.index(task_id) :] + [task_id]
            elif task_id not in done:
                path.append(task_id)
                waiting.append(iter(sorted(dag.get_task(task_id).downstream_task_ids)))
    return []


def template_errors(dag):
    """(task id, field, exception) for every templated field that Jinja cannot read or whose file is not there."""
    environment = None
    found = []
    for task in dag.tasks:
        endings = tuple(getattr(task, "template_ext", None) or ())
        for field in task.template_fields or ():
            for text in _strings(_field(task, field)):
                if "{" not in text and not (endings and text.endswith(endings)):
                    continue
                environment = environment or dag.get_template_env()
                error = _template_error(environment, text, endings)
                if error is not None:
                    found.append((task.task_id, field, error))
    return found


def _template_error(environment, text, endings):
    try:
        if endings and text.endswith(endings):
            environment.get_template(text)
        else:
            environment.from_string(text)
    except jinja2.TemplateError as error:
        return error
    return None


def _field(task, name):
    """A mapped task keeps what is the same for all of them apart."""
    return task.partial_kwargs.get(name) if hasattr(task, "partial_kwargs") else getattr(task, name, None)


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, (list, tuple, set)):
        for part in value:
            yield from _strings(part)


def unknown_pools(dag, database):
    """(task id, pool) for every task that waits for a pool that the metadata database does not have: Airflow would never start it."""
    named = [(task.task_id, task.pool) for task in dag.tasks if task.pool != DEFAULT_POOL]
    # SQLite first reads what all of Airflow's tables are like, which takes longer than to import most files.
    pools = _read_pools(database) if named else None
    return [(task_id, pool) for task_id, pool in named if pools is not None and pool not in pools]


@functools.lru_cache(maxsize=1)
def _read_pools(database):
    """None when there is no such file, or a DAG file left it in a state that cannot be read."""
    if not os.path.exists(database):
        return None
    with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
        return {row[0] for row in connection.execute("SELECT pool FROM slot_pool")}
    return None
