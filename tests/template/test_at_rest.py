"""Encryption, and what survives a mistake."""

from typing import Any

from tests.template import cfn


def test_queues_are_encrypted_by_sqs(queues: dict[str, cfn.Resource]) -> None:
    assert {queue["SqsManagedSseEnabled"] for queue in queues.values()} == {True}


def test_topics_are_encrypted_by_one_key_of_ours(expanded: dict[str, Any]) -> None:
    topics = cfn.of_type(expanded, "AWS::SNS::Topic")
    assert sorted(topics) == ["AlarmsTopic", "AmazonQTopic", "ResultsTopic"]
    assert {cfn.target(topic["KmsMasterKeyId"]) for topic in topics.values()} == {"TopicKey"}
    assert cfn.of_type(expanded, "AWS::KMS::Key")["TopicKey"]["EnableKeyRotation"] is True


def test_cloudwatch_and_sns_may_use_the_key(expanded: dict[str, Any]) -> None:
    policy = cfn.of_type(expanded, "AWS::KMS::Key")["TopicKey"]["KeyPolicy"]
    services = {
        statement["Principal"]["Service"]: statement["Action"]
        for statement in policy["Statement"]
        if "Service" in statement["Principal"]
    }
    assert services == {
        "cloudwatch.amazonaws.com": ["kms:Decrypt", "kms:GenerateDataKey"],
        "sns.amazonaws.com": ["kms:Decrypt", "kms:GenerateDataKey"],
    }


def test_the_ledger_is_encrypted_and_can_be_taken_back_in_time(expanded: dict[str, Any]) -> None:
    table = cfn.of_type(expanded, "AWS::DynamoDB::Table")["Ledger"]
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_no_secret_is_written_in_the_template(expanded: dict[str, Any]) -> None:
    secrets = cfn.of_type(expanded, "AWS::SecretsManager::Secret")
    filled_by_hand = ("ProjectsSecret", "DestinationsSecret", "TriggersSecret")
    assert [secrets[name]["SecretString"] for name in filled_by_hand] == ["{}"] * 3
    generated = {name: secret["GenerateSecretString"] for name, secret in secrets.items() if name not in filled_by_hand}
    assert sorted(generated) == ["TokenSecret", "WebhookSecret"]
    for how in generated.values():
        # Letters and digits in groups of four are base64: a generated webhook key is one that every library takes.
        assert how == {"PasswordLength": 44, "ExcludePunctuation": True, "IncludeSpace": False}
