"""Sums up one day of orders: TaskFlow tasks that hand small values to each other."""
import pendulum

from helpers.airflow_names import dag, task
from helpers.database import open_database


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    tags=["sales", "smoke"],
    doc_md=__doc__,
)
def daily_orders():
    @task
    def pick_day(logical_date=None):
        """The latest day with orders, up to the run's date: the sample data ends in 2024."""
        until = (logical_date or pendulum.now("UTC")).strftime("%Y-%m-%d")
        with open_database() as database:
            (day,) = database.execute("select max(order_date) from orders where order_date <= ?", [until]).fetchone()
        if day is None:
            raise ValueError(f"no orders on or before {until}")
        return day

    @task
    def extract(day):
        with open_database() as database:
            rows = database.execute("select order_id, status, amount from orders where order_date = ?", [day])
            return [dict(row) for row in rows]

    @task
    def summarise(orders):
        kept = [order for order in orders if order["status"] != "cancelled"]
        return {"orders": len(kept), "revenue": round(sum(order["amount"] for order in kept), 2)}

    @task
    def load(day, totals):
        with open_database() as database:
            database.execute("create table if not exists daily_orders (day text primary key, orders integer, revenue real)")
            database.execute("insert or replace into daily_orders values (?, ?, ?)", [day, totals["orders"], totals["revenue"]])
        print(f"{day}: {totals['orders']} orders, {totals['revenue']:.2f} USD")

    day = pick_day()
    load(day, summarise(extract(day)))


daily_orders()
