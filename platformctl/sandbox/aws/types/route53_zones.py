"""What makes a public zone trustworthy: query logs, which moto keeps, and signing, which it does not know."""

from platformctl.sandbox.aws.rows import Call, F, Row, Scope, rows

_STREAMS = ":*"
"""moto knows a log group by its ARN with this end only; AWS takes it without."""


def _all_streams(scope: Scope) -> str:
    return str(scope.new["cloudwatchLogGroupArn"]).removesuffix(_STREAMS) + _STREAMS


def _key(scope: Scope) -> None:
    """The key has to be there, in its own region: the one that Route 53 signs in, wherever the zone's cluster is."""
    arn = str(scope.new["keyManagementServiceArn"])
    scope.region.cloud.region(arn.split(":")[3]).call("kms", "describe_key", {"KeyId": arn})


_ZONE = Call("get_hosted_zone", {"Id": "$hostedZoneId"})

ROWS = rows(
    Row(
        "aws:route53/queryLog:QueryLog",
        "route53",
        create=Call(
            "create_query_logging_config",
            {"HostedZoneId": "$zoneId", "CloudWatchLogsLogGroupArn": F(_all_streams, ("cloudwatchLogGroupArn",))},
        ),
        id="QueryLoggingConfig.Id",
        read=Call("get_query_logging_config", {"Id": "$id"}, at="QueryLoggingConfig"),
        props={
            "zoneId": "HostedZoneId",
            "cloudwatchLogGroupArn": F(lambda scope: scope.item["CloudWatchLogsLogGroupArn"].removesuffix(_STREAMS)),
            "arn": F(lambda scope: f"arn:{scope.region.partition}:route53:::queryloggingconfig/{scope.id}"),
        },
        delete=(Call("delete_query_logging_config", {"Id": "$id"}),),
    ),
    Row(
        "aws:route53/keySigningKey:KeySigningKey",
        "route53",
        emulated=False,
        needs=(_ZONE, _key),
        create=Call(
            "create_key_signing_key",
            {
                "CallerReference": F(lambda scope: scope.subject.urn[-128:]),
                "HostedZoneId": "$hostedZoneId",
                "KeyManagementServiceArn": "$keyManagementServiceArn",
                "Name": "$name",
                "Status": "$status",
            },
        ),
        id=F(lambda scope: f"{scope.new['hostedZoneId']},{scope.new['name']}"),
        props={
            "keyTag": F(lambda _: 1),
            "dsRecord": F(lambda _: "1 13 2 0000000000000000000000000000000000000000000000000000000000000000"),
        },
        defaults={"status": "ACTIVE"},
        force_new=frozenset({"hostedZoneId", "name", "keyManagementServiceArn"}),
    ),
    Row(
        "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec",
        "route53",
        emulated=False,
        needs=(_ZONE,),
        create=Call("enable_hosted_zone_dnssec", {"HostedZoneId": "$hostedZoneId"}),
        id=F(lambda scope: str(scope.new["hostedZoneId"])),
        defaults={"signingStatus": "SIGNING"},
        force_new=frozenset({"hostedZoneId"}),
    ),
)
