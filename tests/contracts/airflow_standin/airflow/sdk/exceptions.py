"""What fails a task: once more, or for good."""


class AirflowException(Exception):
    """The task failed."""


class AirflowFailException(AirflowException):
    """Trying again would not help."""
