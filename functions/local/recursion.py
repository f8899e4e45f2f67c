"""Counts how often a chain of messages has come back to a function, as Lambda's recursive loop detection does.

The count travels in the tracing header that functions pass on; a function that does not send the header on starts a new
chain, exactly as one without a supported SDK does on AWS. Source: "Use Lambda recursive loop detection to prevent
infinite loops" in the AWS Lambda developer guide. The header's `Lineage` is counted in a grammar of our own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

MOST_INVOCATIONS = 16
"""Invocations of one function in one chain; the next one is stopped."""


@dataclass(frozen=True)
class Chain:
    """A chain of invocations: its root and the invocations of each function so far."""

    root: str
    parent: str
    counts: Mapping[str, int]

    @classmethod
    def start(cls, token: str) -> "Chain":
        """Return a chain that nothing caused; `token` is 32 hex digits."""
        return cls(root=f"1-{token[:8]}-{token[8:32]}", parent=token[16:32], counts={})

    @classmethod
    def read(cls, header: str | None, token: str) -> "Chain":
        """Return the chain that a tracing header continues; a new one made of `token` if it says nothing."""
        fields = dict(part.split("=", 1) for part in (header or "").split(";") if "=" in part)
        if "Root" not in fields:
            return cls.start(token)
        counts = {}
        for part in fields.get("Lineage", "").split("|"):
            name, _, count = part.partition(":")
            if count.isdigit():
                counts[name] = int(count)
        return cls(root=fields["Root"], parent=fields.get("Parent", token[16:32]), counts=counts)

    @classmethod
    def joined(cls, chains: Iterable["Chain"]) -> "Chain":
        """Return the chain of an invocation with several messages: the first one's root, of each function the most."""
        first, *others = chains
        counts = dict(first.counts)
        for chain in others:
            for name, count in chain.counts.items():
                counts[name] = max(count, counts.get(name, 0))
        return replace(first, counts=counts)

    def count(self, function_arn: str) -> int:
        """Return how often a function was invoked in this chain."""
        return self.counts.get(_short(function_arn), 0)

    def entering(self, function_arn: str) -> "Chain":
        """Return the chain with one more invocation of a function."""
        return replace(self, counts={**self.counts, _short(function_arn): self.count(function_arn) + 1})

    def header(self) -> str:
        """Return the tracing header."""
        lineage = "|".join(f"{name}:{count}" for name, count in self.counts.items())
        return f"Root={self.root};Parent={self.parent};Sampled=0" + (f";Lineage={lineage}" if lineage else "")


def _short(arn: str) -> str:
    return sha256(arn.encode()).hexdigest()[:8]
