"""Start to healthy, and the memory then: `devbox start --only airflow` against `airflow standalone` of the same environment, in turn.

Usage: start.py [--rounds N] [--version V]..."""
import argparse
import time

import measuring

SETTLE_S = 3


def measure(platform, figures):
    """One start; the memory is taken a little later, when both have parsed their DAGs."""
    seconds, cpu = platform.start()
    time.sleep(SETTLE_S)
    figures.append((seconds, cpu, platform.processes.memory_mib(), len(platform.processes.pids())))
    platform.stop()


def compare(version, rounds):
    devbox = measuring.Devbox(version)
    standalone = None
    try:
        # Not measured: the first start makes the database that both then have.
        devbox.start()
        devbox.stop()
        standalone = measuring.Standalone(devbox)
        figures = {"devbox start": [], "airflow standalone": []}
        for _ in range(rounds):
            measure(devbox, figures["devbox start"])
            measure(standalone, figures["airflow standalone"])
    finally:
        devbox.close()
        if standalone:
            standalone.close()
    report(version, figures)


def report(version, figures):
    names = list(figures)
    medians = {name: [measuring.median(column) for column in zip(*rows)] for name, rows in figures.items()}
    ratios = ["%.2f" % (ours / theirs) for ours, theirs in zip(medians[names[0]], medians[names[1]])]
    print("\nAirflow %s, median of %d" % (version, len(figures[names[0]])))
    rows = [[name, *medians[name][:2], round(medians[name][2]), round(medians[name][3]), "  ".join("%.1f" % row[0] for row in figures[name])]
            for name in names]
    rows.append(["ratio", *ratios, "(aim 0.60 wall)"])
    measuring.show(rows, ["", "wall s", "cpu s", "PSS MiB", "processes", "each wall s"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--version", action="append", dest="versions")
    options = parser.parse_args()
    versions = options.versions or measuring.support.VERSIONS
    measuring.need_environments(versions)
    measuring.say_machine("start to healthy")
    for version in versions:
        compare(version, options.rounds)


main()
