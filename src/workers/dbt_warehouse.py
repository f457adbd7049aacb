"""What dbt_run.py does with the two databases: views over the sandbox's tables, and dbt's models published into the sandbox.

The warehouse (.duckdb) is where dbt works; the sandbox (SQLite) is what Airflow's tasks and people read. Contract: docs/PROTOCOL.md."""
import collections
import glob
import json
import os
import re
import sys
import time

import duckdb

VIEW_CASTS = {  # DuckDB's cast to TIMESTAMP drops an offset without a word, so text that carries one goes through TIMESTAMPTZ
    "date": "cast({0} as date)", "boolean": "cast({0} as boolean)",
    "timestamp": "case when regexp_matches({0}, ':.*[+-]') then cast({0} as timestamptz) at time zone 'UTC' else cast({0} as timestamp) end"}
PUBLISH_DEADLINE_S = 60
EXIT_OK, EXIT_FAILED, EXIT_ERROR, EXIT_BUSY, EXIT_INTERRUPTED = 0, 1, 2, 75, 130


class Stop(Exception):
    """Ends the run with that exit code; `is_told` when dbt has already printed the message."""

    def __init__(self, code, message, is_told=False):
        super().__init__(message)
        self.code, self.is_told = code, is_told


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def identifier_of(node):
    return getattr(node, "identifier", None) or node.alias


def relation(node):
    return (node.schema.lower(), identifier_of(node).lower())


def models_of(manifest):
    return [node for node in manifest.nodes.values() if node.resource_type in ("model", "snapshot") and node.config.materialized != "ephemeral"]


def write_if_changed(path, text):
    try:
        with open(path) as old:
            if old.read() == text:
                return
    except OSError:
        pass
    with open(path + ".new", "w") as new:
        new.write(text)
    os.replace(path + ".new", path)


def link_extension(context):
    """DuckDB looks for <directory>/v<version>/<platform>/<name>, the wheel ships <directory>/v<version>/<name>."""
    directory, name = os.path.join(context["state_dir"], "extensions"), "sqlite_scanner.duckdb_extension"
    source = context.get("extension")
    if not source:
        import duckdb_extension_sqlite_scanner as wheel
        source = os.path.join(list(wheel.__path__)[0], "extensions", "v" + duckdb.__version__, name)
    if not os.path.exists(source):
        raise Stop(EXIT_ERROR, "DuckDB %s has no SQLite extension at %s: the dbt environment is incomplete. Build it again: rm -r '%s' && devbox start" % (
            duckdb.__version__, source, sys.prefix))
    links = glob.glob(os.path.join(glob.escape(directory), "v" + duckdb.__version__, "*", name))
    if any(os.path.realpath(link) == os.path.realpath(source) for link in links):
        return directory
    with duckdb.connect() as probe:
        platform = probe.execute("pragma platform").fetchone()[0]
    link = os.path.join(directory, "v" + duckdb.__version__, platform, name)
    os.makedirs(os.path.dirname(link), exist_ok=True)
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink(source, link)
    return directory


def profile_name(project_dir):
    import yaml
    path = os.path.join(project_dir, "dbt_project.yml")
    try:
        with open(path) as file:
            name = (yaml.safe_load(file) or {}).get("profile")
    except OSError as error:
        raise Stop(EXIT_ERROR, "no dbt project: %s (%s). Set dbt.project in devbox.yaml to its folder." % (path, error.strerror))
    except (yaml.YAMLError, AttributeError):
        name = None  # dbt reports the bad file itself, with the line
    return name if isinstance(name, str) and "{{" not in name else "devbox"


def write_profile(context):
    """Writes profiles.yml (JSON is YAML). Its text must stay constant: dbt parses everything again when the profile changes."""
    # settings: would be applied after ATTACH; unsigned saves the 0.15 s signature check of an extension that came from the pinned wheel
    config = {"extension_directory": link_extension(context), "autoinstall_known_extensions": False, "allow_unsigned_extensions": True}
    name, target = profile_name(context["project_dir"]), context.get("target") or "sandbox"
    output = {"type": "duckdb", "path": context["warehouse"], "schema": "main", "threads": 4, "config_options": config,
              "external_root": os.path.join(context["state_dir"], "external"),
              "attach": [{"path": context["sandbox"], "type": "sqlite", "alias": "sandbox", "read_only": True}]}
    write_if_changed(os.path.join(context["state_dir"], "profiles.yml"),
                     json.dumps({name: {"target": target, "outputs": {target: output}}}, indent=1) + "\n")
    context.update(profile=name, target=target, config=config)


