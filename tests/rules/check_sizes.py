"""Fails on a function over 80 lines, a .c file over 600, a header over 200, or more than 6 parameters; prints the longest."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
HEAD = re.compile(r"^(?!typedef|struct|enum|union|extern|#|//|\}|\s)[\w\s\*]+?\b(\w+)\(([^;{]*?)\)\s*\{", re.M | re.S)
problems, longest = [], (0, "")
files = sorted([*root.glob("src/**/*.c"), *root.glob("src/**/*.h"), *root.glob("src/workers/*.py")])
for path in files:
    text, name = path.read_text(), path.relative_to(root).as_posix()
    lines = text.count("\n")
    limit = 200 if path.suffix == ".h" else 600
    if lines > limit:
        problems.append(f"{name}: {lines} lines, at most {limit}")
    if path.suffix == ".py":
        continue
    for head in HEAD.finditer(text):
        start = text.count("\n", 0, head.start()) + 1
        end = text.find("\n}", head.end() - 1)
        one_line = "\n" not in text[head.end() - 1:text.find("}", head.end()) + 1]
        length = 1 if one_line else text.count("\n", 0, end) + 2 - start
        depth, parameters = 0, 1
        for character in head.group(2):
            depth += (character in "([") - (character in ")]")
            parameters += character == "," and depth == 0
        longest = max(longest, (length, f"{name}:{head.group(1)}"))
        if length > 80:
            problems.append(f"{name}:{start}: {head.group(1)} has {length} lines, at most 80")
        if parameters > 6:
            problems.append(f"{name}:{start}: {head.group(1)} has {parameters} parameters, at most 6")
print("\n".join(problems) or f"all sizes within their limits; longest function: {longest[1]}, {longest[0]} lines")
sys.exit(bool(problems))
