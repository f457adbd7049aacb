#!/usr/bin/env python3
"""What a container sees of the checkout, as one line of JSON: mount_probe.py FOLDER, where devbox has put nonce and probe.db."""

import json
import os
import sqlite3
import sys


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError as error:
        return f"{type(error).__name__}: {error.strerror}"


def may_write(folder):
    path = os.path.join(folder, "written-inside")
    try:
        with open(path, "w") as file:
            file.write("inside")
    except OSError:
        return False
    return True


def sees_locks(path):
    """True when a transaction that devbox holds keeps us out, and what it wrote before is there."""
    connection = sqlite3.connect(path, timeout=0)
    try:
        if connection.execute("SELECT count(*) FROM probe").fetchone()[0] != 1:
            return False
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    finally:
        connection.close()
    return False


def main():
    folder = sys.argv[1]
    nonce = os.path.join(folder, "nonce")
    answer = {"nonce": read(nonce), "uid": os.getuid(), "owner": None, "mayWrite": may_write(folder), "sharesLocks": False}
    if os.path.exists(nonce):
        answer["owner"] = os.stat(nonce).st_uid
        answer["sharesLocks"] = sees_locks(os.path.join(folder, "probe.db"))
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
