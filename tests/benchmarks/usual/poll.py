"""One poll step with the calls of ours: gate, claim, one look at DRS, the next message, advance; nothing ever ends."""

import json
import os
import time
import uuid
from typing import Any

import boto3
import urllib3
from aws_lambda_powertools import Logger, Metrics
from pydantic import BaseModel, ConfigDict

# A copy of the module that both sides sign with lies beside this one when it runs.
from usual.drs_sign import sign  # type: ignore[import-not-found, unused-ignore]

logger = Logger()
metrics = Metrics()
dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")
secrets = boto3.client("secretsmanager")
http = urllib3.PoolManager()
_cached: dict[str, Any] = {}


class Poll(BaseModel):
    """The queue's message."""

    comparison_id: str
    step: int


class Overview(BaseModel):
    """What DRS answers."""

    model_config = ConfigDict(extra="ignore")

    compare_job_id: str
    status: str


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """A batch of poll messages."""
    for record in event["Records"]:
        _step(Poll.model_validate_json(record["body"]))
    return {"batchItemFailures": []}


def _step(poll: Poll) -> None:
    now, token = time.time(), uuid.uuid4().hex
    comparison = _claim(poll, now, token)
    gate = {"pk": {"S": f"gate#{comparison['project_id']}"}}
    dynamodb.get_item(TableName=os.environ["LEDGER_TABLE"], Key=gate, ConsistentRead=True)
    project = _projects()[comparison["project_id"]]
    _update(
        gate,
        "SET slot_0 = :token, slot_0_until = :until",
        "attribute_not_exists(slot_0_until) OR slot_0_until < :now",
        {":token": {"S": token}, ":until": {"N": str(now + 45)}, ":now": {"N": str(now)}},
    )
    overview = _look(project, comparison["project_id"], comparison["request"]["job_id"])
    _update(gate, "REMOVE slot_0, slot_0_until", "slot_0 = :token", {":token": {"S": token}})
    message = Poll(comparison_id=poll.comparison_id, step=poll.step + 1).model_dump_json()
    sqs.send_message(QueueUrl=os.environ["POLLS_QUEUE_URL"], MessageBody=message, DelaySeconds=900)
    comparison["tasks"][0]["status"] = overview.status
    _advance(poll, token, comparison, now + 900)
    logger.info("comparison.polled", comparison_id=poll.comparison_id, step=poll.step, status=overview.status)


def _claim(poll: Poll, now: float, token: str) -> dict[str, Any]:
    item = _update(
        {"pk": {"S": f"cmp#{poll.comparison_id}"}},
        "SET lease_token = :token, lease_until = :until",
        "#state = :state AND step = :step AND (attribute_not_exists(lease_until) OR lease_until < :now) "
        "AND next_at <= :soon",
        {
            ":token": {"S": token},
            ":until": {"N": str(now + 45)},
            ":state": {"S": "polling"},
            ":step": {"N": str(poll.step)},
            ":now": {"N": str(now)},
            ":soon": {"N": str(now + 1)},
        },
        {"#state": "state"},
    )
    found: dict[str, Any] = json.loads(item["document"]["S"])
    return found


def _advance(poll: Poll, token: str, comparison: dict[str, Any], next_at: float) -> None:
    _update(
        {"pk": {"S": f"cmp#{poll.comparison_id}"}},
        "SET document = :document, step = :next, next_at = :at, due = :due, due_at = :at "
        "REMOVE lease_token, lease_until, sweep_interval",
        "step = :step AND lease_token = :token",
        {
            ":document": {"S": json.dumps(comparison)},
            ":next": {"N": str(poll.step + 1)},
            ":step": {"N": str(poll.step)},
            ":at": {"N": str(next_at)},
            ":due": {"S": "due"},
            ":token": {"S": token},
        },
    )


def _look(project: dict[str, str], project_id: str, job_id: str) -> Overview:
    url = f"{project['drs_endpoint']}/v3/{project_id}/jobs/{job_id}/object/compare"
    headers = {"Content-Type": "application/json", "X-Language": "en-us", "X-Project-Id": project_id}
    keys = {"access_key": project["access_key"], "secret_key": project["secret_key"]}
    answer = http.request("GET", url, headers=sign("GET", url, headers, b"", now=time.time(), **keys))
    return Overview.model_validate_json(answer.data)


def _update(
    key: dict[str, Any], update: str, condition: str, values: dict[str, Any], names: dict[str, str] | None = None
) -> dict[str, Any]:
    more = {"ExpressionAttributeNames": names} if names else {}
    answer = dynamodb.update_item(
        TableName=os.environ["LEDGER_TABLE"],
        Key=key,
        UpdateExpression=update,
        ConditionExpression=condition,
        ExpressionAttributeValues=values,
        ReturnValues="ALL_NEW",
        **more,
    )
    attributes: dict[str, Any] = answer["Attributes"]
    return attributes


def _projects() -> dict[str, dict[str, str]]:
    if not _cached:
        answer = secrets.get_secret_value(SecretId=os.environ["PROJECTS_SECRET_ID"])
        _cached.update(json.loads(answer["SecretString"]))
    return _cached
