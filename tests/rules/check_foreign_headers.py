"""Fails when a foreign library's header is included outside the one io file that owns it."""
import pathlib
import re
import sys

OWNERS = {
    "curl/": r"io/http\w*\.c|io/http_curl\.h", "sqlite3.h": r"io/database\w*\.c", "git2": r"io/git_\w+\.c", "archive": r"io/archive\.c",
    "cjson/": r"io/json\.c", "cJSON.h": r"io/json\.c", "yaml.h": r"io/yaml\.c", "openssl/": r"io/hash\.c", "dlfcn.h": r"io/library\.c",
}
root = pathlib.Path(sys.argv[1]) / "src"
problems = []
for path in sorted([*root.rglob("*.c"), *root.rglob("*.h")]):
    name = path.relative_to(root).as_posix()
    for header in re.findall(r"^\s*#include <([^>]+)>", path.read_text(), re.M):
        for prefix, owner in OWNERS.items():
            if header.startswith(prefix) and not re.fullmatch(owner, name):
                problems.append(f"src/{name}: <{header}> belongs behind src/{owner}")
print("\n".join(problems) or "every foreign header stays behind its seam")
sys.exit(bool(problems))
