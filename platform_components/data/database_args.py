"""What a Database is given."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from platform_components.args import Args
from platform_components.data.engines import AURORA_CLASSES, DIALECTS, INSTANCE_CLASSES, Deployment, Dialect, Engine, Size
from platform_components.data.options import NetworkPlace, StoreArgs
from platform_components.secrets.tenancy import TEAM_PATTERN

GROWTH = 5
"""How many times as large storage may grow by itself, unless said."""

TeamName = Annotated[str, StringConstraints(pattern=TEAM_PATTERN)]
Window = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
Week = Annotated[str, StringConstraints(pattern=r"^(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d-(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d$")]


class VaultDatabase(Args):
    """Vault's database engine, which makes a user for each lease."""

    mount: str = Field("database", description="Path that the engine is mounted at. Omitted: database.")
    connection: str = Field(description="Name of its connection to this database: `<team>.<database>` by habit. Required.")
    team: TeamName = Field(
        description="Team of whoever is granted something, unless the identity names its own: a role is `<team>.<database>.<access>-"
        "<identity>`, and TeamSecrets lets the team take its logins. The connection's allowed_roles must have it. Required."
    )
    ttl_seconds: int = Field(3600, ge=60, description="How long a user lives, in seconds, unless renewed. Omitted: an hour.")


class DatabaseSettings(StoreArgs):
    """A private, encrypted database: everything but where it stands."""

    engine: Engine = Field(Engine.POSTGRESQL, description="Which SQL is spoken. Changing it replaces the database. Omitted: PostgreSQL.")
    deployment: Deployment = Field(
        Deployment.INSTANCE, description="RDS, Aurora or Aurora Serverless v2. Changing it replaces the database. Omitted: RDS."
    )
    version: str = Field(
        "",
        description="Major version, in quotes. A higher one is an upgrade in place (blue/green where `blue_green`); minor versions come by "
        "themselves. Omitted: the newest in standard support, 17 or 8.4.",
    )
    size: Size = Field(Size.MEDIUM, description="How big, by name. Omitted: medium.")
    instance_class: str | None = Field(
        None,
        pattern=r"^db\.[a-z0-9-]+\.[a-z0-9-]+$",
        description="Instance class, where a name is not exact enough. Omitted: that of `size`.",
    )
    storage_gb: int = Field(20, ge=20, le=65_536, description="Storage to begin with, in GB; Aurora grows by itself. Omitted: 20.")
    max_storage_gb: int | None = Field(
        None, ge=20, le=65_536, description="How far storage grows by itself, in GB; RDS only. Omitted: five times `storage_gb`."
    )
    database: str = Field(
        "app",
        pattern=r"^[a-z][a-z0-9_]{0,62}$",
        description="Name of the first database. Changing it replaces the database server. Omitted: app.",
    )
    standby: bool = Field(
        True, description="A copy in another zone that takes over: a standby, or a second instance. Omitted: true; false with profile dev."
    )
    readers: int = Field(0, ge=0, le=14, description="Further instances that read, with Aurora. Omitted: none.")
    backup_days: int = Field(
        14, ge=1, le=35, description="How far back any second can be restored, in days. Omitted: 14; 1 with profile dev, 35 if regulated."
    )
    backup_window: Window = Field("02:00-03:00", description="When the daily backup is made, UTC. Omitted: 02:00-03:00.")
    maintenance_window: Week = Field(
        "sun:03:30-sun:04:30", description="When minor versions and patches are put in, UTC. Omitted: Sunday, 03:30 to 04:30."
    )
    deletion_protection: bool = Field(
        True, description="AWS itself refuses to delete it. Omitted: true; false with profile dev. `removal: delete` needs false."
    )
    blue_green: bool = Field(
        True,
        description="Updates that would interrupt it are made on a copy, which then takes over; RDS only, and not with a database that "
        "others replicate. Omitted: true; false with profile dev.",
    )
    insights: bool = Field(True, description="Performance Insights, seven days of which are free. Omitted: true; not of the size micro.")
    logs_days: int = Field(
        90, ge=1, description="How long its logs are kept, in days, as CloudWatch counts them. Omitted: 90; 14 with dev."
    )
    vault: VaultDatabase | None = Field(
        None, description="Vault's database engine: a grant makes a role there too. Omitted: IAM and the master secret only."
    )

    @property
    def aurora(self) -> bool:
        """Whether it is Aurora."""
        return self.deployment is not Deployment.INSTANCE

    @property
    def dialect(self) -> Dialect:
        """How RDS calls and runs its engine."""
        return DIALECTS[self.engine, self.aurora]

    @property
    def major(self) -> str:
        """Its major version."""
        return self.version or self.dialect.versions[0]

    @property
    def family(self) -> str:
        """Its family of parameters."""
        return f"{self.dialect.family}{self.major}"

    @property
    def class_name(self) -> str:
        """Its instance class."""
        if self.deployment is Deployment.AURORA_SERVERLESS:
            return "db.serverless"
        return self.instance_class or (AURORA_CLASSES if self.aurora else INSTANCE_CLASSES)[self.size]

    @model_validator(mode="after")
    def _can_be(self) -> "DatabaseSettings":
        problems = []
        if self.version and self.version not in self.dialect.versions:
            problems.append(f"version {self.version!r} of {self.dialect.engine} is not one of {', '.join(self.dialect.versions)}")
        if self.readers and not self.aurora:
            problems.append("readers needs deployment aurora or aurora-serverless")
        if self.max_storage_gb is not None and self.max_storage_gb < self.storage_gb:
            problems.append(f"max_storage_gb {self.max_storage_gb} is less than storage_gb {self.storage_gb}")
        if self.instance_class is not None and self.deployment is Deployment.AURORA_SERVERLESS:
            problems.append("instance_class has no meaning with deployment aurora-serverless; say size")
        if self.deletion_protection and not self.keeps:
            problems.append("removal: delete needs deletion_protection: false, else AWS refuses to delete it")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class DatabaseArgs(DatabaseSettings):
    """A private, encrypted database, and where it stands."""

    network: NetworkPlace = Field(description="Where it stands: subnets that lead nowhere, such as the tier `database`. Required.")
