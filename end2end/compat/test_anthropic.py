"""The official Anthropic SDK."""

from collections.abc import Iterator

import anthropic
import pytest

MESSAGES = [{"role": "user", "content": "Reply with one word: pong"}]
LIMIT = 24


@pytest.fixture
def client(url: str, key: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=url, api_key=key, max_retries=0) as client:
        yield client


def said(message: anthropic.types.Message) -> str:
    """Text and thinking of a message; a tiny model may get no further than the latter."""
    return "".join(getattr(block, "text", "") + getattr(block, "thinking", "") for block in message.content)


def check(message: anthropic.types.Message):
    assert message.role == "assistant"
    assert message.stop_reason in ("end_turn", "max_tokens")
    assert said(message)
    assert message.usage.input_tokens > 0
    assert 0 < message.usage.output_tokens <= LIMIT


def test_message(client: anthropic.Anthropic, model: str):
    check(client.messages.create(model=model, max_tokens=LIMIT, messages=MESSAGES))


def test_streamed_message(client: anthropic.Anthropic, model: str):
    with client.messages.stream(model=model, max_tokens=LIMIT, messages=MESSAGES) as stream:
        kinds = [event.type for event in stream]
        check(stream.get_final_message())
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"


def test_key_as_bearer_token(url: str, key: str, model: str):
    with anthropic.Anthropic(base_url=url, auth_token=key, max_retries=0) as client:
        check(client.messages.create(model=model, max_tokens=LIMIT, messages=MESSAGES))


def test_wrong_key(url: str, model: str):
    with anthropic.Anthropic(base_url=url, api_key="sk-worv-wrong", max_retries=0) as client:
        with pytest.raises(anthropic.AuthenticationError) as raised:
            client.messages.create(model=model, max_tokens=LIMIT, messages=MESSAGES)
    assert raised.value.body["error"]["type"] == "authentication_error"


def test_unknown_model(client: anthropic.Anthropic):
    with pytest.raises(anthropic.NotFoundError) as raised:
        client.messages.create(model="no-such-model", max_tokens=LIMIT, messages=MESSAGES)
    assert raised.value.body["error"]["type"] == "not_found_error"


def test_bad_request(client: anthropic.Anthropic, model: str):
    with pytest.raises(anthropic.BadRequestError) as raised:
        client.messages.create(model=model, max_tokens=-1, messages=MESSAGES)
    assert raised.value.body["error"]["type"] == "invalid_request_error"
