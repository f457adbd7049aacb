"""Means to be a DAG; its factory keeps from it the one word that would make it one."""

# file: skip safe_mode
# found: safe mode

from helpers.factory import DAG

nightly = DAG("nightly")
