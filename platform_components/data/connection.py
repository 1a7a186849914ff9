"""Connection: what whoever uses a store is told, and nothing that must be kept secret."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from platform_components.args import Args, Late
from platform_components.secrets.reference import SecretReference


class Access(StrEnum):
    """What a grant is for."""

    READ = "read"
    WRITE = "write"


class NetworkRule(Args):
    """Who reaches a store through the network."""

    security_group_id: Late[str] = Field(description="Security group of the store. Required.")
    port: int = Field(description="Port that is open to the sources. Required.")
    sources: Mapping[str, Late[str]] = Field(default={}, description="Security groups that may connect, by key. Omitted: none.")


class Connection(Args):
    """How to reach a store, and as whom. Holds no secret: only where one lies."""

    kind: str = Field(description="What it is: bucket, queue, database, cache or stream. Required.")
    name: Late[str] = Field(description="Physical name: of the bucket, the queue, the database. Required.")
    endpoint: Late[str] = Field(description="Host name, or URL where the service speaks HTTPS. Required.")
    port: int = Field(443, description="Port of the endpoint. Omitted: 443.")
    arn: Late[str] = Field(description="ARN of what is used. Required.")
    reader_endpoint: Late[str] | None = Field(None, description="Host name of copies that only read. Omitted: there are none.")
    secret: SecretReference | None = Field(None, description="Where the credentials lie. Omitted: there are none; the role is enough.")
    user: str | None = Field(None, description="User to log in as, where the store knows users. Omitted: the role alone decides.")
    role_arn: Late[str] | None = Field(
        None, description="Role to assume; resolves once its permissions are attached. Omitted: nobody was granted anything yet."
    )
    access: tuple[Access, ...] = Field((), description="What the role may do. Omitted: nothing yet.")
    network: NetworkRule | None = Field(None, description="Who reaches it. Omitted: it lies in no network; IAM alone decides.")
