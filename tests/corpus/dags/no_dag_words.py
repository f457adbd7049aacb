"""Holds neither of the two words that make Airflow import a file."""

# file: skip safe_mode

raise RuntimeError("must never be imported")
