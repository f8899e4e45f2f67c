"""Reads a SAM template into a `Stack`. What is not in the template does not exist locally."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from functions.local.errors import TemplateError
from functions.local.event_bus import read_event_rule
from functions.local.identities import Identity, Place, identity
from functions.local.intrinsics import Resolver
from functions.local.parameters import parameter_values
from functions.local.resources import Stack
from functions.local.template_data import read_queue, read_secret, read_subscription, read_table, read_topic
from functions.local.template_functions import merge_globals, read_function
from functions.local.template_roles import read_roles
from functions.local.template_types import EMULATED, SECTIONS, check_properties, check_type
from functions.local.template_yaml import read_yaml

T = TypeVar("T")


def read_stack(path: Path, parameters: Mapping[str, Any] | None = None, *, place: Place | None = None) -> Stack:
    """Return the stack that the template at `path` describes, with `parameters` in place of their defaults.

    Raises TemplateError, naming the place, for anything that the local cloud does not do or that AWS would refuse.
    """
    return _Reader(path, parameters or {}, place or Place()).stack()


class _Reader:
    def __init__(self, path: Path, parameters: Mapping[str, Any], place: Place) -> None:
        self._path = path
        self._place = place
        document = read_yaml(path)
        for section in document:
            if section not in SECTIONS:
                msg = f"{path}: the local cloud does not know the section {section}"
                raise TemplateError(msg)
        self._resolver = Resolver(
            names={**_pseudo(place), **parameter_values(document.get("Parameters", {}), parameters)},
            conditions=document.get("Conditions", {}),
            mappings=document.get("Mappings", {}),
            attribute=self._attribute,
        )
        self._kinds, self._raw = self._declared(document)
        self._identities: dict[str, Identity] = {}

    def _declared(self, document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Mapping[str, Any]]]:
        kinds: dict[str, str] = {}
        raw: dict[str, Mapping[str, Any]] = {}
        for logical_id, resource in document["Resources"].items():
            check_type(logical_id, resource.get("Type"))
            if "Condition" in resource and not self._resolver.condition(resource["Condition"], logical_id):
                continue
            kinds[logical_id] = resource["Type"]
            raw[logical_id] = merge_globals(
                document.get("Globals", {}), resource["Type"], resource.get("Properties", {})
            )
        return kinds, raw

    def _attribute(self, logical_id: str, attribute: str | None) -> Any:
        if logical_id not in self._identities:
            kind = self._kinds[logical_id]
            self._identities[logical_id] = identity(self._place, logical_id, kind, self._raw[logical_id])
        return self._identities[logical_id][attribute]

    def _of(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Return the resolved and checked properties of every resource of a type."""
        found = {}
        for logical_id, actual in self._kinds.items():
            if actual == kind:
                found[logical_id] = self._resolver.value(self._raw[logical_id], logical_id)
                check_properties(logical_id, kind, found[logical_id], EMULATED[kind])
        return found

    def _read(self, kind: str, reader: Callable[[str, Mapping[str, Any], Identity], T]) -> dict[str, T]:
        return {
            logical_id: reader(logical_id, properties, self._identity(logical_id))
            for logical_id, properties in self._of(kind).items()
        }

    def _identity(self, logical_id: str) -> Identity:
        self._attribute(logical_id, None)
        return self._identities[logical_id]

    def stack(self) -> Stack:
        """Return everything that exists locally."""
        keys = {str(self._attribute(k, None)): str(self._attribute(k, "Arn")) for k in self._kinds_of("AWS::KMS::Key")}
        roles = read_roles(self._of("AWS::IAM::Role"), self._of("AWS::IAM::Policy"), self._identity)
        apis = {str(self._identity(k)[None]): k for k in self._of("AWS::Serverless::HttpApi")}
        queues = self._read("AWS::SQS::Queue", read_queue)
        by_arn = {queue.arn: queue for queue in queues.values()}
        subscriptions = self._read("AWS::SNS::Subscription", read_subscription)
        return Stack(
            account=self._place.account,
            region=self._place.region,
            queues=queues,
            topics=self._read("AWS::SNS::Topic", lambda k, p, i: read_topic(k, p, i, keys)),
            subscriptions={k: v for k, v in subscriptions.items() if v is not None},
            tables=self._read("AWS::DynamoDB::Table", read_table),
            secrets=self._read("AWS::SecretsManager::Secret", read_secret),
            functions=self._read(
                "AWS::Serverless::Function",
                lambda k, p, i: read_function(k, p, i, folder=self._path.parent, roles=roles, apis=apis, queues=by_arn),
            ),
            rules=self._read("AWS::Events::Rule", lambda k, p, i: read_event_rule(k, p, i, by_arn)),
            apis=apis,
            skipped={k: v for k, v in self._kinds.items() if v not in EMULATED}
            | {k: "AWS::SNS::Subscription (not to a queue)" for k, v in subscriptions.items() if v is None},
        )

    def _kinds_of(self, kind: str) -> list[str]:
        return [logical_id for logical_id, actual in self._kinds.items() if actual == kind]


def _pseudo(place: Place) -> dict[str, Any]:
    return {
        "AWS::AccountId": place.account,
        "AWS::NotificationARNs": [],
        "AWS::Partition": "aws",
        "AWS::Region": place.region,
        "AWS::StackId": place.arn("cloudformation", f"stack/{place.stack}/00000000-0000-4000-8000-000000000000"),
        "AWS::StackName": place.stack,
        "AWS::URLSuffix": "amazonaws.com",
    }
