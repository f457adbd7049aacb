"""Fails when a file is in no row of its folder's README, or a row names a file that is not there."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
problems = []
for folder, written, suffixes in (("src/services", r"`([a-z0-9_]+)`", (".c", ".h")), ("src/workers", r"`([a-z0-9_]+)\.py`", (".py",))):
    table = "\n".join(line for line in (root / folder / "README.md").read_text().splitlines() if line.startswith("| "))
    named = set(re.findall(written, table))
    there = {path.stem for path in (root / folder).iterdir() if path.suffix in suffixes}
    problems += [f"{folder}/README.md: no row names {name}" for name in sorted(there - named)]
    problems += [f"{folder}/README.md: {name} is not there" for name in sorted(named - there)]
print("\n".join(problems) or "every service and worker is in its folder's README")
sys.exit(bool(problems))
