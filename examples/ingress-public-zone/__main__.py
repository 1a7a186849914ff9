"""A signed and logged zone below one of another account; load balancers, names and a firewall for an existing cluster."""

import pulumi

import platform_components as platform

TAGS = {"Environment": "production", "Team": "shop"}

arn = pulumi.Config().require("cluster")
around = {
    "cluster": platform.ClusterRef(name=arn.rpartition("/")[2], arn=arn),
    "environment": "shop",
    "region": "eu-west-1",
    "vpc_id": "vpc-0123456789abcdef0",
    "domain": "shop.example.com",
}
zone = platform.PublicZone(
    "shop",
    platform.PublicZoneArgs(
        domain="shop.example.com",
        tags=TAGS,
        delegation={"zone_id": "Z0123456789ABCDEFGHIJ", "role_arn": "arn:aws:iam::210987654321:role/dns-writer"},
    ),
)
zones = {"shop.example.com": zone.zone_id}
kinds = platform.AddonRelease("shop", platform.AddonReleaseArgs(addon="prometheus-operator-crds", **around))
certificates = platform.Certificates("shop", platform.CertificatesArgs(**around, zones=zones), pulumi.ResourceOptions(depends_on=[kinds]))
ingress = platform.Ingress(
    "shop", platform.IngressArgs(**around, zones=zones, tags=TAGS), pulumi.ResourceOptions(depends_on=[certificates])
)

pulumi.export("zone", zone.zone_id)
pulumi.export("name_servers", zone.name_servers)
pulumi.export("public_class", ingress.public_class_name)
pulumi.export("issuer", certificates.public_issuer)
