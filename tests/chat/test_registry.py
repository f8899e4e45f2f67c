"""The channels by their names: each is a module with what delivery needs, imported when it is asked for."""

import subprocess
import sys
from typing import get_args

import pytest

from functions.pipeline.channels import (
    dingtalk,
    discord,
    feishu,
    google_chat,
    lark,
    slack,
    teams,
    telegram,
    webhook,
    wecom,
)
from functions.pipeline.channels.channel import Channel
from functions.pipeline.channels.registry import channel
from functions.pipeline.destinations import HOSTS, ChannelName

#: Typed, so that the type checker compares each module with the protocol.
MODULES: dict[ChannelName, Channel] = {
    "slack": slack,
    "teams": teams,
    "feishu": feishu,
    "lark": lark,
    "dingtalk": dingtalk,
    "wecom": wecom,
    "discord": discord,
    "google_chat": google_chat,
    "telegram": telegram,
    "webhook": webhook,
}
NAMES: tuple[ChannelName, ...] = get_args(ChannelName)


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_a_module_with_a_pace_a_post_and_a_judgement(name: ChannelName) -> None:
    found = channel(name)
    assert found is MODULES[name]
    assert found.PACE.messages > 0
    assert found.PACE.seconds > 0


def test_each_name_has_hosts() -> None:
    assert set(NAMES) == set(HOSTS) == set(MODULES)


def test_a_channel_is_imported_when_it_is_asked_for_and_no_other() -> None:
    program = (
        "import sys; from functions.pipeline.channels.registry import channel; channel('slack'); "
        "print(*[m for m in sys.modules if m.startswith('functions.pipeline.channels.')])"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    kinds = {name.rpartition(".")[2] for name in loaded} & set(NAMES)
    assert kinds == {"slack"}
