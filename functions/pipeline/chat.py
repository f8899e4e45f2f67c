"""Handler of the `deliveries` queue: finished events in, from the topic; messages to chats and webhooks out."""

from typing import Any
from urllib.parse import urlsplit

from functions.pipeline import log, metrics
from functions.pipeline.batch import Queue, all_messages
from functions.pipeline.delivering import Courier
from functions.pipeline.delivery_address import Address, TellingSettings, addresses
from functions.pipeline.delivery_ledger import DeliveryLedger
from functions.pipeline.destinations import BadDestinations, Destination, read_destinations
from functions.pipeline.edge import Edge, LambdaContext, lambda_handler
from functions.pipeline.secrets import Secrets
from functions.pipeline.settings import LedgerSettings, Settings

_log = log.get_logger()


class ChatSettings(Settings):
    """The queue that `chat` reads from and sends to, its dead letters, the destinations, where failures are told."""

    deliveries_queue_url: str
    deliveries_dead_letters_url: str
    destinations_secret_id: str
    results_topic_arn: str


async def handle(event: dict[str, Any], context: LambdaContext, edge: Edge) -> dict[str, Any]:
    """One batch of events and deliveries; returns the partial batch response."""
    settings, telling = ChatSettings.load(edge.env), TellingSettings.load(edge.env)
    queue = Queue(edge, settings.deliveries_queue_url, settings.deliveries_dead_letters_url)
    ledger = DeliveryLedger(edge.aws, LedgerSettings.load(edge.env), now=edge.now, unique=edge.unique)
    known = await _addresses(edge, telling, settings.destinations_secret_id)
    courier = Courier(edge, queue, ledger, settings.results_topic_arn, known)
    # An attempt takes as long as its service may, and a few calls to AWS besides.
    return await all_messages(event, context, queue, courier.take, millis=int((telling.post_seconds + 12) * 1000))


async def _addresses(edge: Edge, telling: TellingSettings, secret_id: str) -> dict[str, Address] | None:
    """The destinations; None, and an alarm, where the secret can't be read: everything waits until it is repaired."""
    secrets = Secrets(edge.aws, edge.cache, edge.now)
    try:
        try:
            return addresses(edge, telling, _read(await secrets.value(secret_id)))
        except BadDestinations:
            # It may just have been repaired.
            return addresses(edge, telling, _read(await secrets.refreshed(secret_id)))
    except BadDestinations as e:
        metrics.count("DestinationsInvalid")
        _log.error("destinations.invalid", reason=str(e))
        return None


def _read(secret: str) -> dict[str, Destination]:
    found = read_destinations(secret)
    for destination in found.values():
        # A URL is a credential here. Whoever has its path can write to the chat.
        parts = urlsplit(destination.url)
        log.conceal(destination.url, parts.path, parts.query)
    return found


handler = lambda_handler(handle)
