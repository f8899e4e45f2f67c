"""POST /comparisons, minimal: the signature, the fields, one conditional put, one message, a 202."""

import base64
import hashlib
import hmac
import json
import os
import time
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from pydantic import BaseModel, ConfigDict

logger = Logger()
metrics = Metrics()
dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")
secrets = boto3.client("secretsmanager")
_cached: dict[str, str] = {}


class Request(BaseModel):
    """The two fields that the benchmark sends."""

    model_config = ConfigDict(extra="forbid")

    job_id: str
    object_level_compare_type: str


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """One signed request; no refusal but 401."""
    headers, body = event["headers"], event["body"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    key = base64.b64decode(_secret("WEBHOOK_SECRET_ID"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    if not hmac.compare_digest(expected, headers["webhook-signature"]):
        return {"statusCode": 401}
    project_id = next(iter(json.loads(_secret("PROJECTS_SECRET_ID"))))
    request = Request.model_validate_json(body)
    comparison_id = f"cmp_{hashlib.sha256(headers['webhook-id'].encode()).hexdigest()[:32]}"
    document = request.model_dump_json()
    _store(comparison_id, request.job_id, project_id, document)
    sqs.send_message(QueueUrl=os.environ["REQUESTS_QUEUE_URL"], MessageBody=document)
    metrics.add_metric(name="ComparisonsAccepted", unit="Count", value=1)
    logger.info("comparison.accepted", comparison_id=comparison_id)
    return {"statusCode": 202, "body": json.dumps({"comparison_id": comparison_id})}


def _store(comparison_id: str, job_id: str, project_id: str, document: str) -> None:
    now = str(time.time())
    dynamodb.put_item(
        TableName=os.environ["LEDGER_TABLE"],
        Item={
            "pk": {"S": f"cmp#{comparison_id}"},
            "kind": {"S": "comparison"},
            "comparison_id": {"S": comparison_id},
            "job_id": {"S": job_id},
            "project_id": {"S": project_id},
            "state": {"S": "accepted"},
            "step": {"N": "0"},
            "next_at": {"N": now},
            "accepted_at": {"N": now},
            "due": {"S": "due"},
            "due_at": {"N": now},
            "document": {"S": document},
        },
        ConditionExpression="attribute_not_exists(pk)",
    )


def _secret(variable: str) -> str:
    if variable not in _cached:
        _cached[variable] = secrets.get_secret_value(SecretId=os.environ[variable])["SecretString"]
    return _cached[variable]
