"""An Airflow DAG file that .airflowignore hides."""

# file: ignored
# found: .airflowignore names the file

from airflow import DAG

DAG("hidden")
raise RuntimeError("must never be imported")
