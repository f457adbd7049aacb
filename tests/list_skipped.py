"""Names what was not tested and why, for the end of `install.sh --test`.

usage: python3 tests/list_skipped.py FILE...      files that ctest --output-junit wrote; its own skips, unittest's and cmocka's are found
"""
import re
import sys
import xml.etree.ElementTree

# How test programs say it, one way for each kind: a test's name, and its reason where there is one.
INSIDE = (re.compile(r"(\w+) \(.*\.\.\. skipped ['\"](.*)['\"]$"), re.compile(r"\[  SKIPPED \] ([A-Za-z_]\w*)()$"))


def skipped(path):
    """Pairs of test and reason."""
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name, lines = case.get("name"), (case.findtext("system-out") or "").splitlines()
        if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            yield name, next((line[len("skipped: "):] for line in lines if line.startswith("skipped: ")), "it did not run")
            continue
        for line in lines:
            for pattern in INSIDE:
                match = pattern.match(line.strip())
                if match:
                    yield "%s, %s" % (name, match[1]), match[2] or "not possible on this machine"


def main(paths):
    by_reason = {}
    for path in paths:
        for name, reason in skipped(path):
            names = by_reason.setdefault(reason, [])
            if name not in names:
                names.append(name)
    for reason, names in by_reason.items():
        print("not tested: %s: %s" % ("; ".join(names), reason))


main(sys.argv[1:])
