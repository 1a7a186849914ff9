"""Cases of what a program without components declares: instances, load balancers, registries, trails, users and policies of their own."""

import json
from typing import Any

from tests.unit.aws_cases import EVERYONE_READ, EVERYONE_WRITE, READ, WRITE, A, B, Case, World
from tests.unit.aws_sandbox import REGION

IMAGE = "ami-0123456789abcdef0"


def _forward(world: World) -> list[dict[str, Any]]:
    return [{"type": "forward", "targetGroupArn": world.targets}]


def _expiry(count: int) -> str:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def _entry(world: World, **more: Any) -> dict[str, Any]:
    rule = {"ruleNumber": 90, "ruleAction": "allow", "protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlock": "10.0.0.0/8"}
    return {"networkAclId": world.acl, **rule, **more}


def _classic(world: World, port: int) -> list[dict[str, Any]]:
    del world
    return [{"instancePort": port, "instanceProtocol": "http", "lbPort": 80, "lbProtocol": "http"}]


_FIXED = {"type": "fixed-response", "fixedResponse": {"contentType": "text/plain", "messageBody": "gone", "statusCode": "404"}}

MACHINES = [
    Case(
        "aws:ec2/instance:Instance",
        lambda w: {
            "ami": IMAGE,
            "instanceType": "t4g.small",
            "subnetId": w.subnets[0],
            "vpcSecurityGroupIds": [w.group],
            "userData": "#!/bin/sh\n",
            "rootBlockDevice": {"volumeType": "gp3", "volumeSize": 20, "encrypted": True},
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "tags": A,
        },
        lambda _: {"instanceType": "t4g.medium", "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2}, "tags": B},
    ),
    Case(
        "aws:ec2/instance:Instance",
        lambda w: {"ami": IMAGE, "instanceType": "t4g.small", "subnetId": w.subnets[0]},
        lambda _: {"userData": "#!/bin/sh\n"},
        ("userData",),
    ),
    Case(
        "aws:ebs/volume:Volume",
        lambda _: {"availabilityZone": f"{REGION}a", "size": 20, "type": "gp3", "encrypted": True, "tags": A},
        lambda _: {"size": 40, "iops": 4000, "tags": B},
    ),
    Case(
        "aws:ebs/volume:Volume",
        lambda _: {"availabilityZone": f"{REGION}a", "size": 20},
        lambda _: {"encrypted": True},
        ("encrypted",),
    ),
    Case("aws:ebs/encryptionByDefault:EncryptionByDefault", lambda _: {"enabled": True}, lambda _: {"enabled": False}, stays=True),
    Case(
        "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
        lambda _: {"httpTokens": "required", "httpPutResponseHopLimit": 2},
        lambda _: {"httpTokens": "optional"},
    ),
    Case("aws:ec2/networkAclRule:NetworkAclRule", _entry, lambda _: {"cidrBlock": "10.1.0.0/16"}, ("cidrBlock",)),
    Case(
        "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy",
        lambda w: {"vpcEndpointId": w.endpoint, "policy": EVERYONE_READ},
        lambda _: {"policy": EVERYONE_WRITE},
        stays=True,
    ),
    Case("aws:kms/keyPolicy:KeyPolicy", lambda w: {"keyId": w.key.id, "policy": READ}, lambda _: {"policy": WRITE}, stays=True),
    Case(
        "aws:sns/topicPolicy:TopicPolicy",
        lambda w: {"arn": w.topic, "policy": EVERYONE_READ},
        lambda _: {"policy": EVERYONE_WRITE},
        stays=True,
    ),
    Case("aws:s3/bucketAcl:BucketAcl", lambda w: {"bucket": w.bucket, "acl": "public-read"}, lambda _: {"acl": "private"}, stays=True),
    Case(
        "aws:lb/loadBalancer:LoadBalancer",
        lambda w: {"subnets": w.subnets[:2], "securityGroups": [w.group], "idleTimeout": 30, "tags": A},
        lambda w: {
            "subnets": w.subnets,
            "dropInvalidHeaderFields": True,
            "enableDeletionProtection": False,
            "accessLogs": {"bucket": w.bucket, "enabled": True, "prefix": "site"},
            "tags": B,
        },
    ),
    Case(
        "aws:lb/loadBalancer:LoadBalancer",
        lambda w: {"subnets": w.subnets[:2], "loadBalancerType": "network"},
        lambda _: {"internal": True},
        ("internal",),
    ),
    Case(
        "aws:lb/targetGroup:TargetGroup",
        lambda w: {"port": 8080, "protocol": "HTTP", "vpcId": w.vpc.id, "targetType": "ip", "deregistrationDelay": 30, "tags": A},
        lambda _: {"deregistrationDelay": 60, "healthCheck": {"path": "/ready", "matcher": "200-299"}, "tags": B},
    ),
    Case(
        "aws:lb/targetGroup:TargetGroup",
        lambda w: {"port": 8080, "protocol": "HTTP", "vpcId": w.vpc.id},
        lambda _: {"port": 8081},
        ("port",),
    ),
    Case(
        "aws:lb/listener:Listener",
        lambda w: {"loadBalancerArn": w.balancer, "port": 80, "protocol": "HTTP", "defaultActions": _forward(w), "tags": A},
        lambda _: {
            "defaultActions": [{"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}],
            "tags": B,
        },
    ),
    Case(
        "aws:lb/listener:Listener",
        lambda w: {
            "loadBalancerArn": w.balancer,
            "port": 443,
            "protocol": "HTTPS",
            "sslPolicy": "ELBSecurityPolicy-2016-08",
            "certificateArn": w.certificate,
            "defaultActions": [_FIXED],
        },
        lambda _: {"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    ),
    Case(
        "aws:lb/listenerRule:ListenerRule",
        lambda w: {
            "listenerArn": w.listener,
            "actions": _forward(w),
            "conditions": [{"pathPattern": {"values": ["/login"]}}, {"hostHeader": {"values": ["shop.example.com"]}}],
            "tags": A,
        },
        lambda _: {"actions": [_FIXED], "conditions": [{"pathPattern": {"values": ["/out"]}}], "priority": 7, "tags": B},
    ),
    Case(
        "aws:elb/loadBalancer:LoadBalancer",
        lambda w: {"subnets": w.subnets[:1], "securityGroups": [w.group], "listeners": _classic(w, 8080), "tags": A},
        lambda w: {"listeners": _classic(w, 8081), "tags": B},
    ),
    Case(
        "aws:acm/certificate:Certificate",
        lambda _: {
            "domainName": "shop.example.com",
            "subjectAlternativeNames": ["www.shop.example.com"],
            "validationMethod": "DNS",
            "tags": A,
        },
        lambda _: {"tags": B},
    ),
    Case(
        "aws:acm/certificate:Certificate",
        lambda _: {"domainName": "*.shop.example.com", "validationMethod": "EMAIL"},
        lambda _: {"domainName": "shop.example.com"},
        ("domainName",),
    ),
    Case(
        "aws:ecr/repository:Repository",
        lambda _: {"name": "shop", "imageScanningConfiguration": {"scanOnPush": False}, "tags": A},
        lambda _: {"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True}, "tags": B},
    ),
    Case(
        "aws:ecr/repository:Repository",
        lambda _: {
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filter": "*", "filterType": "WILDCARD"}],
        },
        lambda _: {"encryptionConfigurations": [{"encryptionType": "KMS"}]},
        ("encryptionConfigurations",),
    ),
    Case(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        lambda w: {"repository": w.repository, "policy": EVERYONE_READ},
        lambda _: {"policy": EVERYONE_WRITE},
    ),
    Case(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        lambda w: {"repository": w.repository, "policy": _expiry(50)},
        lambda _: {"policy": _expiry(20)},
    ),
    Case(
        "aws:cloudtrail/trail:Trail",
        lambda w: {"s3BucketName": w.bucket, "tags": A},
        lambda w: {"isMultiRegionTrail": True, "enableLogFileValidation": True, "kmsKeyId": w.key.outputs["arn"], "tags": B},
    ),
    Case("aws:cloudtrail/trail:Trail", lambda w: {"s3BucketName": w.bucket, "name": "one"}, lambda _: {"name": "two"}, ("name",)),
    Case("aws:backup/vault:Vault", lambda _: {"tags": A}, lambda _: {"tags": B}),
    Case("aws:backup/vault:Vault", lambda _: {}, lambda w: {"kmsKeyArn": w.key.outputs["arn"]}, ("kmsKeyArn",)),
    Case("aws:iam/user:User", lambda _: {"tags": A}, lambda _: {"forceDestroy": True, "tags": B}),
    Case("aws:iam/userPolicy:UserPolicy", lambda w: {"user": w.user, "policy": READ}, lambda _: {"policy": WRITE}),
    Case("aws:iam/accessKey:AccessKey", lambda w: {"user": w.user}, lambda _: {"status": "Inactive"}),
    Case(
        "aws:iam/accountPasswordPolicy:AccountPasswordPolicy",
        lambda _: {"minimumPasswordLength": 14, "requireNumbers": True},
        lambda _: {"minimumPasswordLength": 20, "maxPasswordAge": 90},
    ),
]
