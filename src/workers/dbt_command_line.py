"""A command line of dbt: which command it is, what devbox sets in it itself, and what of it changes a parse."""
import os
import re

REPLACED = ("--target", "-t", "--profiles-dir", "--profile", "--project-dir", "--target-path", "--log-path")
PARSE_VALUES = ("--vars", "--warn-error-options", "--log-format", "--log-level")
PARSE_FLAGS = ("--partial-parse", "--no-partial-parse", "--warn-error", "--no-version-check", "--no-static-parser", "-q", "--quiet",
               "--use-colors", "--no-use-colors", "-d", "--debug", "--show-all-deprecations")


def find_command(argv, group):
    """Returns (command words, index behind them, click command), e.g. ("docs generate", 2, …); ("", n, None) without a command."""
    valued = {name for option in group.params if not getattr(option, "is_flag", False) for name in option.opts}
    at = 0
    while at < len(argv) and argv[at].startswith("-"):
        at += 2 if argv[at] in valued else 1
    command = group.commands.get(argv[at]) if at < len(argv) else None
    if not hasattr(command, "commands"):
        return (argv[at], at + 1, command) if command else ("", at, None)
    name, behind, inner = find_command(argv[at + 1:], command)
    return (argv[at] + " " + name, at + 1 + behind, inner) if inner else ("", at, None)


def drop_replaced(argv):
    kept, dropped, at = [], [], 0
    while at < len(argv):
        name = "-t" if re.match("-t.", argv[at]) else argv[at].split("=", 1)[0]
        if name in REPLACED:
            dropped.append(name)
            at += 2 if argv[at] == name else 1
            continue
        kept.append(argv[at])
        at += 1
    return kept, dropped


def own_flags(context, command, name):
    state = context["state_dir"]
    values = {"project_dir": context["project_dir"], "profiles_dir": state, "profile": context.get("profile"), "target": context.get("target"),
              "target_path": None if name == "clean" else os.path.join(state, "target"), "log_path": os.path.join(state, "logs")}
    accepted, flags = {option.name for option in command.params}, []
    for key, value in values.items():
        if key in accepted and value:
            flags += ["--" + key.replace("_", "-"), value]
    return flags


def parse_flags(argv):
    """Those of the user's flags that change what a parse finds or says."""
    flags, at = [], 0
    while at < len(argv):
        if argv[at] in PARSE_VALUES:
            flags += argv[at:at + 2]
            at += 1
        elif argv[at] in PARSE_FLAGS or argv[at].startswith(tuple(name + "=" for name in PARSE_VALUES)):
            flags.append(argv[at])
        at += 1
    return flags if {"-q", "--quiet", "-d", "--debug"} & set(flags) or any(f.startswith("--log-level") for f in flags) else flags + ["--log-level", "warn"]
