"""Database: PostgreSQL or MySQL, on RDS, Aurora or Aurora Serverless v2.

Builds the database, its key, network, parameters, log groups, alarms and dashboard, and what grants need. Does not build the users inside:
`login_sql` says how they are made; read replicas in other regions and proxies.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from platform_components.data.connection import Access, Connection
from platform_components.data.database_args import GROWTH, DatabaseArgs
from platform_components.data.documents import logs_encrypt
from platform_components.data.engines import CAPACITIES, Deployment, Size, login_statements, vault_statements
from platform_components.data.grants import database_statements
from platform_components.data.monitoring import CAPACITY, DATABASE, STORAGE
from platform_components.data.store import Identity, Store, granted
from platform_components.identity.workload_identity import WorkloadIdentity
from platform_components.names import child_name
from platform_components.secrets.reference import SecretReference, SecretStore
from platform_components.secrets.tenancy import database_role

USERS: Mapping[Access, str] = {Access.READ: "reader", Access.WRITE: "writer"}
"""Users that IAM lets in, by what they may do."""


class Database(Store):
    """A private, encrypted PostgreSQL or MySQL that refuses plain connections and keeps its master password to itself.

    Whoever is granted something logs in with an IAM token. Example::

        orders = Database("orders", DatabaseArgs(network=NetworkPlace(vpc_id=vpc_id, subnet_ids=subnet_ids)))
        connection = orders.grant_write(ledger)
    """

    endpoint: pulumi.Output[str]
    """Host name of what takes writes."""
    reader_endpoint: pulumi.Output[str | None]
    """Host name of the copies that read; none but with Aurora."""
    port: pulumi.Output[int]
    """Port of the endpoints."""
    arn: pulumi.Output[str]
    """ARN of the instance or the cluster."""
    identifier: pulumi.Output[str]
    """Identifier of the instance or the cluster."""
    security_group_id: pulumi.Output[str]
    """Security group of the database."""
    master_secret_arn: pulumi.Output[str]
    """ARN of the secret in which RDS keeps and rotates the master password; no grant reads it."""
    key_arn: pulumi.Output[str | None]
    """ARN of its key; none where AWS manages it."""
    login_sql: pulumi.Output[Sequence[str]]
    """SQL that makes the users whom IAM lets in; run once, by whoever may read the master secret."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self.port = pulumi.Output.from_input(args.dialect.port)
        logs = f"/aws/rds/{'cluster' if args.aurora else 'instance'}/{name}-*"
        key = self.create_key(lambda at: logs_encrypt(at, logs))
        self._key = key
        self.identifier = self._identify()
        self.security_group_id = self.create_group(args.network.vpc_id).id
        self._groups = self._create_logs()
        subnets = aws.rds.SubnetGroup(
            child_name(name, "subnets"),
            description=f"Database {name}",
            subnet_ids=args.network.subnet_ids,
            tags=self.child_tags(child_name(name, "subnets")),
            opts=self.child_options(),
        )
        made = self._create_cluster(subnets) if args.aurora else self._create_instance(subnets)
        self._resource_id = made.cluster_resource_id if isinstance(made, aws.rds.Cluster) else made.resource_id
        self.endpoint = made.endpoint if isinstance(made, aws.rds.Cluster) else made.address
        self.reader_endpoint = pulumi.Output.from_input(made.reader_endpoint if isinstance(made, aws.rds.Cluster) else None)
        self.arn = made.arn
        self.master_secret_arn = made.master_user_secrets.apply(lambda found: str(found[0].secret_arn))
        self.key_arn = pulumi.Output.from_input(key)
        sql = [line for access, user in USERS.items() for line in login_statements(args.engine, access.value, user, args.database)]
        self.login_sql = pulumi.Output.from_input(sql)
        self.register()

    @property
    def connection(self) -> Connection:
        """How to reach it; nobody's role yet, and the master secret."""
        return Connection(
            kind="database",
            name=self._args.database,
            endpoint=self.endpoint,
            reader_endpoint=self.reader_endpoint if self._args.aurora else None,
            port=self._args.dialect.port,
            arn=self.arn,
            secret=SecretReference(store=SecretStore.AWS, reference=self.master_secret_arn),
        )

    def grant_read(self, identity: Identity) -> Connection:
        """Let an identity in as the user who reads, through IAM, the network and, where it has one, Vault."""
        return self._grant(identity, Access.READ)

    def grant_write(self, identity: Identity) -> Connection:
        """Let an identity in as the user who reads and writes."""
        return self._grant(identity, Access.WRITE)

    def _grant(self, identity: Identity, access: Access) -> Connection:
        user = USERS[access]
        arn = pulumi.Output.all(self._place, self._resource_id).apply(lambda at: at[0].arn("rds-db", f"dbuser:{at[1]}/{user}"))
        role_arn = self.allow(identity, access, database_statements(arn))
        network = self.open(identity, self.security_group_id, self._args.dialect.port)
        found = granted(self.connection, role_arn, (access,), network)
        return found.model_copy(update={"user": user, "secret": self._vault_role(identity, access)})

    def _vault_role(self, identity: Identity, access: Access) -> SecretReference | None:
        """A role of Vault's database engine for one identity; none where the database has no Vault."""
        vault = self._args.vault
        if vault is None:
            return None
        import pulumi_vault  # noqa: PLC0415 -- only with Vault

        ref = identity.ref() if isinstance(identity, WorkloadIdentity) else identity
        role = pulumi_vault.database.SecretBackendRole(
            child_name(self._name, access.value, ref.name, "vault"),
            name=database_role(ref.team or vault.team, self._name, access.value, ref.name),
            backend=vault.mount,
            db_name=vault.connection,
            creation_statements=list(vault_statements(self._args.engine, access.value, self._args.database)),
            default_ttl=vault.ttl_seconds,
            max_ttl=vault.ttl_seconds * 24,
            opts=self.child_options(),
        )
        return SecretReference(store=SecretStore.VAULT, reference=pulumi.Output.concat(vault.mount, "/creds/", role.name))

    def _identify(self) -> pulumi.Output[str]:
        """An identifier that is known before the database is, for its log groups, and another one for whatever would replace it."""
        args = self._args
        replaced_by = {"engine": args.engine.value, "deployment": args.deployment.value, "database": args.database}
        suffix = random.RandomId(child_name(self._name, "suffix"), byte_length=3, keepers=replaced_by, opts=self.child_options())
        return pulumi.Output.concat(self._name, "-", suffix.hex)

    def _create_logs(self) -> list[aws.cloudwatch.LogGroup]:
        """Log groups before RDS makes them without key and end."""
        kind = "cluster" if self._args.aurora else "instance"
        return [
            aws.cloudwatch.LogGroup(
                child_name(self._name, "logs", log),
                name=pulumi.Output.concat(f"/aws/rds/{kind}/", self.identifier, f"/{log}"),
                retention_in_days=self._args.logs_days,
                kms_key_id=self._key,
                tags=self.child_tags(child_name(self._name, "logs", log)),
                opts=self.child_options(retain_on_delete=self._args.keeps or None),
            )
            for log in self._args.dialect.logs
        ]

    def _common(self) -> dict[str, Any]:
        """What instances and clusters call the same."""
        args = self._args
        return {
            "engine": args.dialect.engine,
            # A major version only: RDS chooses and raises the minor one, which then is no drift.
            "engine_version": args.major,
            "allow_major_version_upgrade": True,
            "engine_lifecycle_support": "open-source-rds-extended-support-disabled",
            "port": args.dialect.port,
            "storage_encrypted": True,
            "kms_key_id": self._key,
            "manage_master_user_password": True,
            "master_user_secret_kms_key_id": self._key,
            "iam_database_authentication_enabled": True,
            "vpc_security_group_ids": [self.security_group_id],
            "backup_retention_period": args.backup_days,
            "copy_tags_to_snapshot": True,
            "deletion_protection": args.deletion_protection,
            "delete_automated_backups": not args.keeps,
            "skip_final_snapshot": not args.keeps,
            "final_snapshot_identifier": pulumi.Output.concat(self.identifier, "-final") if args.keeps else None,
            "enabled_cloudwatch_logs_exports": list(args.dialect.logs),
        }

    def _create_instance(self, subnets: aws.rds.SubnetGroup) -> aws.rds.Instance:
        args = self._args
        insights = args.insights and args.size is not Size.MICRO
        group = child_name(self._name, "parameters", args.family)
        parameters = aws.rds.ParameterGroup(
            # Keyed by the family: the next major version has a group of its own, and this one goes when nothing uses it any more.
            group,
            family=args.family,
            description=f"Database {self._name}: TLS only",
            parameters=[aws.rds.ParameterGroupParameterArgs(name=name, value=value) for name, value in args.dialect.tls.items()],
            tags=self.child_tags(group),
            opts=self.child_options(),
        )
        instance = aws.rds.Instance(
            self._name,
            **self._common(),
            identifier=self.identifier,
            instance_class=args.class_name,
            allocated_storage=args.storage_gb,
            max_allocated_storage=args.max_storage_gb or args.storage_gb * GROWTH,
            storage_type="gp3",
            db_name=args.database,
            username="master",
            multi_az=args.standby,
            publicly_accessible=False,
            db_subnet_group_name=subnets.name,
            parameter_group_name=parameters.name,
            backup_window=args.backup_window,
            maintenance_window=args.maintenance_window,
            auto_minor_version_upgrade=True,
            blue_green_update=aws.rds.InstanceBlueGreenUpdateArgs(enabled=True) if args.blue_green else None,
            performance_insights_enabled=insights,
            performance_insights_kms_key_id=self._key if insights else None,
            tags=self.child_tags(self._name),
            opts=pulumi.ResourceOptions.merge(self.data_options(), pulumi.ResourceOptions(depends_on=self._groups)),
        )
        dimensions = {"DBInstanceIdentifier": instance.identifier}
        self.watch(DATABASE, dimensions)
        self.watch(STORAGE, dimensions)
        return instance

    def _create_cluster(self, subnets: aws.rds.SubnetGroup) -> aws.rds.Cluster:
        args = self._args
        serverless = args.deployment is Deployment.AURORA_SERVERLESS
        least, most = CAPACITIES[args.size]
        group = child_name(self._name, "parameters", args.family.replace(".", "-"))
        parameters = aws.rds.ClusterParameterGroup(
            group,
            family=args.family,
            description=f"Database {self._name}: TLS only",
            parameters=[aws.rds.ClusterParameterGroupParameterArgs(name=name, value=value) for name, value in args.dialect.tls.items()],
            tags=self.child_tags(group),
            opts=self.child_options(),
        )
        cluster = aws.rds.Cluster(
            self._name,
            **self._common(),
            cluster_identifier=self.identifier,
            database_name=args.database,
            master_username="master",
            db_subnet_group_name=subnets.name,
            db_cluster_parameter_group_name=parameters.name,
            preferred_backup_window=args.backup_window,
            preferred_maintenance_window=args.maintenance_window,
            serverlessv2_scaling_configuration=aws.rds.ClusterServerlessv2ScalingConfigurationArgs(min_capacity=least, max_capacity=most)
            if serverless
            else None,
            tags=self.child_tags(self._name),
            opts=pulumi.ResourceOptions.merge(self.data_options(), pulumi.ResourceOptions(depends_on=self._groups)),
        )
        for role in ("writer", *(["standby"] if args.standby else []), *(f"reader-{number + 1}" for number in range(args.readers))):
            name = child_name(self._name, role)
            aws.rds.ClusterInstance(
                name,
                cluster_identifier=cluster.id,
                engine=aws.rds.EngineType(args.dialect.engine),
                instance_class=args.class_name,
                db_subnet_group_name=subnets.name,
                publicly_accessible=False,
                auto_minor_version_upgrade=True,
                # Who takes over: the standby, before any reader.
                promotion_tier=15 if role.startswith("reader") else 1,
                performance_insights_enabled=args.insights,
                performance_insights_kms_key_id=self._key if args.insights else None,
                tags=self.child_tags(name),
                opts=self.child_options(),
            )
        dimensions = {"DBClusterIdentifier": cluster.cluster_identifier}
        self.watch(DATABASE, dimensions)
        if serverless:
            self.watch(CAPACITY, dimensions)
        return cluster
