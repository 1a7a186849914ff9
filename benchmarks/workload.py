"""Resources to judge: what a shared cluster of many teams holds, and the AWS resources beside it. The same for the same count, every time.

Most of it is as it should be; one namespace, one application and one AWS service in seven have the faults that reviews find.

    python benchmarks/workload.py kubernetes|manifests|mixed COUNT PATH
"""

import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

APPLICATIONS = 6
"""Applications in a team's namespace."""

FAULTY = 7
"""One in so many is faulty."""

SERVICES = 20
"""Services that share a VPC."""

REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes for a value that is not known before `up`."""

STACK = "urn:pulumi:prod.platform::shop::pulumi:pulumi:Stack::shop-prod.platform"

Object = dict[str, Any]


def kubernetes_objects(count: int) -> list[Object]:
    """So many Kubernetes objects, as manifests: namespaces with what each must hold, and the applications in them."""
    return list(itertools.islice(itertools.chain.from_iterable(_team(index) for index in itertools.count()), count))


def _team(index: int) -> Iterator[Object]:
    """One team's namespace: quota, limits, network policies, rights, and applications."""
    name, sound = f"team-{index}", index % FAULTY != FAULTY - 1
    labels = {"team": name, **({"pod-security.kubernetes.io/enforce": "restricted"} if sound else {})}
    yield _object("v1", "Namespace", name, None, labels=labels)
    yield _object(
        "v1",
        "ResourceQuota",
        "quota",
        name,
        spec={"hard": {"requests.cpu": "40", "requests.memory": "80Gi", "limits.memory": "120Gi", "pods": "200"}},
    )
    limits = {"type": "Container", "default": {"memory": "256Mi", "cpu": "500m"}, "defaultRequest": {"memory": "128Mi", "cpu": "100m"}}
    yield _object("v1", "LimitRange", "limits", name, spec={"limits": [limits]})
    if sound:
        yield _object(
            "networking.k8s.io/v1", "NetworkPolicy", "default-deny", name, spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        )
    dns = {
        "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
        "ports": [{"port": 53, "protocol": "UDP"}],
    }
    yield _object(
        "networking.k8s.io/v1", "NetworkPolicy", "allow-dns", name, spec={"podSelector": {}, "policyTypes": ["Egress"], "egress": [dns]}
    )
    rights = {"apiGroups": ["apps"], "resources": ["deployments"] if sound else ["*"], "verbs": ["get", "list", "watch", "patch"]}
    yield _object("rbac.authorization.k8s.io/v1", "Role", "deployer", name, rules=[rights])
    yield _object(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        "deployer",
        name,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "deployer"},
        subjects=[{"kind": "Group", "name": f"{name}-engineers", "apiGroup": "rbac.authorization.k8s.io"}],
    )
    for number in range(APPLICATIONS):
        yield from _application(name, f"app-{number}", sound=(index * APPLICATIONS + number) % FAULTY != 0)


def _application(namespace: str, name: str, *, sound: bool) -> Iterator[Object]:
    """One application: its configuration, identity, pods, and how it is reached and kept up."""
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": namespace}
    settings = {f"SETTING_{number}": f"value-{number}" for number in range(12)}
    yield _object("v1", "ConfigMap", f"{name}-settings", namespace, labels=labels, data=settings)
    yield _object("v1", "ServiceAccount", name, namespace, labels=labels, automountServiceAccountToken=False)
    template = {"metadata": {"labels": labels}, "spec": _pod(namespace, name, sound=sound)}
    yield _object(
        "apps/v1",
        "Deployment",
        name,
        namespace,
        labels=labels,
        spec={"replicas": 3, "selector": {"matchLabels": labels}, "template": template},
    )
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    yield _object("v1", "Service", name, namespace, labels=labels, spec={"type": "ClusterIP", "selector": labels, "ports": ports})
    entrance = {
        "from": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "gateway"}}}],
        "ports": [{"port": 8080, "protocol": "TCP"}],
    }
    yield _object(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        name,
        namespace,
        spec={"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"], "ingress": [entrance]},
    )
    yield _object("policy/v1", "PodDisruptionBudget", name, namespace, spec={"minAvailable": 2, "selector": {"matchLabels": labels}})


