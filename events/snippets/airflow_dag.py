"""A cutover that goes on only if both sides are consistent; parity_airflow.py is in the plugins folder."""

from airflow.sdk import dag, task
from parity_airflow import ParityOperator


@dag(schedule=None, catchup=False, tags=["migration"])
def cutover():
    """Compare, then switch."""

    @task
    def switch():
        print("both sides are consistent")

    compare = ParityOperator(
        task_id="compare",
        request={"job_id": "sample-shop", "object_level_compare_type": "objects"},
    )
    compare >> switch()


cutover()
