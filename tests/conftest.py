"""Settings of every test: no cloud account, no colours, nothing of the developer's own machine."""

from pathlib import Path

import pytest

_OWN = ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "KUBECONFIG")
_OWN_PULUMI = ("PULUMI_CONFIG", "PULUMI_STACK", "PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN")


@pytest.fixture(autouse=True)
def _nobodys_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*_OWN, *_OWN_PULUMI):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    # A test may go elsewhere (`-C` does); the next one starts here again.
    monkeypatch.chdir(Path(__file__).parents[1])
