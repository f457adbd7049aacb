"""Rebuilds the table customer_report: classic operators, one template."""
import pendulum

from helpers.airflow_names import DAG, BashOperator, PythonOperator
from helpers.database import open_database

REPORT = """
    select customers.state, count(distinct customers.customer_id) as customers, count(orders.order_id) as orders,
           round(coalesce(sum(orders.amount), 0), 2) as ordered_amount
    from customers
    left join orders on orders.customer_id = customers.customer_id and orders.status <> 'cancelled'
    group by customers.state
"""


def check_customers():
    with open_database() as database:
        (count,) = database.execute("select count(*) from customers").fetchone()
    if count == 0:
        raise ValueError("the table customers is empty: were the seeds loaded?")
    return count


def build_report():
    with open_database() as database:
        database.execute("drop table if exists customer_report")
        database.execute(f"create table customer_report as {REPORT}")
        (states,) = database.execute("select count(*) from customer_report").fetchone()
    return states


with DAG(
    dag_id="customer_report",
    schedule="@weekly",
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    tags=["customers"],
    doc_md=__doc__,
):
    check = PythonOperator(task_id="check_customers", python_callable=check_customers)
    build = PythonOperator(task_id="build_report", python_callable=build_report)
    announce = BashOperator(
        task_id="announce",
        bash_command="echo \"customer_report covers {{ ti.xcom_pull(task_ids='build_report') }} states\"",
    )
    check >> build >> announce
