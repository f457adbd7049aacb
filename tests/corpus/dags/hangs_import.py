"""An Airflow DAG file whose import cannot be interrupted."""

# file: fail ImportTimeout
# cold: no, it would hang

import signal
import time

signal.signal(signal.SIGALRM, signal.SIG_IGN)
time.sleep(60)
