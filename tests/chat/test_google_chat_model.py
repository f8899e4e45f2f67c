"""What Google Chat is sent, read by Google's own model of a message: every field known, of its type, and kept."""

import json
from typing import Any

import pytest
from google.apps.chat_v1.types import Message
from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]

from functions.pipeline.channels import google_chat
from functions.pipeline.comparison import Verdict
from functions.pipeline.tell import tell
from functions.pipeline.telling import Language
from tests.chat import nasty, samples
from tests.chat.tellings import NOW, destination, full_of


def read(body: bytes) -> Any:
    """The message as the model writes it back."""
    return json.loads(Message.to_json(Message.from_json(body), always_print_fields_with_no_presence=False))


@pytest.mark.parametrize("language", samples.LANGUAGES)
@pytest.mark.parametrize("verdict", samples.VERDICTS)
def test_every_verdict_is_a_message_of_which_the_model_keeps_all(verdict: Verdict, language: Language) -> None:
    told = tell(samples.event(verdict), language, links=samples.LINKS)
    body = google_chat.post(destination("google_chat"), told, NOW).body
    assert read(body) == json.loads(body)


def test_any_name_is_in_a_message_of_which_the_model_keeps_all() -> None:
    for names in nasty.corpus_in_tens():
        body = google_chat.post(destination("google_chat"), full_of(names), NOW).body
        assert read(body) == json.loads(body)


def test_the_model_knows_a_wrong_field() -> None:
    with pytest.raises(ParseError, match="headr"):
        read(b'{"cardsV2": [{"card": {"headr": {}}}]}')
