"""Operators."""

import logging
from datetime import timedelta
from typing import Any


class Deferred(BaseException):
    """The task has left its worker; Airflow's own is no Exception either."""

    def __init__(self, trigger: Any, method_name: str, timeout: timedelta) -> None:
        self.trigger, self.method_name, self.timeout = trigger, method_name, timeout


class BaseOperator:
    """What an operator inherits."""

    def __init__(self, *, task_id: str) -> None:
        self.task_id, self.log = task_id, logging.getLogger(task_id)

    def defer(self, *, trigger: Any, method_name: str, timeout: timedelta) -> None:
        """Leave the worker until the trigger fires."""
        raise Deferred(trigger, method_name, timeout)
