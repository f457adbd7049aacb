"""An Airflow DAG file whose import is missing."""

# file: fail ModuleNotFoundError

import no_such_module_of_anybody  # noqa: F401
