"""A dbt that was imported once, with the manifests that it found last, for runs that are forked from it (warm_server.py).

No database is ever open here: DuckDB's threads and locks do not survive a fork."""
import gc
import hashlib
import importlib
import json
import multiprocessing.util
import os
import sys
import time
from collections import namedtuple
from multiprocessing import resource_tracker

import dbt_truth
import warm_command
import warm_server

MOST_MANIFESTS = 2  # the sandbox's and that of tests
MOST_NEWS = 4000    # a pipe takes that much as a whole
MOST_EDITED = 3     # files
MANIFEST_MARK, PASSING_MARK = "manifest.truth", "passing.truth"
# What dbt checks against a schema that it makes at the first use, when a model or a test is parsed or has run.
CHECKED = {"dbt.artifacts.resources.v1.model": ("ModelConfig",), "dbt.artifacts.resources.v1.components": ("Contract",),
           "dbt.artifacts.resources.v1.config": ("TestConfig",), "dbt.contracts.graph.nodes": ("ModelNode", "GenericTestNode"),
           "dbt.contracts.graph.unparsed": ("UnparsedModelUpdate",), "dbt.task.test": ("TestResultData",)}

Known = namedtuple("Known", "truth manifest digest as_read")  # digest: of the file it is from; as_read: its attributes before anything used it

_known = {}          # state folder → Known, the latest last
_news = None         # a pipe on which forks say what they found
_is_passing = False  # what this process has parsed is not kept
_is_warm = False     # the first manifest has been tried out


def serve(listener, path, import_dbt):
    """Returns in each fork the words of its command."""
    global _news
    import_dbt()
    close_databases()
    resource_tracker.ensure_running()  # else each fork would start one of its own, with its own stderr
    _news = os.pipe()
    os.set_blocking(_news[0], False)
    words = warm_server.WarmServer(int(listener), path, learn).serve()
    if words is None:
        release()
        warm_command.finish(0)
    return words


def close_databases():
    """`import duckdb` opens a database in memory, for itself alone."""
    import duckdb
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    DuckDBConnectionManager.close_all_connections()
    duckdb.close()


# --- in the process that waits --------------------------------------------------------------------------------------------

def learn():
    """Called when nothing runs: takes over what forks have parsed. True: call again after the next command."""
    try:
        lines = os.read(_news[0], 1 << 20).split(b"\n")
    except BlockingIOError:
        return True
    latest = {}
    for line in filter(None, lines):
        found = json.loads(line)
        latest[found["state_dir"]] = found
    for found in latest.values():
        try:
            take_over(found)
        except Exception as error:  # the next run just parses for itself
            _known.pop(found["state_dir"], None)
            print("the manifest of %s is not kept: %r" % (found["state_dir"], error), flush=True)
    return True


def take_over(found):
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder
    started = time.monotonic()
    with open(found["parsed"], "rb") as file:
        data = file.read()
    if digest_of(data) != found["digest"]:
        return
    gc.disable()  # a million objects that stay
    try:
        manifest = Manifest.from_msgpack(data, decoder=extended_mashumuro_decoder)
        as_read = dict(vars(manifest))
        manifest.build_parent_and_child_maps()
        manifest.build_flat_graph()
        _known.pop(found["state_dir"], None)
        while len(_known) >= MOST_MANIFESTS:
            del _known[next(iter(_known))]
        _known[found["state_dir"]] = Known(found["truth"], manifest, found["digest"], as_read)
        warm_up(manifest, found)
    finally:
        gc.enable()
    print("%s: manifest after %.2f s" % (found["state_dir"], time.monotonic() - started), flush=True)


def make_schemas():
    for module, names in CHECKED.items():
        for name in names:
            try:
                getattr(importlib.import_module(module), name).json_schema()
            except (ImportError, AttributeError):  # another dbt has it elsewhere, and makes it when it needs it
                continue


