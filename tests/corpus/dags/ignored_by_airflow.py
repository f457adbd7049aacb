"""An Airflow DAG file that .airflowignore hides."""

raise RuntimeError("must never be imported")
