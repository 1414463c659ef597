"""What the tests talk to: scripts/compat says where it is."""

import os

import pytest


@pytest.fixture(scope="session")
def url() -> str:
    return os.environ["WORV_COMPAT_URL"]


@pytest.fixture(scope="session")
def key() -> str:
    return os.environ["WORV_COMPAT_KEY"]


@pytest.fixture(scope="session")
def model(url: str, key: str) -> str:
    """The model that is served, as the API itself names it."""
    import openai

    with openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
        return next(iter(client.models.list())).id
