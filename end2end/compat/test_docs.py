"""Every snippet of the documentation, as a reader would run it against the server that shows it."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib
import urllib.request

import pytest
from recording import write_recording

FENCE = re.compile(r"^```(?P<kind>.*)\n(?P<code>(?:.*\n)*?)^```$", re.MULTILINE)


def read(address: str) -> str:
    with urllib.request.urlopen(address) as answer:
        return answer.read().decode()


def snippets() -> list:
    """Every fenced block of every page that llms.txt names, as (page, kind, code)."""
    docs = f"{os.environ['WORV_COMPAT_URL']}/docs"
    pages = re.findall(r"\((\S+\.md)\)", read(f"{docs}/llms.txt"))
    assert len(pages) >= 9, pages
    found = []
    for page in pages:
        for at, fence in enumerate(FENCE.finditer(read(page)), start=1):
            name = f"{page.rsplit('/', 1)[1]}-{at}-{fence['kind'].replace(' ', '-')}"
            found.append(pytest.param(fence["kind"], fence["code"], id=name))
    return found


def run(command: list[str], key: str, more: dict[str, str] | None = None) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "API_KEY": key, **(more or {})}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr}\n{done.stdout}"
    return done.stdout


def expect_answer(text: str) -> None:
    """What curl printed is an answer of the API and not an error: whole, or a stream that has come to its end."""
    if text.startswith("event: "):
        assert "event: message_stop" in text, text
        return
    answer = json.loads(text)
    assert "error" not in answer, text
    assert {"choices", "content", "data", "input_tokens"} & answer.keys(), text


def expect_printed(text: str) -> None:
    """What a script printed is the answer's text. Which one that is depends on the model: only the simulated engine's is
    known to have words, while a real one may answer with a line break, which is an answer too."""
    assert text.endswith("\n"), text
    if "WORV_COMPAT_WORDS" in os.environ:
        assert text.strip(), text


@pytest.mark.parametrize(("kind", "code"), snippets())
def test_snippet(kind: str, code: str, url: str, key: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    match kind:
        case "sh run":
            expect_answer(run(["bash", "-euo", "pipefail", "-c", code], key))
        case "python run":
            expect_printed(run([sys.executable, "-W", "error", "-c", code], key))
        case "python audio":
            if "WORV_COMPAT_AUDIO" not in os.environ:
                pytest.skip("the engine does not take audio")
            write_recording(tmp_path / "speech.wav")
            monkeypatch.chdir(tmp_path)
            expect_printed(run([sys.executable, "-W", "error", "-c", code], key))
        case "sh env":
            # Only settings; those that name an address name this server, and those that name a key end up with the reader's.
            assert all(line.startswith("export ") for line in code.splitlines()), code
            own_key = "API_KEY=" in code and "_API_KEY" not in code
            names = re.findall(r"^export (\w+)=", code, re.MULTILINE)
            script = code + "\n" + "\n".join(f'printf "%s=%s\\n" {name} "${name}"' for name in names)
            values = dict(line.split("=", 1) for line in run(["bash", "-euc", script], key).splitlines())
            for name, value in values.items():
                if name.endswith("_URL"):
                    base = value.removesuffix("/v1")
                    assert base == url, value
                elif name.endswith(("_KEY", "_TOKEN")) and not own_key:
                    assert value == key, name
        case "toml codex":
            settings = tomllib.loads(code)
            provider = settings["model_providers"][settings["model_provider"]]
            assert provider["base_url"] == f"{url}/v1"
            assert provider["wire_api"] == "responses"
            assert provider["env_key"] == "API_KEY"
            assert settings["model_context_window"] > 0
        case "json":
            json.loads(code)
        case "text":
            assert url in code
        case _:
            pytest.fail(f"nobody knows what to do with a snippet of the kind {kind!r}")
