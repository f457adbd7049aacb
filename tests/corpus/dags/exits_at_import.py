"""An Airflow DAG file that ends the process while it is imported."""

# file: fail SystemExit
# cold: no, it would end Airflow's own process

import sys

sys.exit("no configuration for this dag")
