"""An Airflow DAG file that ends the process so that nobody can catch it."""

# file: fail ProcessExit
# cold: no, it would end Airflow's own process

import os

os._exit(7)
