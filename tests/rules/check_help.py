"""Every command has its help, as text and as JSON: check_help.py DEVBOX"""
import json
import subprocess
import sys

DEVBOX = sys.argv[1]
# Groups list their commands under one of these.
HEADINGS = ("Commands:", "Every day:", "Tests:", "Data:", "Git:", "Setup:")


def run(*words):
    return subprocess.run([DEVBOX, *words], capture_output=True, text=True, timeout=10)


def listed(text):
    is_list = False
    for line in text.splitlines():
        if line and not line.startswith(" "):
            is_list = line in HEADINGS
        elif is_list and line[:2] == "  " and line[2:3].isalpha():
            yield line.split()[0]


def check(path):
    """How many commands answered, itself and those below it."""
    # Not --help: dbt and airflow pass that on.
    text = run("help", *path)
    answer = run("--json", "help", *path)
    if text.returncode != 0 or answer.returncode != 0 or json.loads(answer.stdout)["data"].strip() != text.stdout.strip():
        sys.exit("devbox help %s: exit code %d, %d with --json" % (" ".join(path), text.returncode, answer.returncode))
    return 1 + sum(check([*path, name]) for name in listed(text.stdout))


count = check([])
if count < 40:
    sys.exit("only %d commands were found in the help" % count)
print("%d commands have their help" % count)
