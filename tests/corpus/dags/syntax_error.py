"""An Airflow DAG file that does not parse."""

# file: fail SyntaxError

def broken(:
    pass