def connect(context, read_only=True):
    if not os.path.exists(context["sandbox"]):
        raise Stop(EXIT_ERROR, "the sandbox database %s does not exist yet. Make it: devbox start, or devbox db seed" % context["sandbox"])
    try:
        warehouse = duckdb.connect(context["warehouse"], config=context["config"])
    except duckdb.IOException as error:
        holder = re.search(r"PID (\d+)", str(error))
        if "lock" not in str(error).lower():
            raise Stop(EXIT_ERROR, "cannot open the warehouse %s: %s" % (context["warehouse"], error))
        raise Stop(EXIT_BUSY, "the warehouse %s is open in process %s, and DuckDB admits only one. Close it there." % (
            context["warehouse"], holder.group(1) if holder else "?"))
    if not read_only:  # dbt leaves its instance open in this process, with the sandbox attached read-only
        warehouse.execute("detach database if exists sandbox")
    warehouse.execute("attach if not exists '%s' as sandbox (type sqlite%s)" % (context["sandbox"].replace("'", "''"), ", read_only" if read_only else ""))
    return warehouse


def read_sandbox(warehouse):
    """Returns {lower name: (name, owner or None, {column: logical type})}; a view of the SQLite file has no columns here.
    Never through Python's sqlite3: two SQLite libraries with one file open in one process drop each other's locks and corrupt it."""
    names = [row[0] for row in warehouse.execute("select table_name from information_schema.tables where table_catalog = 'sandbox'").fetchall()]
    tables, logical = {name.lower(): (name, None, {}) for name in names}, {}
    if "_devbox_tables" in tables:
        for name, owner, columns in warehouse.execute("select name, owner, columns from sandbox.main._devbox_tables").fetchall():
            if name.lower() in tables:
                tables[name.lower()] = (tables[name.lower()][0], owner, {})
                logical[name.lower()] = {column["name"]: column.get("logical") for column in json.loads(columns or "[]")}
    for name, column in warehouse.execute("select table_name, column_name from information_schema.columns where table_catalog = 'sandbox' "
                                          "order by table_name, ordinal_position").fetchall():
        tables[name.lower()][2][column] = logical.get(name.lower(), {}).get(column)
    return tables


def make_views(context, manifest):
    """Makes a view for each dbt seed and source that exists in the sandbox; returns (the seeds among them, the sandbox's tables)."""
    models, wanted, provided = {relation(node) for node in models_of(manifest)}, {}, []
    catalog = os.path.splitext(os.path.basename(context["warehouse"]))[0]
    with connect(context) as warehouse:
        tables = read_sandbox(warehouse)
        own = {name.lower() for name in published_names(manifest, tables).values()}  # a source never means the copy of a model
        outside = {name: table for name, table in tables.items() if table[1] != "dbt" or name not in own}
        for node in list(manifest.nodes.values()) + list(manifest.sources.values()):
            key, is_seed = relation(node), node.resource_type == "seed"
            table = outside.get("__".join(key)) or outside.get(key[1])
            if table and key not in models and (node.resource_type == "source" or is_seed and table[1] != "dbt"):
                wanted[key] = (node, table)
                provided += [node] if is_seed else []
            if node.database != catalog:  # a production project names its own databases; here all live in one file
                node.database = catalog
                if getattr(node, "relation_name", None):
                    node.relation_name = ".".join(quote(part) for part in (catalog, node.schema, identifier_of(node)))
        existing = {(row[0].lower(), row[1].lower()): row[2] for row in warehouse.execute(
            "select table_schema, table_name, table_type from information_schema.tables where table_catalog = ?", [catalog]).fetchall()}
        for key, (node, (name, _, columns)) in wanted.items():
            schema = quote(catalog) + "." + quote(node.schema)
            view = schema + "." + quote(identifier_of(node))
            select = ", ".join(VIEW_CASTS.get(logical, "{0}").format(quote(column)) + " as " + quote(column) for column, logical in columns.items())
            warehouse.execute("create schema if not exists " + schema)
            if existing.get(key) == "BASE TABLE":  # left by `dbt seed` or by a model that is gone; the warehouse holds nothing that cannot be built again
                warehouse.execute("drop table %s cascade" % view)
            warehouse.execute("create or replace view %s as select %s from sandbox.main.%s" % (view, select or "*", quote(name)))
    return provided, tables


