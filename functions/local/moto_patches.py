"""What is replaced of moto while the local cloud is loaded: eight things, documented here and nowhere else.

- `moto.core.utils.utcnow`, from which moto takes all of its time, asks the clock of the cloud that is calling (the
  machine's clock where none is);
- `moto.sqs.models.Queue`, whose every send and receive walks the whole queue several times, is given a subclass that
  walks it once and tells who arrives;
- `method_names_from_class`, by which moto inspects a service's class for every call, remembers what it found;
- `UpdateExpressionParser.make`, which moto calls twice for every update, remembers the last trees that it has made
  (whoever changes one changes a copy);
- `deepcopy`, by which moto makes that copy of nodes that know their parents, is a faster way to copy the same;
- `DepthFirstTraverser.traverse`, ten of which moto sends through every such tree, asks itself once what it has to do
  with a kind of node, instead of at every node;
- `ActionCountValidator.traverse` and `OverlappingPathsValidator.traverse`, two of the ten, look at the whole tree
  alone, of which every other node that they would look at is a part;
- `ConditionExpressionParser._lex_condition_expression` remembers the words of the last conditions.

`moto_tables` adds a subclass for DynamoDB, which replaces nothing.
"""

import json
import pickle
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import moto.core.responses as moto_responses
import moto.core.utils as moto_utils
import moto.dynamodb.comparisons as moto_comparisons
import moto.dynamodb.parsing.ast_nodes as moto_nodes
import moto.dynamodb.parsing.expressions as moto_expressions
import moto.dynamodb.parsing.validators as moto_validators
import moto.sqs.models as moto_sqs

from functions.local.clock import Clock

_calling: list[Clock] = []
"""The clock of the call that moto is in, if it is in one: calls are synchronous, so there is never a second."""


@contextmanager
def telling_time(clock: Clock) -> Iterator[None]:
    """Let moto tell time by `clock` meanwhile."""
    _calling.append(clock)
    try:
        yield
    finally:
        _calling.pop()


def _utcnow() -> datetime:
    moment = datetime.fromtimestamp(_calling[-1].now(), UTC) if _calling else datetime.now(UTC)
    return moment.replace(tzinfo=None)


class LeanQueue(moto_sqs.Queue):
    """moto's queue without its repeated scans, and with two bells: for a message that comes, for one that is gone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.arrived: Callable[[Any], None] = lambda _: None
        self.gone: Callable[[], None] = lambda: None

    @property
    def messages(self) -> list[Any]:
        """Messages that can be received now."""
        now = moto_utils.unix_time_millis()
        return [message for message in self._messages if now > message.visible_at and now >= message.delayed_until]

    @property
    def attributes(self) -> Any:
        """The queue's attributes, counted only when they are read."""
        return _Attributes(self)

    def add_message(self, message: Any) -> None:
        """Take a message in, also one that a redrive moves here from another queue."""
        # Kept as texts: moto copies a message with everything it refers to whenever it is received.
        came_from = getattr(message, "home", self.queue_arn)
        if came_from != self.queue_arn:
            message.dead_letter_source = came_from
        message.home = self.queue_arn
        super().add_message(message)
        self.arrived(message)

    def delete_message(self, receipt_handle: str) -> None:
        """Delete in one pass; an old or foreign handle is moto's to answer."""
        for position, message in enumerate(self._messages):
            if message.receipt_handle == receipt_handle:
                self.pending_messages.discard(message)
                self.deleted_messages.update(str(handle) for handle in message.all_receipt_handles)
                del self._messages[position]
                break
        else:
            super().delete_message(receipt_handle)
        self.gone()


class _Attributes(Mapping[str, Any]):
    def __init__(self, queue: LeanQueue) -> None:
        self._queue = queue

    def __getitem__(self, name: str) -> Any:
        if name not in LeanQueue.BASE_ATTRIBUTES:
            raise KeyError(name)
        value = getattr(self._queue, moto_utils.camelcase_to_underscores(name))
        if name == "RedrivePolicy" and value:
            return json.dumps(value)
        return str(value).lower() if isinstance(value, bool) else value

    def __iter__(self) -> Iterator[str]:
        return iter(LeanQueue.BASE_ATTRIBUTES)

    def __len__(self) -> int:
        return len(LeanQueue.BASE_ATTRIBUTES)


def _traverse(self: Any, root: Any) -> Any:
    """Process a tree's nodes from the leaves up, as moto's own does; returns what the root has become."""
    processing = self._processing_map()
    processors: dict[type, Callable[[Any], Any] | None] = {}

    def visit(node: Any, place: int = -1) -> Any:
        if not isinstance(node, moto_nodes.Node):  # type: ignore[attr-defined]
            return node
        parent, kind = node.parent, type(node)
        for position, child in enumerate(node.children or ()):
            self.pre_processing_of_child(node, position)
            visit(child, position)
        if kind not in processors:
            processors[kind] = next((processing[base] for base in processing if issubclass(kind, base)), None)
        processor = processors[kind]
        if processor is None:
            return node
        node = processor(node)
        node.parent = parent
        if parent:
            parent.children[place] = node
        return node

    return visit(root)


def _copied(tree: Any) -> Any:
    return pickle.loads(pickle.dumps(tree))  # noqa: S301 (it was made the moment before)


def _judged(self: Any, root: Any) -> Any:
    """What a validator of whole expressions has to say of one."""
    return self._processing_map()[moto_nodes.UpdateExpression](root)  # type: ignore[attr-defined]


_Conditions = moto_comparisons.ConditionExpressionParser
_lexed = _Conditions._lex_condition_expression  # noqa: SLF001 (see above)


@lru_cache(256)
def _words(condition: str) -> tuple[Any, ...]:
    return tuple(_lexed(_Conditions(condition, None, None)))


moto_utils.utcnow = _utcnow
moto_sqs.Queue = LeanQueue  # type: ignore[misc]  # see above: the one way to give moto another queue
moto_responses.method_names_from_class = cache(moto_utils.method_names_from_class)  # type: ignore[attr-defined]
_Parser = moto_expressions.UpdateExpressionParser  # type: ignore[attr-defined]
_Parser.make = staticmethod(lru_cache(256)(_Parser.make))
moto_validators.deepcopy = _copied  # type: ignore[assignment, attr-defined]
moto_nodes.DepthFirstTraverser.traverse = _traverse  # type: ignore[attr-defined]
for _validator in (moto_validators.ActionCountValidator, moto_validators.OverlappingPathsValidator):
    _validator.traverse = _judged
_Conditions._lex_condition_expression = lambda self: deque(_words(self.condition_expression))  # type: ignore[method-assign]  # noqa: SLF001
