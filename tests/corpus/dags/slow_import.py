"""An Airflow DAG file that asks something slow while it is imported."""

import time

time.sleep(60)
