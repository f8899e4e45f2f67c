"""From a delivery to a request: proved, read, filtered, translated. Pure; the door stores what comes out."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Protocol

from functions.pipeline.messages import FieldError, Invalid
from functions.pipeline.triggers import any_json, cloudevents, github, gitlab
from functions.pipeline.triggers.configuration import Kind, Source
from functions.pipeline.triggers.delivery import Asked, Delivery, NotForUs, Occurrence, request_id_of


class Adapter(Protocol):
    """A module that knows one kind of source."""

    @property
    def EVENTS(self) -> tuple[str, ...]:  # noqa: N802 - a constant of the module
        """The types of events that are ours unless the source says otherwise."""

    def prove(self, delivery: Delivery, source: Source, now: float, /) -> str:
        """Check where a delivery comes from; returns the id that the proof covers. Raises signature.Invalid."""

    def read(self, delivery: Delivery, signed_id: str, /) -> Occurrence:
        """What a proved delivery tells. Raises Unsupported and Invalid."""

    def asked(self, occurrence: Occurrence, /) -> Asked:
        """The request where no mapping says where it is. Raises NotForUs and Invalid."""


ADAPTERS: Final[dict[Kind, Adapter]] = {
    "github": github,
    "gitlab": gitlab,
    "cloudevents": cloudevents,
    "json": any_json,
}


@dataclass(frozen=True)
class Proved:
    """The source that a delivery was proved to come from, and the id that the proof covers, "" for none."""

    source: Source
    signed_id: str


def prove(source: Source, delivery: Delivery, now: float) -> Proved:
    """Check that `delivery` comes from `source`; `now` is in epoch seconds. Raises signature.Invalid."""
    return Proved(source, ADAPTERS[source.kind].prove(delivery, source, now))


def read(proved: Proved, delivery: Delivery) -> Occurrence:
    """What a proved delivery tells. Raises Unsupported, and Invalid where it can't be read."""
    return ADAPTERS[proved.source.kind].read(delivery, proved.signed_id)


def asked(proved: Proved, occurrence: Occurrence) -> Asked:
    """The request that an event asks for. Raises NotForUs, Invalid, and BadSecret for a mapping that can't be read."""
    source, adapter = proved.source, ADAPTERS[proved.source.kind]
    wanted = source.events or adapter.EVENTS
    if not any(fnmatchcase(occurrence.event, pattern) for pattern in wanted):
        event = occurrence.event[:64]
        raise NotForUs(f"The event {event} asks for no comparison here; {', '.join(wanted)} may.")
    if source.mapping is not None:
        from functions.pipeline.triggers.mapping import mapped  # noqa: PLC0415 - the library is loaded where it is used

        return mapped(source.mapping, occurrence.payload)
    return adapter.asked(occurrence)


def request_id(name: str, occurrence: Occurrence, found: Asked) -> str:
    """The request id of a delivery of the source `name`. Raises Invalid where nothing identifies it."""
    delivery_id = found.own_id or occurrence.delivery_id
    if not delivery_id:
        raise Invalid(FieldError(field="id", message="required: the delivery has no id, and the mapping names none"))
    return request_id_of(name, delivery_id)
