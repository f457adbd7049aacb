"""The shop's database, reached through the Airflow connection `sandbox`."""
import sqlite3
from contextlib import contextmanager

from helpers.airflow_names import get_connection


@contextmanager
def open_database(conn_id="sandbox"):
    """Yields a SQLite connection; commits when the block ends well, rolls back when it raises."""
    database = sqlite3.connect(get_connection(conn_id).host, timeout=30)
    database.row_factory = sqlite3.Row
    try:
        with database:
            yield database
    finally:
        database.close()
