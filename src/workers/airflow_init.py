#!/usr/bin/env python3
"""Runs several of Airflow's commands in one process, so that Airflow is imported once: the one-shot container of the Docker runtime,
and the metadata template in its image.

    airflow_init.py                      commands from DEVBOX_INIT_COMMANDS: [["db", "migrate"], ...]
    airflow_init.py --template FILE      {"commands": [...], "sql": [...]} on stdin, run on a new SQLite database FILE
"""

import json
import os
import sqlite3
import sys


def run(commands):
    import airflow_api

    for words in commands:
        airflow_api.run_component(words)


def make_template(path, request):
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = "sqlite:///" + path
    run(request["commands"])
    connection = sqlite3.connect(path)
    for statement in request["sql"]:
        connection.execute(statement)
    connection.commit()
    connection.close()


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--template":
        make_template(sys.argv[2], json.load(sys.stdin))
    elif len(sys.argv) == 1 and "DEVBOX_INIT_COMMANDS" in os.environ:
        run(json.loads(os.environ["DEVBOX_INIT_COMMANDS"]))
    else:
        sys.exit(f"usage: [DEVBOX_INIT_COMMANDS=...] {sys.argv[0]} [--template FILE]")


if __name__ == "__main__":
    main()
