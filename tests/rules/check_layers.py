"""Fails on an #include that goes up in the house: base < model < io < services < cli < commands < main."""
import pathlib
import re
import sys

RANKS = {"base": 0, "model": 1, "io": 2, "services": 3, "cli": 4, "commands": 5}
INCLUDE = re.compile(r'^\s*#include "(\w+)/(\w+)\.(?:h|def)"', re.M)
root = pathlib.Path(sys.argv[1]) / "src"
problems, edges = [], {}
for path in sorted([*root.glob("*/*.c"), *root.glob("*/*.h")]):
    layer = path.parent.name
    for folder, module in INCLUDE.findall(path.read_text()):
        if folder not in RANKS:
            problems.append(f"{path}: includes {folder}/, which is no folder of the house")
        elif RANKS[folder] > RANKS[layer]:
            problems.append(f"{path}: {layer}/ may not include {folder}/{module}.h (it lies above)")
        elif folder == layer and path.suffix == ".h":
            edges.setdefault(f"{layer}/{path.stem}", set()).add(f"{folder}/{module}")


def find_cycle(node, trail):
    if node in trail:
        return trail[trail.index(node):] + [node]
    for following in sorted(edges.get(node, ())):
        cycle = find_cycle(following, trail + [node])
        if cycle:
            return cycle
    return None


for start in sorted(edges):
    cycle = find_cycle(start, [])
    if cycle:
        problems.append("headers include each other: " + " -> ".join(cycle))
        break
print("\n".join(problems) or "every include goes down")
sys.exit(bool(problems))
