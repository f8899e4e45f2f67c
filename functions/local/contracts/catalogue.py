"""Every message that has a schema: its name, its direction, and where its schema comes from."""

from collections.abc import Callable
from dataclasses import dataclass

from functions.local.contracts import answer_models as answers
from functions.local.contracts import event_models as events
from functions.local.contracts.rendering import DIALECT, Direction, Json, schema_of
from functions.local.contracts.request_rules import cloud_event, queued_request, webhook_request
from functions.pipeline.delivery import Delivery
from functions.pipeline.messages import PollMessage

#: The rule that lets readers and writers be of different releases.
ADDITIVE = (
    "Additive only: a release may add optional fields, values and messages, never take away or change what is here; "
    "what has to change gets a new version beside the old one. Readers ignore what they don't know."
)


@dataclass(frozen=True)
class Schema:
    """One message. `name` ends with its version; `title` is for people."""

    name: str
    title: str
    direction: Direction
    make: Callable[[], Json]

    @property
    def file(self) -> str:
        """Its path within the folder of contracts."""
        return f"schemas/{self.name}.json"

    @property
    def component(self) -> str:
        """Its name among OpenAPI's components: `answer.dry_run.v1` is `AnswerDryRunV1`."""
        return "".join(word.capitalize() for word in self.name.replace("_", ".").split("."))

    def document(self) -> Json:
        """The JSON Schema document."""
        schema = self.make()
        described = schema.pop("description", "")
        return {
            "$schema": DIALECT,
            "$id": f"urn:parity:schema:{self.name}",
            "title": self.title,
            "description": f"{described}\n\n{ADDITIVE}".strip(),
            **schema,
        }


SCHEMAS: tuple[Schema, ...] = (
    Schema("request.webhook.v1", "Request, as a webhook's body", "read", webhook_request),
    Schema("request.message.v1", "Request, as a queue's message", "read", queued_request),
    Schema("request.cloudevent.v1", "Request, as a CloudEvent", "read", cloud_event),
    Schema("poll.message.v1", "Poll", "read", lambda: schema_of(PollMessage, "read")),
    Schema("delivery.message.v1", "Delivery of a verdict", "read", lambda: schema_of(Delivery, "read")),
    Schema(
        "parity.comparison.started.v1",
        "Comparison started",
        "written",
        lambda: schema_of(events.StartedEvent, "written"),
    ),
    Schema(
        "parity.comparison.finished.v1",
        "Comparison finished",
        "written",
        lambda: schema_of(events.FinishedEvent, "written"),
    ),
    Schema(
        "parity.request.invalid.v1", "Request invalid", "written", lambda: schema_of(events.InvalidEvent, "written")
    ),
    Schema(
        "parity.delivery.failed.v1",
        "Delivery failed",
        "written",
        lambda: schema_of(events.DeliveryFailedEvent, "written"),
    ),
    Schema("answer.accepted.v1", "Accepted", "written", lambda: schema_of(answers.Accepted, "written")),
    Schema("answer.left_alone.v1", "Left alone", "written", lambda: schema_of(answers.LeftAlone, "written")),
    Schema("answer.handshake.v1", "Handshake", "written", lambda: schema_of(answers.Handshake, "written")),
    Schema("answer.dry_run.v1", "Dry run", "written", lambda: schema_of(answers.DryRun, "written")),
    Schema("answer.comparison.v1", "Comparison", "written", lambda: schema_of(answers.Full, "written")),
    Schema("answer.cancelling.v1", "Cancelling", "written", lambda: schema_of(answers.Short, "written")),
    Schema("answer.comparisons.v1", "Comparisons", "written", lambda: schema_of(answers.Comparisons, "written")),
    Schema("answer.problem.v1", "Problem", "written", lambda: schema_of(answers.Problem, "written")),
    Schema(
        "answer.gateway_refusal.v1",
        "Refusal of the gateway",
        "written",
        lambda: schema_of(answers.GatewayRefusal, "written"),
    ),
)
BY_NAME = {schema.name: schema for schema in SCHEMAS}
