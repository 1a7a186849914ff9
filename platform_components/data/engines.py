"""What differs between database engines, as data: families of parameters, switches, logs, ports, sizes. Pure.

Sources, read on 2026-11-27, below https://docs.aws.amazon.com/AmazonRDS/latest/: UserGuide/CHAP_PostgreSQL.html, UserGuide/CHAP_MySQL.html,
AuroraUserGuide/aurora-serverless-v2.html, and for logins by IAM UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Engine(StrEnum):
    """Which SQL is spoken."""

    POSTGRESQL = "postgresql"
    MYSQL = "mysql"


class Deployment(StrEnum):
    """Who keeps the copies."""

    INSTANCE = "instance"
    """RDS: one instance and, in production, a standby in another zone."""
    AURORA = "aurora"
    """Aurora: storage in three zones, and instances of a fixed size over it."""
    AURORA_SERVERLESS = "aurora-serverless"
    """Aurora Serverless v2: instances that grow and shrink with the load."""


class Size(StrEnum):
    """How big, by name; `DatabaseArgs.instance_class` says it exactly."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    XLARGE = "xlarge"
    XXLARGE = "2xlarge"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One engine in one form."""

    engine: str
    """Its name in RDS."""
    family: str
    """Beginning of the parameter group family; the version follows."""
    port: int
    tls: Mapping[str, str]
    """Parameters that refuse plain connections."""
    logs: Sequence[str]
    """Logs that leave the database."""
    versions: Sequence[str]
    """Major versions in standard support."""


_FORCED, _SECURE = {"rds.force_ssl": "1"}, {"require_secure_transport": "ON"}

DIALECTS: Mapping[tuple[Engine, bool], Dialect] = {
    (Engine.POSTGRESQL, False): Dialect("postgres", "postgres", 5432, _FORCED, ("postgresql", "upgrade"), ("17", "16", "15")),
    (Engine.POSTGRESQL, True): Dialect("aurora-postgresql", "aurora-postgresql", 5432, _FORCED, ("postgresql",), ("17", "16", "15")),
    (Engine.MYSQL, False): Dialect("mysql", "mysql", 3306, _SECURE, ("error", "slowquery"), ("8.4",)),
    (Engine.MYSQL, True): Dialect("aurora-mysql", "aurora-mysql", 3306, _SECURE, ("error", "slowquery"), ("8.4", "8.0")),
}
"""Engine, and whether it is Aurora's, to how RDS calls and runs it."""

INSTANCE_CLASSES: Mapping[Size, str] = {
    Size.MICRO: "db.t4g.micro",
    Size.SMALL: "db.t4g.medium",
    Size.MEDIUM: "db.m7g.large",
    Size.LARGE: "db.m7g.xlarge",
    Size.XLARGE: "db.m7g.2xlarge",
    Size.XXLARGE: "db.m7g.4xlarge",
}
"""Of RDS: 1, 4, 8, 16, 32 and 64 GiB of memory."""

AURORA_CLASSES: Mapping[Size, str] = {
    Size.MICRO: "db.t4g.medium",
    Size.SMALL: "db.t4g.large",
    Size.MEDIUM: "db.r7g.large",
    Size.LARGE: "db.r7g.xlarge",
    Size.XLARGE: "db.r7g.2xlarge",
    Size.XXLARGE: "db.r7g.4xlarge",
}
"""Of Aurora, which starts higher: 4, 8, 16, 32, 64 and 128 GiB of memory."""

CAPACITIES: Mapping[Size, tuple[float, float]] = {
    Size.MICRO: (0.5, 2),
    Size.SMALL: (0.5, 4),
    Size.MEDIUM: (1, 16),
    Size.LARGE: (2, 32),
    Size.XLARGE: (4, 64),
    Size.XXLARGE: (8, 128),
}
"""Of Aurora Serverless v2: least and most capacity units, about 2 GiB of memory each."""

LOGINS: Mapping[Engine, Mapping[str, Sequence[str]]] = {
    Engine.POSTGRESQL: {
        "read": (
            'CREATE USER "{user}"',
            'GRANT rds_iam, pg_read_all_data TO "{user}"',
        ),
        "write": (
            'CREATE USER "{user}"',
            'GRANT rds_iam, pg_read_all_data, pg_write_all_data TO "{user}"',
        ),
    },
    Engine.MYSQL: {
        "read": (
            "CREATE USER '{user}' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL",
            "GRANT SELECT, SHOW VIEW ON `{database}`.* TO '{user}'",
        ),
        "write": (
            "CREATE USER '{user}' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL",
            "GRANT SELECT, SHOW VIEW, INSERT, UPDATE, DELETE, EXECUTE ON `{database}`.* TO '{user}'",
        ),
    },
}
"""SQL that makes the two users whom IAM lets in; run once, by whoever holds the master secret."""


def login_statements(engine: Engine, access: str, user: str, database: str) -> tuple[str, ...]:
    """SQL that makes one user."""
    return tuple(statement.format(user=user, database=database) for statement in LOGINS[engine][access])


VAULT_LOGINS: Mapping[Engine, Mapping[str, Sequence[str]]] = {
    Engine.POSTGRESQL: {
        "read": (
            "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'",
            'GRANT pg_read_all_data TO "{{name}}"',
        ),
        "write": (
            "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'",
            'GRANT pg_read_all_data, pg_write_all_data TO "{{name}}"',
        ),
    },
    Engine.MYSQL: {
        "read": (
            "CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}' REQUIRE SSL",
            "GRANT SELECT, SHOW VIEW ON `DATABASE`.* TO '{{name}}'@'%'",
        ),
        "write": (
            "CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}' REQUIRE SSL",
            "GRANT SELECT, SHOW VIEW, INSERT, UPDATE, DELETE, EXECUTE ON `DATABASE`.* TO '{{name}}'@'%'",
        ),
    },
}
"""SQL by which Vault makes a user for one lease; `{{...}}` is Vault's to fill in, DATABASE is ours."""


def vault_statements(engine: Engine, access: str, database: str) -> tuple[str, ...]:
    """SQL by which Vault makes a user for one lease."""
    return tuple(statement.replace("DATABASE", database) for statement in VAULT_LOGINS[engine][access])
