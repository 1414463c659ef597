"""The official OpenAI SDK."""

import os
import pathlib
from collections.abc import Iterator

import openai
import pytest
from recording import write_recording

MESSAGES = [{"role": "user", "content": "Reply with one word: pong"}]
LIMIT = 24


@pytest.fixture
def client(url: str, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
        yield client


def said(part) -> str:
    """Text and reasoning of a message or a delta; a tiny model may get no further than the latter."""
    return "".join(filter(None, [part.content, getattr(part, "reasoning", None), getattr(part, "reasoning_content", None)]))


def test_completion(client: openai.OpenAI, model: str):
    answer = client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=LIMIT)
    assert answer.object == "chat.completion"
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert said(answer.choices[0].message)
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert 0 < answer.usage.completion_tokens <= LIMIT


def test_streamed_completion(client: openai.OpenAI, model: str):
    options = {"include_usage": True}
    with client.chat.completions.create(
        model=model, messages=MESSAGES, max_tokens=LIMIT, stream=True, stream_options=options
    ) as stream:
        chunks = list(stream)
    assert "".join(said(chunk.choices[0].delta) for chunk in chunks if chunk.choices)
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] in ("stop", "length")
    assert chunks[-1].choices == []
    assert 0 < chunks[-1].usage.completion_tokens <= LIMIT


def test_usage_is_not_sent_unasked(client: openai.OpenAI, model: str):
    with client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=LIMIT, stream=True) as stream:
        chunks = list(stream)
    assert all(chunk.choices for chunk in chunks)
    assert all(chunk.usage is None for chunk in chunks)


def test_a_stream_can_be_left(client: openai.OpenAI, model: str):
    with client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=LIMIT, stream=True) as stream:
        next(iter(stream))
    assert client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=1).choices


def test_models(client: openai.OpenAI, model: str):
    assert model in [entry.id for entry in client.models.list()]


def test_wrong_key(url: str, model: str):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="sk-worv-wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError):
            client.chat.completions.create(model=model, messages=MESSAGES)


def test_unknown_model(client: openai.OpenAI):
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="no-such-model", messages=MESSAGES)
    assert "no-such-model" in raised.value.message


def test_bad_request(client: openai.OpenAI, model: str):
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=model, messages=MESSAGES, temperature=-3)


@pytest.fixture
def recording(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "speech.wav"
    write_recording(path)
    return path


takes_audio = pytest.mark.skipif("WORV_COMPAT_AUDIO" not in os.environ, reason="the engine does not take audio")


@takes_audio
def test_transcription(client: openai.OpenAI, recording: pathlib.Path):
    answer = client.audio.transcriptions.create(
        model="live", file=recording, prompt="Repeat: pong", language="en", temperature=0, timestamp_granularities=["word"]
    )
    assert answer.text == "pong"
    assert (answer.usage.type, answer.usage.seconds) == ("duration", 2)


@takes_audio
def test_streamed_transcription(client: openai.OpenAI, recording: pathlib.Path):
    with client.audio.transcriptions.create(
        model="live", file=recording, prompt="Repeat: one two three", stream=True
    ) as stream:
        chunks = [chunk.model_dump() for chunk in stream]
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == "one two three"
    assert all(chunk.get("usage") is None for chunk in chunks)


@takes_audio
@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_translation(client: openai.OpenAI, recording: pathlib.Path):
    assert client.audio.translations.create(model="live", file=recording, prompt="Repeat: pong").text == "pong"


@pytest.mark.skipif("WORV_COMPAT_AUDIO" in os.environ, reason="the engine takes audio")
def test_audio_without_ears(client: openai.OpenAI, recording: pathlib.Path):
    with pytest.raises(openai.NotFoundError) as raised:
        client.audio.transcriptions.create(model="live", file=recording)
    assert "does not take audio" in raised.value.message
