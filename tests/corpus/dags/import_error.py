"""An Airflow DAG file whose import is missing."""

import no_such_module_of_anybody  # noqa: F401
