"""A deferrable operator for Airflow 3: it asks Parity, and no worker waits for the verdict: the triggerer does.

Put this file and parity_gate.py into the plugins folder. Workers and triggerer need PARITY_URL, PARITY_TOKEN and
PARITY_WEBHOOK_SECRET in their environment; none of them is stored in Airflow's database.
"""

import asyncio
import json
import os
import time
from datetime import timedelta

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.triggers.base import BaseTrigger, TriggerEvent
from parity_gate import Later, Refused, ask, look, told


class VerdictTrigger(BaseTrigger):
    """Waits for the verdict of a comparison at its status URL."""

    def __init__(self, comparison_id):
        super().__init__()
        self.comparison_id = comparison_id

    def serialize(self):
        """What Airflow keeps of it."""
        return "parity_airflow.VerdictTrigger", {"comparison_id": self.comparison_id}

    async def run(self):
        """Yields one event: `{verdict, told, event}`, or `{refused}`."""
        while True:
            try:
                shown, seconds = await asyncio.to_thread(
                    look, os.environ["PARITY_URL"].rstrip("/"), os.environ["PARITY_TOKEN"], self.comparison_id
                )
                if shown["state"] == "finished":
                    payload = {"verdict": shown["verdict"], "told": told(shown), "event": shown["event"]}
                    yield TriggerEvent(payload)
                    return
            except Later as e:
                seconds = e.seconds
            except Refused as e:
                yield TriggerEvent({"refused": str(e)})
                return
            await asyncio.sleep(seconds)


class ParityOperator(BaseOperator):
    """Succeeds if the comparison is consistent, and returns its finished event; fails for every other verdict.

    `request` is the request as a dictionary. A task that is tried again asks for a new comparison.
    """

    template_fields = ("request", "request_id")

    def __init__(
        self,
        *,
        request,
        request_id="{{ (dag.dag_id ~ '-' ~ ti.task_id ~ '-' ~ run_id) | replace('.', '-') }}-{{ ti.try_number }}",
        wait_for=timedelta(hours=7),
        **options,
    ):
        super().__init__(**options)
        self.request, self.request_id, self.wait_for = request, request_id, wait_for

    def execute(self, context):
        """Ask, and let the triggerer wait."""
        url, secret = os.environ["PARITY_URL"].rstrip("/"), os.environ["PARITY_WEBHOOK_SECRET"]
        try:
            comparison_id = ask(url, secret, json.dumps(self.request).encode(), self.request_id, time.time())
        except Refused as e:
            raise AirflowFailException(f"Parity refused the request: {e}") from None
        except Later as e:
            raise AirflowException(f"Parity did not answer: {e}") from None
        self.defer(trigger=VerdictTrigger(comparison_id), method_name="gate", timeout=self.wait_for)

    def gate(self, context, event):
        """Judge what the trigger has seen."""
        if event.get("verdict") != "consistent":
            raise AirflowFailException(event.get("told") or f"Parity refused: {event.get('refused')}")
        self.log.info(event["told"])
        return event["event"]
