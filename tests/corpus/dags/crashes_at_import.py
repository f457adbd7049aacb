"""An Airflow DAG file that ends the process so that nobody can catch it."""

import os

os._exit(7)
