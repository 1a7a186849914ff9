"""A sandbox server, and the AWS provider on it, for the tests of the AWS plugin."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformctl.sandbox import lifecycle
from platformctl.sandbox.aws.provider import AwsProvider
from platformctl.sandbox.plugin import Difference, Subject

REGION = "eu-west-1"


@contextlib.contextmanager
def running_server() -> Iterator[str]:
    """The endpoint of a sandbox server in a process of its own, as in use: nothing of moto is shared with other tests."""
    with tempfile.TemporaryDirectory() as folder, lifecycle.temporary(Path(folder), "unit", lambda _: None) as sandbox:
        yield sandbox.url


def provider(endpoint: str, **config: Any) -> AwsProvider:
    """A configured provider, as a freshly started plugin has it."""
    before = os.environ.get("AWS_ENDPOINT_URL")
    os.environ["AWS_ENDPOINT_URL"] = endpoint
    try:
        made = AwsProvider()
        made.configure({"region": REGION, **config})
    finally:
        if before is None:
            del os.environ["AWS_ENDPOINT_URL"]
        else:
            os.environ["AWS_ENDPOINT_URL"] = before
    return made


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:dev.test::platform::{token}::{name}"


@dataclass
class Resource:
    """One resource as the engine handles it: checked inputs, state, and the operations on them."""

    aws: AwsProvider
    type: str
    name: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""

    @property
    def subject(self) -> Subject:
        return Subject(urn(self.type, self.name), self.type, self.name, self.id)

    def check(self, news: Mapping[str, Any], *, fresh: bool = False) -> Mapping[str, Any]:
        checked = self.aws.check(self.subject, {} if fresh else self.inputs, news)
        assert not checked.failures, checked.failures
        return checked.inputs

    def create(self, news: Mapping[str, Any]) -> "Resource":
        self.inputs = self.check(news, fresh=True)
        created = self.aws.create(self.subject, self.inputs, preview=False)
        self.id, self.outputs = created.id, created.outputs
        return self

    def diff(self, news: Mapping[str, Any]) -> Difference:
        return self.aws.diff(self.subject, self.inputs, self.outputs, self.check(news))

    def read(self) -> Any:
        return self.aws.read(self.subject, self.inputs, self.outputs)

    def refresh(self) -> bool:
        """Take what AWS has; whether that differs from the state."""
        state = self.read()
        assert state is not None
        drifted = state.outputs != self.outputs or state.inputs != self.inputs
        self.inputs, self.outputs = state.inputs, state.outputs
        return drifted

    def foretell(self, news: Mapping[str, Any]) -> Mapping[str, Any]:
        """The outputs that a preview tells of a create, or of an update of what is there."""
        if not self.id:
            return self.aws.create(self.subject, self.check(news, fresh=True), preview=True).outputs
        return self.aws.update(self.subject, self.inputs, self.outputs, self.check(news), preview=True)

    def update(self, news: Mapping[str, Any]) -> None:
        checked = self.check(news)
        self.outputs = self.aws.update(self.subject, self.inputs, self.outputs, checked, preview=False)
        self.inputs = checked

    def delete(self) -> None:
        self.aws.delete(self.subject, self.inputs, self.outputs)
