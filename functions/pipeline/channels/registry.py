"""Which module is which channel. A channel is imported when it is asked for: a cold start pays for those in use."""

from importlib import import_module
from typing import Any, cast

from functions.pipeline.channels.channel import Channel
from functions.pipeline.destinations import ChannelName


def channel(name: ChannelName) -> Channel:
    """The channel of a name: the module of that name beside this one."""
    module: Any = import_module(f"functions.pipeline.channels.{name}")
    return cast(Channel, module)
