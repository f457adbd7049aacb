"""Takes long to import, as large libraries do."""

# file: skip safe_mode

import time

time.sleep(1.2)
NAME = "arrived"
