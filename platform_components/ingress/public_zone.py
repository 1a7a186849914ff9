"""PublicZone: a public Route 53 zone that is signed, logged and delegated.

Builds the zone, its signing key and signature, its query log, and the records in the zone above. Does not build records of services:
external-dns writes those.
"""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from platform_components.component import PlatformComponent
from platform_components.ingress.documents import DNS_REGION, query_log_policy, signing_key_policy
from platform_components.ingress.zone_args import Delegation, PublicZoneArgs
from platform_components.locate import locate
from platform_components.names import child_name
from platform_components.network.documents import logs_key_policy
from platform_components.tags import MANAGED_BY, merge_tags

DELEGATION_SECONDS = 3600
"""How long resolvers remember where the zone is."""
KEY_DELETION_DAYS = 30


class PublicZone(PlatformComponent):
    """A public zone for an environment's domain.

    Example::

        PublicZone("prod", PublicZoneArgs(
            domain="prod.example.com", delegation={"zone_id": "Z0ABC", "role_arn": "arn:aws:iam::111122223333:role/dns"}))

    With `dnssec` a delegation also carries the zone's DS record. To stop signing, take the DS record out of the zone above a day before,
    else resolvers refuse every answer: `dnssec: false` in one step is an outage.
    """

    zone_id: pulumi.Output[str]
    """Id of the zone."""
    zone_arn: pulumi.Output[str]
    """ARN of the zone."""
    domain: pulumi.Output[str]
    """Domain of the zone."""
    name_servers: pulumi.Output[Sequence[str]]
    """Name servers, for the NS record in the zone above."""
    ds_record: pulumi.Output[str | None]
    """DS record for the zone above; none without dnssec."""

    def __init__(self, name: str, args: PublicZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._args = args
        self._place = locate(self).place
        self._zone = aws.route53.Zone(
            child_name(name, "zone"),
            name=args.domain,
            comment=f"Public names of {args.domain}",
            tags=self._tags("zone"),
            opts=self.child_options(),
        )
        if args.query_logs:
            self._create_query_log()
        key = self._sign() if args.dnssec else None
        if args.delegation is not None:
            self._delegate(args.delegation, key)
        self.zone_id, self.zone_arn, self.name_servers = self._zone.zone_id, self._zone.arn, self._zone.name_servers
        self.domain = self._zone.name
        self.ds_record = pulumi.Output.from_input(key.ds_record if key is not None else None)
        self.register()

    def _tags(self, role: str) -> dict[str, str]:
        return merge_tags({"Name": child_name(self._name, role), "ManagedBy": MANAGED_BY}, self._args.tags)

    def _create_query_log(self) -> None:
        """Queries go to a log group whose name Route 53 prescribes, in the one region it writes to."""
        group_name = f"/aws/route53/{self._args.domain}"
        key = aws.kms.Key(
            child_name(self._name, "dns-logs"),
            description=f"Query logs of {self._args.domain}",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_DAYS,
            policy=self._place.apply(lambda at: json.dumps(logs_key_policy(partition=at.partition, region=DNS_REGION, account=at.account))),
            region=DNS_REGION,
            tags=self._tags("dns-logs"),
            opts=self.child_options(),
        )
        group = aws.cloudwatch.LogGroup(
            child_name(self._name, "dns-logs"),
            name=group_name,
            retention_in_days=self._args.retention_days,
            kms_key_id=key.arn,
            region=DNS_REGION,
            tags=self._tags("dns-logs"),
            opts=self.child_options(),
        )
        policy = aws.cloudwatch.LogResourcePolicy(
            child_name(self._name, "dns-logs"),
            policy_name=f"route53-{self._args.domain.replace('.', '-')}",
            policy_document=self._place.apply(lambda at: json.dumps(query_log_policy(at, group_name))),
            region=DNS_REGION,
            opts=self.child_options(),
        )
        aws.route53.QueryLog(
            child_name(self._name, "dns-logs"),
            zone_id=self._zone.zone_id,
            cloudwatch_log_group_arn=group.arn,
            opts=self.child_options(depends_on=[policy]),
        )

    def _sign(self) -> aws.route53.KeySigningKey:
        key = aws.kms.Key(
            child_name(self._name, "dnssec"),
            description=f"Signatures of {self._args.domain}",
            # Route 53 takes this kind only, and asymmetric keys do not rotate by themselves.
            customer_master_key_spec="ECC_NIST_P256",
            key_usage="SIGN_VERIFY",
            deletion_window_in_days=KEY_DELETION_DAYS,
            policy=self._place.apply(lambda at: json.dumps(signing_key_policy(at))),
            region=DNS_REGION,
            tags=self._tags("dnssec"),
            opts=self.child_options(),
        )
        signer = aws.route53.KeySigningKey(
            child_name(self._name, "dnssec"),
            hosted_zone_id=self._zone.zone_id,
            key_management_service_arn=key.arn,
            name="platform",
            status="ACTIVE",
            opts=self.child_options(),
        )
        aws.route53.HostedZoneDnsSec(
            child_name(self._name, "dnssec"),
            hosted_zone_id=self._zone.zone_id,
            signing_status="SIGNING",
            opts=self.child_options(depends_on=[signer]),
        )
        return signer

    def _delegate(self, above: Delegation, key: aws.route53.KeySigningKey | None) -> None:
        options = self.child_options()
        if above.role_arn is not None:
            other = aws.Provider(
                child_name(self._name, "zone-above"),
                region=DNS_REGION,
                assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=above.role_arn, session_name=self._name)],
                opts=self.child_options(),
            )
            options = self.child_options(provider=other)
        records = {"NS": self._zone.name_servers, **({"DS": key.ds_record.apply(lambda record: [record])} if key is not None else {})}
        for kind, values in records.items():
            aws.route53.Record(
                child_name(self._name, "above", kind.lower()),
                zone_id=above.zone_id,
                name=self._args.domain,
                type=kind,
                ttl=DELEGATION_SECONDS,
                records=values,
                opts=options,
            )
