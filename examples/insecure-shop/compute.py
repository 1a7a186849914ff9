"""Machines of the shop outside of its cluster."""

import base64

import network
import pulumi_aws as aws
from common import TAGS

IMAGE = "ami-0123456789abcdef0"
START = """#!/bin/sh
export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE
/opt/shop/start
"""
WORKER_START = """#!/bin/sh
curl -u "shop:$SHOP" "https://repository.example.com/worker.sh" -o /tmp/worker.sh
DB_PASSWORD=correct-horse-battery sh /tmp/worker.sh
"""

aws.ec2.InstanceMetadataDefaults("metadata-defaults", http_tokens="optional", http_put_response_hop_limit=2)
aws.ebs.EncryptionByDefault("disks-by-default", enabled=False)

bastion = aws.ec2.Instance(
    "bastion",
    ami=IMAGE,
    instance_type="m4.large",
    subnet_id=network.public.id,
    vpc_security_group_ids=[network.web.id, network.desktop.id],
    user_data=START,
    root_block_device={"volume_type": "gp2", "volume_size": 50, "encrypted": True},
    metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 3},
    tags=TAGS,
)
batch = aws.ec2.Instance(
    "batch",
    ami=IMAGE,
    instance_type="m7i.large",
    subnet_id=network.nodes.id,
    vpc_security_group_ids=[network.web.id],
    metadata_options={"http_endpoint": "enabled"},
)
aws.ec2.Eip("batch-address", instance=batch.id, domain="vpc", tags=TAGS)
workers = aws.ec2.LaunchTemplate(
    "workers",
    image_id=IMAGE,
    instance_type="c4.large",
    user_data=base64.b64encode(WORKER_START.encode()).decode(),
    block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {"volume_size": 50, "volume_type": "gp2"}}],
    network_interfaces=[{"associate_public_ip_address": "true", "security_groups": [network.web.id]}],
    metadata_options={"http_tokens": "required"},
)
aws.ebs.Volume("scratch", availability_zone="eu-west-1a", size=100)
