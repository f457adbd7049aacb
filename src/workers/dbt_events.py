"""What dbt_run.py tells devbox while dbt runs, as JSON Lines. Contract: docs/PROTOCOL.md."""
import json
import os
import threading

import warm_command
from dbt_warehouse import connect

STATUS = {"success": "pass", "pass": "pass", "fail": "fail", "warn": "warn", "skipped": "skip", "no-op": "skip"}
CUT_OFF = ("Skipping due to fail_fast", "INTERRUPT Error: Interrupted!")  # how --fail-fast ends what waits and what runs


def cancel_only_open_connections():
    """A connection that a thread closes just before --fail-fast comes to it must not end dbt with an error of its own."""
    import duckdb
    from dbt.adapters.duckdb.environments.local import LocalEnvironment
    cancel = LocalEnvironment.cancel

    def cancel_if_open(connection):
        try:
            cancel(connection)
        except (duckdb.ConnectionException, AttributeError):  # closed, or already without a handle
            pass

    LocalEnvironment.cancel = staticmethod(cancel_if_open)


class Events:
    def __init__(self, context):
        self.context, self.manifest, self.seen, self.guard = context, None, set(), threading.Lock()
        self.is_host_told = False
        self.counts_rows = False  # a command that builds nothing may name models that do not exist yet
        self.file = open(context["events"], "a", buffering=1) if context.get("events") else None

    def write(self, event):
        if self.file:
            with self.guard:
                self.file.write(json.dumps(event, default=str) + "\n")

    def tell_host(self, is_known=None):
        """Once: how this process came to be, and where it had the manifest from (None: it came to none)."""
        if not self.is_host_told:
            self.is_host_told = True
            manifest = None if is_known is None else "known" if is_known else "parsed"
            self.write({"event": "host", "mode": warm_command.mode, "manifest": manifest})

    def on_dbt_event(self, message):
        if self.file and message.info.name == "NodeFinished":
            result = message.data.run_result
            self.node(message.data.node_info.unique_id, result.status, result.message, result.execution_time, result.num_failures)

    def node(self, unique_id, status, message, seconds, failures):
        if self.manifest is None or unique_id in self.seen:
            return
        node = self.manifest.nodes.get(unique_id) or self.manifest.sources.get(unique_id) or self.manifest.unit_tests.get(unique_id)
        if node is None:
            return
        self.seen.add(unique_id)
        is_cut_off = any(words in (message or "") for words in CUT_OFF)
        status = "cut_off" if is_cut_off else STATUS.get(str(status), "error")
        kind, compiled = str(node.resource_type), getattr(node, "compiled_path", None)
        rows, sample = None, None
        is_table = getattr(node.config, "materialized", None) in ("table", "incremental", "snapshot", "seed")
        if self.counts_rows and status == "pass" and kind != "test" and is_table:
            rows = self.count_rows(node.relation_name)
        if status in ("fail", "warn") and kind == "test" and node.compiled_code:
            sample = self.query("select * from (%s\n) limit 5" % node.compiled_code)
        self.write({"event": "node", "id": unique_id, "name": node.name, "kind": kind, "file": node.original_file_path, "status": status,
                    "duration_ms": int(seconds * 1000), "message": message if message and status != "pass" else None, "failures": failures or 0,
                    "compiled": os.path.join(self.context["project_dir"], compiled) if compiled else None,
                    "rows": rows, "sample": sample})

    def count_rows(self, relation):
        found = self.query("select count(*) as n from " + relation)
        return int(found["rows"][0][0]) if found["columns"] == ["n"] else None

    def query(self, sql):
        try:
            with connect(self.context) as cursor:  # joins the instance that dbt has open in this process
                found = cursor.execute(sql)
                columns = [column[0] for column in found.description]
                return {"columns": columns, "rows": [[None if value is None else str(value) for value in row] for row in found.fetchall()]}
        except Exception as error:  # what is said about a node must never break the run
            return {"columns": ["error"], "rows": [[str(error)]]}
