#!/usr/bin/env python3
"""Connects its stdin and stdout with a debugger that listens in this container: debug_relay.py PORT_FILE. Ends when either side does."""

import os
import socket
import sys
import threading
import time

PORT_DEADLINE_S = 600  # the DAG test may have to import Airflow first, and to wait for others
CONNECT_DEADLINE_S = 20


def read_port(path):
    deadline = time.monotonic() + PORT_DEADLINE_S
    while time.monotonic() < deadline:
        try:
            with open(path) as file:
                return int(file.read())
        except FileNotFoundError:
            time.sleep(0.02)
    sys.exit("no debugger listens here: %s was not written" % path)


def pass_input(connection):
    try:
        while data := os.read(0, 65536):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the debugger is gone, as its other direction says too


def pass_output(connection):
    while data := connection.recv(65536):
        while data:
            data = data[os.write(1, data) :]


def main():
    with socket.create_connection(("127.0.0.1", read_port(sys.argv[1])), CONNECT_DEADLINE_S) as connection:
        connection.settimeout(None)
        threading.Thread(target=pass_input, args=(connection,), daemon=True).start()
        try:
            pass_output(connection)
        except OSError:
            pass  # whoever listened to us is gone
    os._exit(0)  # the thread may still wait for input


if __name__ == "__main__":
    main()