def storage_of(column, kind):
    """Returns (SQL expression, SQLite storage, logical type) for a DuckDB column of that type."""
    name, base = quote(column), kind.split("(")[0]
    if kind.endswith("]") or base in ("STRUCT", "MAP", "UNION", "JSON"):
        return "cast(to_json(%s) as varchar)" % name, "TEXT", "text"
    if base == "BOOLEAN":
        return "cast(%s as bigint)" % name, "INTEGER", "boolean"
    if base.endswith("INT") or base == "INTEGER" or base == "UINTEGER":
        return "cast(%s as bigint)" % name, "INTEGER", "integer"
    if base in ("DECIMAL", "FLOAT", "DOUBLE"):
        return "cast(%s as double)" % name, "REAL", "real"
    if base == "BLOB":
        return name, "BLOB", "text"
    if base == "TIMESTAMP WITH TIME ZONE":
        return "cast(%s at time zone 'UTC' as varchar) || '+00:00'" % name, "TEXT", "timestamp"
    return "cast(%s as varchar)" % name, "TEXT", "date" if base == "DATE" else "timestamp" if base.startswith("TIMESTAMP") else "text"


def published_names(manifest, tables):
    """Returns {unique_id: table name}. SQLite has no schemas: a name that two models or a seed claim gets its schema in front."""
    models = models_of(manifest)
    claims = collections.Counter(relation(node)[1] for node in models)
    claims.update(name for name, (_, owner, _columns) in tables.items() if owner == "seed")
    return {node.unique_id: node.alias if claims[node.alias.lower()] == 1 else node.schema + "__" + node.alias for node in models}


def publish_table(warehouse, name, node):
    described = [(row[0], row[1]) for row in warehouse.execute("describe " + node.relation_name).fetchall()]
    typed = [(column,) + storage_of(column, kind) for column, kind in described]
    target = "sandbox.main." + quote(name)
    warehouse.execute("drop table if exists " + target)
    warehouse.execute("create table %s as select %s from %s" % (
        target, ", ".join("%s as %s" % (expression, quote(column)) for column, expression, _, _ in typed), node.relation_name))
    columns = json.dumps([{"name": column, "storage": storage, "logical": logical} for column, _, storage, logical in typed])
    warehouse.execute("delete from sandbox.main._devbox_tables where name = ?", [name])
    warehouse.execute("insert into sandbox.main._devbox_tables values (?, 'dbt', null, ?)", [name, columns])


def publish(context, wanted):
    """Copies {table name: model} into the sandbox in one transaction; returns the sentences about tables that stayed out."""
    problems, deadline = [], time.monotonic() + PUBLISH_DEADLINE_S
    with connect(context, read_only=False) as warehouse:
        while wanted:
            current = None
            try:
                warehouse.execute("begin")
                warehouse.execute("create table if not exists sandbox.main._devbox_tables (name text primary key, owner text, content_hash text, columns text)")
                tables = read_sandbox(warehouse)
                for name in [name for name in wanted if tables.get(name.lower(), (name, "dbt"))[1] != "dbt"]:
                    problems.append("%s is not published: the sandbox already has a table %s that devbox did not make, and it stays as it is. "
                                    "Give the model another alias, or drop that table." % (wanted.pop(name).unique_id, name))
                for current, node in wanted.items():
                    publish_table(warehouse, current, node)
                current = None
                warehouse.execute("commit")
                break
            except duckdb.Error as error:
                try:
                    warehouse.execute("rollback")
                except duckdb.Error:
                    pass  # a failed commit has ended the transaction already
                if "is locked" in str(error) and time.monotonic() < deadline:
                    time.sleep(0.05)  # SQLite gives no turn to a transaction that has already read: only starting over helps
                elif "is locked" in str(error) or current is None:
                    return problems + ["nothing is published into %s: %s" % (context["sandbox"], str(error).split("\n")[0])]
                else:  # one bad table must not keep the others out: start over without it
                    problems.append("%s is not published: %s" % (wanted.pop(current).unique_id, str(error).split("\n")[0]))
    return problems
