"""The one door to dbt: takes the lock, writes the sandbox profile, runs dbt in this process, publishes. Contract: docs/PROTOCOL.md."""
import fcntl
import gc
import json
import logging
import os
import re
import signal
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True  # the installed workers may belong to root
from dbt_warehouse import EXIT_BUSY, EXIT_ERROR, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, Stop  # noqa: E402
from dbt_warehouse import make_views, publish, published_names, write_profile  # noqa: E402
from dbt_command_line import drop_replaced, find_command, own_flags, parse_flags  # noqa: E402
from dbt_events import Events, cancel_only_open_connections  # noqa: E402
from host_process import end_with, lasting_imports  # noqa: E402
import dbt_warm  # noqa: E402
import warm_command  # noqa: E402
sys.dont_write_bytecode = False
# dbt imports every module called dbt_* that it finds as a plugin: ours, and any dags/dbt_*.py that Airflow left on PYTHONPATH
FOREIGN = {os.path.abspath(path) for path in [sys.path[0]] + os.environ.pop("PYTHONPATH", "").split(os.pathsep) if path}
sys.path[:] = [path for path in sys.path if os.path.abspath(path) not in FOREIGN]

NO_LOCK = ("init", "deps", "docs serve")  # they open neither the warehouse nor the parse state; `docs serve` never ends
NO_MANIFEST = ("ls", "list", "parse", "clean", "debug")
USES_MANIFEST = ("ls", "list", "parse")
BUILDS = ("build", "run", "snapshot", "retry")


def say(message):
    print("devbox: " + message, file=sys.stderr, flush=True)


# --- the lock -------------------------------------------------------------------------------------------------------------

def take_lock(path, timeout_ms, what):
    """Returns the open file that holds the lock until this process ends: a .duckdb file admits one process."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    handle = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    deadline, told = time.monotonic() + timeout_ms / 1000, False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            handle.seek(0)
            pid, _, doing = handle.read().strip().partition(" ")
            holder = "process %s (%s)" % (pid, doing or "dbt") if pid else "another process"
            if time.monotonic() >= deadline:
                raise Stop(EXIT_BUSY, "dbt is busy: %s holds %s, waited %.0f s. Wait until it ends%s." % (
                    holder, path, timeout_ms / 1000, ", or stop it: kill " + pid if pid else ""))
            if not told:
                say("waiting up to %.0f s for %s to finish with dbt" % (timeout_ms / 1000, holder))
                told = True
            time.sleep(0.05)
    handle.seek(0)
    handle.truncate()
    handle.write("%d %s\n" % (os.getpid(), what))
    handle.flush()
    return handle


# --- the run --------------------------------------------------------------------------------------------------------------

def invoke(argv, **runner):
    from dbt.cli.main import dbtRunner
    from dbt.cli.exceptions import DbtUsageException
    outcome = dbtRunner(**runner).invoke(argv)
    if isinstance(outcome.exception, DbtUsageException):  # dbt itself prints all others
        print(outcome.exception, file=sys.stderr)
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception
    if outcome.exception:
        if "dbt deps" in str(outcome.exception):
            say("install the project's packages: devbox dbt deps")
        missing = re.search(r"Env var required but not provided: '([^']*)'", str(outcome.exception))
        if missing:
            say("the project reads the environment variable %s, which is not set here: put %s=... into .env" % (missing.group(1), missing.group(1)))
        raise Stop(EXIT_ERROR, str(outcome.exception), is_told=True)
    return outcome


def skip_seeds(name, argv, manifest, provided):
    """Adds what keeps dbt from loading the seeds that the sandbox provides; returns None when nothing is left to do."""
    if name not in ("build", "seed") or not provided:
        return argv
    if name == "seed":
        say("%s: loaded by devbox into the sandbox (devbox db seed), dbt seed leaves them alone" % ", ".join(sorted(node.name for node in provided)))
    if len(provided) == sum(node.resource_type == "seed" for node in manifest.nodes.values()):
        return None if name == "seed" else argv + ["--exclude-resource-type", "seed"]
    return argv + ["--exclude"] + ["fqn:" + ".".join(node.fqn) for node in provided]


def parse_words(context, arguments):
    from dbt.cli.main import cli
    return ["parse", "--no-write-json"] + own_flags(context, cli.commands["parse"], "parse") + parse_flags(arguments)


def tell_parsed(context, truth, parse):
    from dbt.cli.main import cli
    dbt_warm.tell(context, truth, parse, own_flags(context, cli.commands["ls"], "ls"))


def run_plain(context, name, full, arguments, events):
    """Runs a command that needs no views; a manifest that is known spares it the parsing."""
    parse = parse_words(context, arguments)
    truth = dbt_warm.find_truth(context, parse) if name in USES_MANIFEST else None
    manifest = dbt_warm.recall(context, truth)
    outcome = invoke(full, manifest=manifest)
    if name in USES_MANIFEST:
        events.tell_host(manifest is not None)
    if name == "parse" and manifest:  # dbt writes only what it has parsed
        dbt_warm.write_known_once(context, truth)(manifest, os.path.join(context["state_dir"], "target"))
    elif name == "parse" and outcome.success:
        tell_parsed(context, truth, parse)
    return EXIT_OK if outcome.success else EXIT_FAILED


def find_manifest(context, parse):
    """Returns (the project's manifest, what it is true for): from the process that has it, else parsed."""
    truth = dbt_warm.find_truth(context, parse)
    known = dbt_warm.recall(context, truth)
    if known:
        return known, truth, True
    dbt_warm.lend(context, truth)
    manifest = invoke(parse).result
    tell_parsed(context, truth, parse)
    return manifest, truth, False


def run_command(context, name, arguments, parse, events):
    """Runs one dbt command that needs the project's manifest; returns the exit code."""
    events.manifest, truth, is_known = find_manifest(context, parse)
    events.tell_host(is_known)
    manifest = events.manifest
    dbt_warm.write_known_once(context, truth)
    events.counts_rows = name in BUILDS + ("seed",)
    provided, tables = make_views(context, manifest)
    arguments = skip_seeds(name, arguments, manifest, provided)
    if arguments is None:
        return EXIT_OK
    cancel_only_open_connections()
    outcome = invoke(arguments, manifest=manifest, callbacks=[events.on_dbt_event])
    results = [result for result in getattr(outcome.result, "results", None) or [] if getattr(result, "node", None) is not None]
    for result in results:  # those that dbt ended without an event
        events.node(result.node.unique_id, result.status, result.message, result.execution_time, getattr(result, "failures", 0))
    if name not in BUILDS or not context.get("publish", True):
        return EXIT_OK if outcome.success else EXIT_FAILED
    built = {result.node.unique_id for result in results if str(result.status) == "success"}
    problems = publish(context, {table: manifest.nodes[key] for key, table in published_names(manifest, tables).items() if key in built})
    for problem in problems:
        say(problem)
    return EXIT_OK if outcome.success and not problems else EXIT_FAILED


def run(context, arguments, events):
    arguments, dropped = drop_replaced(arguments)
    if dropped:
        say("%s replaced: dbt always works on the local sandbox here" % ", ".join(sorted(set(dropped))))
    from dbt.cli.main import cli
    write_json_at_once()
    name, behind, command = find_command(arguments, cli)
    if not command or {"-h", "--help"} & set(arguments):
        return EXIT_OK if invoke(arguments).success else EXIT_FAILED
    os.makedirs(context["state_dir"], exist_ok=True)
    os.makedirs(os.path.dirname(context["warehouse"]), exist_ok=True)
    lock = None if name in NO_LOCK else take_lock(context["lock"], context.get("lock_timeout_ms", 60000), "dbt " + name)
    write_profile(context)
    own = own_flags(context, command, name)
    full = arguments[:behind] + own + arguments[behind:]
    if name in NO_LOCK + NO_MANIFEST:
        code = run_plain(context, name, full, arguments, events)
    else:
        code = run_command(context, name, full, parse_words(context, arguments), events)
    if lock:
        if dbt_warm.is_on():
            dbt_warm.close_databases()  # what its log holds goes into the warehouse, as at the end of a plain process
        lock.close()
    return code


def interrupt_once(events):
    """Ctrl-C lets dbt cancel its queries; dbt waits for ever for one that had not quite started, so after 5 s the process just ends."""
    def end():
        events.write({"event": "done", "state": "error", "duration_ms": 0, "message": "interrupted"})
        os._exit(EXIT_INTERRUPTED)  # DuckDB and SQLite roll back what was not committed

    def handle(_signal, _frame):
        signal.signal(signal.SIGINT, lambda *_: end())
        guard = threading.Timer(5, end)
        guard.daemon = True
        guard.start()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handle)


