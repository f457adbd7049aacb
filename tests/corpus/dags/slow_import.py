"""An Airflow DAG file that asks something slow while it is imported."""

# file: fail ImportTimeout

import time

time.sleep(60)
