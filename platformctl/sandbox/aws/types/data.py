"""Subnet groups of databases and caches."""

from platformctl.sandbox.aws.rows import TAG_LIST, Call, F, Name, Row, Scope, Tags, Update, arn, rows, untag

_DB_KEY = {"DBSubnetGroupName": "$id"}
_DB_PARAMS = {"DBSubnetGroupDescription": "$description", "SubnetIds": "$subnetIds"}


def _vpc_of_subnets(scope: Scope) -> str:
    return str(scope.call("ec2", "describe_subnets", SubnetIds=scope.new["subnetIds"][:1])["Subnets"][0]["VpcId"])


ROWS = rows(
    Row(
        "aws:rds/subnetGroup:SubnetGroup",
        "rds",
        create=Call("create_db_subnet_group", {"DBSubnetGroupName": "$name", **_DB_PARAMS, "Tags": TAG_LIST}),
        id="DBSubnetGroup.DBSubnetGroupName",
        read=Call("describe_db_subnet_groups", _DB_KEY, at="DBSubnetGroups[0]"),
        props={
            "arn": "DBSubnetGroupArn",
            "name": "DBSubnetGroupName",
            "description": "DBSubnetGroupDescription",
            "subnetIds": "Subnets[].SubnetIdentifier",
            "supportedNetworkTypes": "SupportedNetworkTypes",
            "vpcId": "VpcId",
        },
        # moto loses a group that is modified, so that it is made anew.
        updates=(
            Update(
                ("description", "subnetIds"),
                (
                    Call("delete_db_subnet_group", _DB_KEY),
                    Call("create_db_subnet_group", {"DBSubnetGroupName": "$name", **_DB_PARAMS, "Tags": TAG_LIST}),
                ),
            ),
        ),
        delete=(Call("delete_db_subnet_group", _DB_KEY),),
        defaults={"description": "Managed by Pulumi"},
        name=Name(lower=True),
        tags=Tags(
            read=Call("list_tags_for_resource", {"ResourceName": F(lambda scope: scope.item["DBSubnetGroupArn"])}, at="TagList"),
            add=Call("add_tags_to_resource", {"ResourceName": "$out.arn", "Tags": TAG_LIST}),
            remove=Call("remove_tags_from_resource", {"ResourceName": "$out.arn", "TagKeys": F(untag)}),
        ),
        local=frozenset({"namePrefix"}),
    ),
    # moto makes and lists cache subnet groups, but cannot delete them.
    Row(
        "aws:elasticache/subnetGroup:SubnetGroup",
        "elasticache",
        emulated=False,
        needs=(Call("describe_subnets", {"SubnetIds": "$subnetIds"}, service="ec2"),),
        create=Call(
            "create_cache_subnet_group",
            {
                "CacheSubnetGroupName": "$name",
                "CacheSubnetGroupDescription": "$description",
                "SubnetIds": "$subnetIds",
                "Tags": TAG_LIST,
            },
        ),
        id=F(lambda scope: scope.new["name"]),
        props={"arn": arn("elasticache", "subnetgroup:{id}"), "vpcId": F(_vpc_of_subnets)},
        defaults={"description": "Managed by Pulumi"},
        name=Name(lower=True),
        force_new=frozenset({"name"}),
    ),
)