def _pod(namespace: str, name: str, *, sound: bool) -> Object:
    """A pod of two containers; the faulty one has what reviews find: a moving tag, no limits, no probes, root."""
    image = f"{REGISTRY}/{namespace}/{name}"
    digest = f"@sha256:{'0' * 64}"
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
    guard = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    resources = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}}
    main: Object = {
        "name": name,
        "image": f"{image}{digest}" if sound else f"{image}:latest",
        "imagePullPolicy": "Always",
        "ports": [{"name": "http", "containerPort": 8080}],
        "envFrom": [{"configMapRef": {"name": f"{name}-settings"}}],
    }
    kept = {"resources": resources, "livenessProbe": probe, "readinessProbe": probe, "securityContext": guard}
    mounts = [{"name": "scratch", "mountPath": "/tmp"}]  # noqa: S108 -- a path in a container
    proxy = {
        "name": "proxy",
        "image": f"{REGISTRY}/platform/proxy{digest}",
        "imagePullPolicy": "Always",
        **kept,
        "volumeMounts": mounts,
    }
    return {
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}} if sound else {},
        "containers": [{**main, **kept, "volumeMounts": mounts} if sound else main, proxy],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}],
    }


def _object(version: str, kind: str, name: str, namespace: str | None, *, labels: Mapping[str, str] | None = None, **body: Any) -> Object:
    metadata: Object = {"name": name, **({"namespace": namespace} if namespace else {}), **({"labels": dict(labels)} if labels else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **body}


def preview_of_objects(objects: Iterable[Object]) -> Iterator[Object]:
    """Steps of a preview that makes these Kubernetes objects, each after its namespace."""
    namespaces: dict[str, str] = {}
    for one in objects:
        version, metadata = one["apiVersion"], one["metadata"]
        kind = f"kubernetes:{version if '/' in version else f'core/{version}'}:{one['kind']}"
        space = metadata.get("namespace")
        urn = _urn(kind, f"{space}-{metadata['name']}" if space else metadata["name"])
        if one["kind"] == "Namespace":
            namespaces[metadata["name"]] = urn
        yield _step(urn, kind, one, {"metadata": [namespaces[space]]} if space else {})


def preview_of_services(count: int) -> Iterator[Object]:
    """Steps of a preview of so many AWS resources: VPCs, and services that keep data, send messages and are reached."""
    return itertools.islice(itertools.chain.from_iterable(_service(index) for index in itertools.count()), count)


def _service(index: int) -> Iterator[Object]:
    shared, sound = f"net-{index // SERVICES}", index % FAULTY != FAULTY - 1
    if index % SERVICES == 0:
        yield from _network(shared)
    for part in (_store, _messages, _database, _identity, _entrance):
        yield from part(f"service-{index}", shared, sound)


def _network(name: str) -> Iterator[Object]:
    """A VPC of three zones, closed where it ought to be."""
    vpc, zones = _urn("aws:ec2/vpc:Vpc", name), ("euw1-az1", "euw1-az2", "euw1-az3")
    yield _aws("ec2/vpc:Vpc", name, {"cidrBlock": "10.32.0.0/16", "enableDnsHostnames": True})
    yield _aws("ec2/defaultSecurityGroup:DefaultSecurityGroup", name, {}, vpcId=vpc)
    yield _aws(
        "cloudwatch/logGroup:LogGroup", f"{name}-flow", {"retentionInDays": 365, "kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/logs"}
    )
    flow = {"trafficType": "ALL", "logDestinationType": "cloud-watch-logs"}
    yield _aws("ec2/flowLog:FlowLog", name, flow, vpcId=vpc, logDestination=_urn("aws:cloudwatch/logGroup:LogGroup", f"{name}-flow"))
    yield _aws("ec2/routeTable:RouteTable", f"{name}-private", {}, vpcId=vpc)
    for number, zone in enumerate(zones):
        subnet = f"{name}-private-{zone}"
        yield _aws("ec2/subnet:Subnet", subnet, {"cidrBlock": f"10.32.{number * 32}.0/19", "availabilityZoneId": zone}, vpcId=vpc)
        table = {"routeTableId": _urn("aws:ec2/routeTable:RouteTable", f"{name}-private")}
        yield _aws("ec2/routeTableAssociation:RouteTableAssociation", subnet, {}, subnetId=_urn("aws:ec2/subnet:Subnet", subnet), **table)


def _store(name: str, shared: str, sound: bool) -> Iterator[Object]:
    """A bucket with its key, and all that a bucket needs beside it."""
    key, bucket = _urn("aws:kms/key:Key", name), _urn("aws:s3/bucket:Bucket", name)
    yield _aws(
        "kms/key:Key",
        name,
        {"enableKeyRotation": sound, "deletionWindowInDays": 30, "policy": _document([_statement("kms:*", f"role/{name}")])},
    )
    yield _aws("kms/alias:Alias", name, {"name": f"alias/{name}"}, targetKeyId=key)
    yield _aws("s3/bucket:Bucket", name, {"bucket": f"{shared}-{name}", "tags": {"service": name}})
    switches = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
    if sound:
        yield _aws("s3/bucketPublicAccessBlock:BucketPublicAccessBlock", name, switches, bucket=bucket)
    yield _aws("s3/bucketVersioning:BucketVersioning", name, {"versioningConfiguration": {"status": "Enabled"}}, bucket=bucket)
    encryption = {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": UNKNOWN}}]}
    kind = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    yield _aws(kind, name, encryption, bucket=bucket, rules=key)
    old = [{"id": "old", "status": "Enabled", "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}, "expiration": {"days": 400}}]
    yield _aws("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", name, {"rules": old}, bucket=bucket)
    plain = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    yield _aws("s3/bucketPolicy:BucketPolicy", name, {"policy": _document([plain])}, bucket=bucket)


def _messages(name: str, shared: str, sound: bool) -> Iterator[Object]:
    """A queue with its dead letters, and a topic."""
    del shared
    key, queue, dead = (
        _urn(f"aws:{kind}", one) for kind, one in (("kms/key:Key", name), ("sqs/queue:Queue", name), ("sqs/queue:Queue", f"{name}-dead"))
    )
    yield _aws("sqs/queue:Queue", f"{name}-dead", {"messageRetentionSeconds": 1209600}, kmsMasterKeyId=key)
    yield _aws("sqs/queue:Queue", name, {"visibilityTimeoutSeconds": 60}, kmsMasterKeyId=key, **({"redrivePolicy": dead} if sound else {}))
    sender = {**_statement("sqs:SendMessage", f"role/{name}"), "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:*:*:{name}"}}}
    yield _aws("sqs/queuePolicy:QueuePolicy", name, {"policy": _document([sender])}, queueUrl=queue)
    yield _aws("sns/topic:Topic", name, {"displayName": name}, kmsMasterKeyId=key)


def _database(name: str, shared: str, sound: bool) -> Iterator[Object]:
    """A database, its subnets, its parameters and its password."""
    subnets = [_urn("aws:ec2/subnet:Subnet", f"{shared}-private-{zone}") for zone in ("euw1-az1", "euw1-az2", "euw1-az3")]
    yield _aws("rds/subnetGroup:SubnetGroup", name, {}, subnetIds=subnets)
    yield _aws("rds/parameterGroup:ParameterGroup", name, {"family": "postgres17", "parameters": [{"name": "rds.force_ssl", "value": "1"}]})
    settings = {
        "engine": "postgres",
        "engineVersion": "17.6",
        "instanceClass": "db.t4g.medium",
        "allocatedStorage": 100,
        "storageType": "gp3",
        "storageEncrypted": sound,
        "multiAz": sound,
        "deletionProtection": True,
        "backupRetentionPeriod": 14,
        "publiclyAccessible": False,
        "iamDatabaseAuthenticationEnabled": True,
        "manageMasterUserPassword": True,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
    }
    links = {
        "kmsKeyId": "kms/key:Key",
        "dbSubnetGroupName": "rds/subnetGroup:SubnetGroup",
        "parameterGroupName": "rds/parameterGroup:ParameterGroup",
    }
    yield _aws("rds/instance:Instance", name, settings, **{key: _urn(f"aws:{kind}", name) for key, kind in links.items()})
    yield _aws("secretsmanager/secret:Secret", name, {"name": f"{name}/token"}, kmsKeyId=_urn("aws:kms/key:Key", name))
    rotation = {
        "rotationRules": {"automaticallyAfterDays": 30},
        "rotationLambdaArn": "arn:aws:lambda:eu-west-1:123456789012:function:rotate",
    }
    yield _aws("secretsmanager/secretRotation:SecretRotation", name, rotation, secretId=_urn("aws:secretsmanager/secret:Secret", name))


def _identity(name: str, shared: str, sound: bool) -> Iterator[Object]:
    """A role that a service account takes, and what it may do."""
    del shared
    trust = {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    role = _urn("aws:iam/role:Role", name)
    yield _aws("iam/role:Role", name, {"assumeRolePolicy": _document([trust])})
    read = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"] if sound else "s3:*", "Resource": f"arn:aws:s3:::{name}/*"}
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:eu-west-1:123456789012:{name}"}
    yield _aws("iam/policy:Policy", name, {"policy": _document([read, send])})
    yield _aws("iam/rolePolicyAttachment:RolePolicyAttachment", name, {}, role=role, policyArn=_urn("aws:iam/policy:Policy", name))


def _entrance(name: str, shared: str, sound: bool) -> Iterator[Object]:
    """What is reached: a load balancer and its firewall, the image, the log."""
    vpc, group, balancer = (
        _urn("aws:ec2/vpc:Vpc", shared),
        _urn("aws:ec2/securityGroup:SecurityGroup", name),
        _urn("aws:lb/loadBalancer:LoadBalancer", name),
    )
    yield _aws("ec2/securityGroup:SecurityGroup", name, {"description": f"Entrance of {name}"}, vpcId=vpc)
    for port in (443, 80) if sound else (443, 22):
        inward = {
            "cidrIpv4": "10.0.0.0/8" if sound else "0.0.0.0/0",
            "ipProtocol": "tcp",
            "fromPort": port,
            "toPort": port,
            "description": "In",
        }
        yield _aws("vpc/securityGroupIngressRule:SecurityGroupIngressRule", f"{name}-{port}", inward, securityGroupId=group)
    outward = {"cidrIpv4": "10.0.0.0/8", "ipProtocol": "tcp", "fromPort": 8080, "toPort": 8080, "description": "To the pods"}
    yield _aws("vpc/securityGroupEgressRule:SecurityGroupEgressRule", name, outward, securityGroupId=group)
    kept = {"loadBalancerType": "application", "internal": True, "dropInvalidHeaderFields": sound, "enableDeletionProtection": True}
    logs = {"accessLogs": {"enabled": True, "bucket": "access-logs"}}
    yield _aws("lb/loadBalancer:LoadBalancer", name, {**kept, **logs}, securityGroups=group)
    listener = {
        "port": 443,
        "protocol": "HTTPS",
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "defaultActions": [{"type": "forward"}],
    }
    yield _aws("lb/listener:Listener", name, listener, loadBalancerArn=balancer)
    key = _urn("aws:kms/key:Key", name)
    yield _aws("cloudwatch/logGroup:LogGroup", name, {"name": f"/service/{name}", "retentionInDays": 90}, kmsKeyId=key)
    scanned = {"name": name, "imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": sound}}
    yield _aws("ecr/repository:Repository", name, scanned)
    expired = json.dumps(
        {"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50}}]}
    )
    yield _aws("ecr/lifecyclePolicy:LifecyclePolicy", name, {"policy": expired}, repository=_urn("aws:ecr/repository:Repository", name))


def _statement(action: str, principal: str) -> Object:
    return {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::123456789012:{principal}"}, "Action": action, "Resource": "*"}


def _document(statements: Sequence[Object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _aws(kind: str, name: str, inputs: Mapping[str, Any], **refers: str | Sequence[str]) -> Object:
    """A resource whose inputs in `refers` are outputs of others: not known yet, as in the preview of a new stack."""
    links = {key: [urns] if isinstance(urns, str) else list(urns) for key, urns in refers.items()}
    late = {key: UNKNOWN if isinstance(refers[key], str) else [UNKNOWN] * len(urns) for key, urns in links.items() if key not in inputs}
    return _step(_urn(f"aws:{kind}", name), f"aws:{kind}", {**inputs, **late}, links)


def _urn(kind: str, name: str) -> str:
    return f"urn:pulumi:prod.platform::shop::{kind}::{name}"


def _step(urn: str, kind: str, inputs: Mapping[str, Any], links: Mapping[str, Sequence[str]]) -> Object:
    state = {"urn": urn, "type": kind, "custom": True, "parent": STACK, "inputs": inputs, "propertyDependencies": links}
    return {"op": "create", "newState": {**state, "dependencies": sorted({urn for urns in links.values() for urn in urns})}}


def _preview(steps: Iterable[Object], path: Path) -> None:
    """What `pulumi preview --json` would print."""
    root = {"op": "create", "newState": {"urn": STACK, "type": "pulumi:pulumi:Stack", "custom": False}}
    path.write_text(json.dumps({"steps": [root, *steps]}), encoding="utf-8")


def _kubernetes(count: int, path: Path) -> None:
    _preview(preview_of_objects(kubernetes_objects(count)), path)


def _mixed(count: int, path: Path) -> None:
    """Half Kubernetes, half AWS."""
    _preview(itertools.chain(preview_of_objects(kubernetes_objects(count // 2)), preview_of_services(count - count // 2)), path)


def _manifests(count: int, path: Path) -> None:
    """A folder with a file per namespace, the form Checkov reads fastest."""
    files: dict[str, list[Object]] = {}
    for one in kubernetes_objects(count):
        files.setdefault(one["metadata"].get("namespace") or one["metadata"]["name"], []).append(one)
    path.mkdir()
    for name, objects in files.items():
        path.joinpath(f"{name}.yaml").write_text(yaml.safe_dump_all(objects, sort_keys=False), encoding="utf-8")


WRITERS: Mapping[str, Callable[[int, Path], None]] = {"kubernetes": _kubernetes, "manifests": _manifests, "mixed": _mixed}


if __name__ == "__main__":
    WRITERS[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))