def warm_up(manifest, found):
    """A throw-away `ls`, which opens no database: dbt compiles its serialisers and schemas on first use, 0.5 s in each fork otherwise."""
    global _is_warm
    if _is_warm:
        return
    _is_warm = True
    make_schemas()
    from dbt.cli.main import dbtRunner
    kept, silence = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    try:
        dbtRunner(manifest=manifest).invoke(["--quiet", "--log-level-file", "none", "ls", "--output", "json"] + found["flags"])
        manifest.writable_manifest().to_dict(omit_none=False)
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(silence)
        close_databases()


# --- in the process of a command ------------------------------------------------------------------------------------------

def is_on():
    return warm_command.mode == "warm"


def find_truth(context, parse):
    return dbt_truth.find_truth(context, parse) if is_on() else None


def recall(context, truth):
    """The manifest of exactly this state of the project, None when there is none."""
    known = _known.get(context["state_dir"])
    return known.manifest if truth and known and known.truth == truth else None


def lend(context, truth):
    """A parse begins from the manifest of the last one. Where that is known, it need not be read again."""
    known = _known.get(context["state_dir"])
    if known is None or known.digest != digest_of_file(parsed_path(context)):
        return
    from dbt.contracts.graph.manifest import Manifest
    vars(known.manifest).update(known.as_read)  # without what was looked up in it since
    Manifest.from_msgpack = staticmethod(lambda *_, **__: known.manifest)
    keep_if_worth(os.path.join(context["state_dir"], "target", PASSING_MARK), truth)


def keep_if_worth(mark, truth):
    """To keep what was parsed takes longer than to parse a few edited files, and the next run most often follows on the next edit: those
    are parsed each time, until a state of the project is met again."""
    from dbt.parser.manifest import ManifestLoader
    write = ManifestLoader.write_manifest_for_partial_parse

    def write_if_worth(loader):
        global _is_passing
        _is_passing = bool(truth) and has_few_edits(loader) and read_text(mark) != truth
        if not _is_passing:
            write(loader)
        with open(mark, "w") as file:
            file.write(truth if _is_passing else "")

    ManifestLoader.write_manifest_for_partial_parse = write_if_worth


def has_few_edits(loader):
    if not loader.partially_parsing:
        return False
    return sum(len(files) for change, files in loader.partial_parser.file_diff.items() if change != "unchanged") <= MOST_EDITED


def tell(context, truth, parse, flags):
    """Has the process that waits take over what this one has just parsed, if nothing changed meanwhile."""
    if _is_passing or not truth or truth != find_truth(context, parse):
        return
    parsed = parsed_path(context)
    digest = digest_of_file(parsed)
    if not digest:
        return
    line = json.dumps({"state_dir": context["state_dir"], "truth": truth, "parsed": parsed, "digest": digest, "flags": flags}).encode() + b"\n"
    if len(line) <= MOST_NEWS:
        os.write(_news[1], line)


def release():
    """dbt's locks are semaphores with a name, which only the end of Python would remove."""
    multiprocessing.util._run_finalizers()


def parsed_path(context):
    return os.path.join(context["state_dir"], "target", "partial_parse.msgpack")


def digest_of_file(path):
    try:
        with open(path, "rb") as file:
            return digest_of(file.read())
    except OSError:
        return None


def digest_of(data):
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def write_known_once(context, truth):
    """While tests run on one state of a project its manifest.json stays as it is: writing it takes longer than a model. Nor does anybody
    look at the drawing of its graph."""
    from dbt import compilation
    from dbt.task import runnable
    folder, write = os.path.join(context["state_dir"], "target"), runnable.write_manifest
    mark, file = os.path.join(folder, MANIFEST_MARK), os.path.join(folder, "manifest.json")

    def write_unless_known(manifest, target_path):
        if read_text(mark) == stamp_of(file, truth):
            return
        write(manifest, target_path)
        with open(mark, "w") as output:
            output.write(stamp_of(file, truth))

    if truth and not context.get("publish", True):
        runnable.write_manifest = write_unless_known
        compilation.Compiler.write_graph_file = lambda *_: None
    return runnable.write_manifest


def stamp_of(file, truth):
    return "%s %d" % (truth, os.stat(file).st_mtime_ns) if os.path.exists(file) else None


def read_text(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
