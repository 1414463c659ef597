"""Prompts around the edge of a small window: no error of the engine's, and no clamp that was not needed.

Only in front of a real engine with a window of at most 8,192 tokens, which is quick to fill.
"""

import json
import os
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message

import pytest

# What the gateway keeps free of the window (limits.reserved_tokens).
RESERVED = 512
# How far from the edge the prompts go, in repetitions of a text.
REACH = 1

TEXTS = {
    "ascii": "The quick brown fox jumps over the lazy dog. ",
    "cjk": "流式输出与上下文窗口的边界。",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 🇰🇷 ",
    "escapes": '\\ "\n\t\u0000\u001f ',
    "dense": "9f8a7b6c5d4e3f2a1b0c",
}


@dataclass
class Answer:
    status: int
    headers: Message
    json: dict


@dataclass
class Client:
    url: str
    key: str

    def send(self, path: str, body: bytes | None = None) -> Answer:
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=300) as response:
                return Answer(response.status, response.headers, json.load(response))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, json.load(error))


@pytest.fixture(scope="module")
def client(url: str, key: str) -> Client:
    return Client(url, key)


@pytest.fixture(scope="module")
def window(client: Client) -> int:
    window = client.send("/v1/models").json["data"][0]["max_model_len"]
    if "ENGINE_URL" not in os.environ or window > 8192:
        pytest.skip("needs a real engine with a small window")
    return window


def body_of(path: str, model: str, text: str, asked: int, escaped: bool) -> bytes:
    prompt = {"prompt": text} if path == "/v1/completions" else {"messages": [{"role": "user", "content": text}]}
    return json.dumps({"model": model, "max_tokens": asked, **prompt}, ensure_ascii=escaped).encode()


def prompt_tokens(usage: dict) -> int:
    cached = usage.get("cache_read_input_tokens") or 0
    return usage["prompt_tokens"] if "prompt_tokens" in usage else usage["input_tokens"] + cached


def too_long(answer: Answer) -> int:
    """The tokens of a prompt that was refused, as the refusal tells them."""
    message = answer.json["error"]["message"]
    told = re.search(r"(?:too long: |resulted in )(\d+) tokens", message)
    assert told, message
    return int(told[1])


@pytest.mark.parametrize("escaped", [False, True], ids=["utf8", "escaped"])
@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/completions"])
def test_edge(client: Client, model: str, window: int, path: str, kind: str, escaped: bool):
    room = window - RESERVED
    text = TEXTS[kind]

    def send(times: int, asked: int) -> Answer:
        answer = client.send(path, body_of(path, model, text * times, asked, escaped))
        assert answer.status in (200, 400), answer
        return answer

    # How many tokens one more repetition costs, and so how many repetitions reach the edge.
    few, more = (prompt_tokens(send(times, 1).json["usage"]) for times in (10, 50))
    edge = round(10 + (room - few) / ((more - few) / 40))

    seen = set()
    for times in range(edge - REACH, edge + REACH + 1):
        for asked in (1, 100_000):
            answer = send(times, asked)
            if answer.status == 400:
                assert too_long(answer) >= room, "refused although it fits"
                seen.add("refused")
                continue
            prompt = prompt_tokens(answer.json["usage"])
            granted = int(answer.headers["x-worv-max-output-tokens"])
            assert prompt < room, "taken although it does not fit"
            assert granted == min(asked, room - prompt), "clamped more or less than needed"
            seen.add("clamped" if asked > granted else "whole")
    assert seen == {"refused", "clamped", "whole"}
