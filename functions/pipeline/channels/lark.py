"""Lark: what Feishu is outside of China, with the same custom bots; only the host differs."""

from functions.pipeline.channels.feishu import PACE, judge, post

__all__ = ["PACE", "judge", "post"]