def settle():
    """What holds for every process that runs dbt, with a command or before there is one."""
    os.umask(0o077)
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    logging.raiseExceptions = False  # `devbox dbt build | head` must not end in a traceback per line
    gc.set_threshold(100000, 50, 100)  # parsing makes a million objects that stay; the default collector walks them again and again


def write_json_at_once():
    """json.dump() goes through the whole manifest in Python, piece by piece; in one piece the same text comes from C, ten times faster."""
    from dbt_common.utils.encoding import JSONEncoder
    in_pieces = JSONEncoder.iterencode
    JSONEncoder.iterencode = lambda self, value, _one_shot=False: in_pieces(self, value, _one_shot=True)


def main(argv):
    if len(argv) < 3 or argv[0] != "--context" or argv[2] != "--":
        print("usage: dbt_run.py --context CONTEXT.json -- DBT_ARGS… | serve LISTENER SOCKET", file=sys.stderr)
        return EXIT_ERROR
    with open(argv[1]) as file:
        context = json.load(file)
    if context.get("attended"):
        end_with(0)  # a build that nobody watches any more must not hold the lock
    settle()
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        os.environ["DBT_USE_COLORS"] = "false"  # a variable, because dbt refuses a flag that comes both before and after the command
    started, events, message = time.monotonic(), Events(context), None
    interrupt_once(events)
    try:
        code = run(context, argv[3:], events)
    except Stop as stop:
        code, message = stop.code, str(stop)
        if not stop.is_told:
            say(message)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt):  # DuckDB wraps it
            code, message = EXIT_INTERRUPTED, "interrupted"
        else:
            code, message = EXIT_ERROR, "%s: %s" % (type(error).__name__, error)
            traceback.print_exc()
    events.tell_host()
    events.write({"event": "done", "state": {EXIT_OK: "success", EXIT_FAILED: "failed"}.get(code, "error"),
                  "duration_ms": int((time.monotonic() - started) * 1000), "message": message})
    return code


def import_dbt():
    settle()
    with lasting_imports():
        import dbt.adapters.duckdb  # noqa: F401
        import dbt.cli.main  # noqa: F401
        import dbt.task.build  # noqa: F401
        import dbt.task.retry  # noqa: F401


def end(exit_code):
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if warm_command.mode != "cold":
        dbt_warm.release()
        warm_command.finish(exit_code)
    sys.exit(exit_code)


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["serve"]:
        words = dbt_warm.serve(*words[1:], import_dbt)
    end(main(words))
