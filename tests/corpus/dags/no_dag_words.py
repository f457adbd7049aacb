"""Holds neither of the two words that make Airflow import a file."""

raise RuntimeError("must never be imported")
