#!/usr/bin/env python3
"""Plays abctl: prints what abctl v0.30.4 printed, and behaves as told by the JSON file beside it (this path + ".json"), or
by the one that FAKE_ABCTL names.

    out, err        files whose bytes go to stdout and stderr
    line_delay      seconds after each line of stdout
    node            words of `docker` that make the node ("{port}" is replaced by what --port says), run before the last line
    hangs           true: never ends by itself
    deaf_seconds    INT and TERM are ignored for so long, as abctl does while kind creates the node; then it ends with 1
    exit            exit code
    record          file that gets one JSON object a call: arguments and environment
"""
import json
import os
import signal
import subprocess
import sys
import time

with open(os.environ.get("FAKE_ABCTL") or os.path.abspath(__file__) + ".json") as file:
    told = json.load(file)
words = sys.argv[1:]
port = words[words.index("--port") + 1] if "--port" in words else "8000"
if told.get("deaf_seconds"):
    heard = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: heard.append(time.monotonic()))
if told.get("record"):
    with open(told["record"], "a") as file:
        file.write(json.dumps({"arguments": words, "environment": dict(os.environ), "stdin": os.readlink("/proc/self/fd/0")}) + "\n")


def rest():
    """Sleeps a moment; ends the program once it has been deaf for long enough."""
    time.sleep(0.05)
    if told.get("deaf_seconds") and heard and time.monotonic() - heard[0] > told["deaf_seconds"]:
        sys.exit(1)


def lines_of(name):
    if not told.get(name):
        return []
    with open(told[name], "rb") as file:
        return file.read().splitlines(keepends=True)


output = lines_of("out")
for number, line in enumerate(output):
    if told.get("node") and number == len(output) - 1:
        subprocess.run(["docker", *[word.replace("{port}", port) for word in told["node"]]], check=True, stdout=subprocess.DEVNULL)
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
    until = time.monotonic() + told.get("line_delay", 0)
    while time.monotonic() < until:
        rest()
sys.stderr.buffer.write(b"".join(lines_of("err")))
sys.stderr.buffer.flush()
while told.get("hangs"):
    rest()
sys.exit(told.get("exit", 0))
