"""An Airflow DAG file that does not parse."""

def broken(:
    pass
