import pytest
from pydantic import ValidationError

from platform_components.args import Args
from platform_components.cluster.access_args import AccessPolicy
from platform_components.cluster.args import PROFILE_DEFAULTS, EksClusterArgs, EksClusterSettings, LogType, UpgradePolicy
from platform_components.cluster.instances import architecture, instance_problem
from platform_components.cluster.pools import SYSTEM_POOL, KarpenterPool, ManagedPool
from platform_components.identity.args import WorkloadIdentityArgs
from platform_components.profile import Profile, with_defaults
from tests.unit.cluster_cases import AUTO, ENGINES, FARGATE, JOBS, KARPENTER, MANAGED, arguments

ROLE = "arn:aws:iam::123456789012:role/deployer"


def test_the_section_of_the_sketch_is_understood():
    settings = EksClusterSettings.model_validate({"version": "1.35", "pools": KARPENTER})
    assert list(settings.pools) == ["general", "ci"]
    ci = settings.pools["ci"]
    assert isinstance(ci, KarpenterPool)
    assert (ci.spot, ci.limit_vcpu, ci.dedicated) == (True, 900, True)


def test_every_field_of_every_model_is_described():
    missing = [f"{model.__name__}.{name}" for model in _models() for name, field in model.model_fields.items() if not field.description]
    assert missing == []


def test_every_optional_field_says_what_happens_when_it_is_left_out():
    silent = [
        f"{model.__name__}.{name}"
        for model in _models()
        for name, field in model.model_fields.items()
        if not field.is_required() and name != "reason" and "Omitted" not in str(field.description)
    ]
    assert silent == []


def _models():
    found: dict[str, type[Args]] = {}
    todo: list[object] = [EksClusterArgs, WorkloadIdentityArgs]
    while todo:
        item = todo.pop()
        if isinstance(item, type) and issubclass(item, Args) and item.__name__ not in found:
            found[item.__name__] = item
            todo += [field.annotation for field in item.model_fields.values()]
            todo += [part for field in item.model_fields.values() for part in field.metadata]
        todo += getattr(item, "__args__", ())
    assert len(found) > 15
    return found.values()


def test_the_defaults_are_the_safe_ones():
    settings = EksClusterSettings()
    assert settings.endpoint_access.public is None
    assert settings.deletion_protection
    assert settings.zonal_shift
    assert settings.upgrade_policy is UpgradePolicy.STANDARD
    assert settings.logging.types == tuple(LogType)
    assert settings.logging.retention_days == 90
    assert settings.logging.encrypted
    assert settings.encryption.volumes
    assert ManagedPool(capacity="managed").metadata_hop_limit == 1
    assert KarpenterPool(capacity="karpenter", limit_vcpu=1).metadata_hop_limit == 1


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_profile_makes_a_sound_cluster_of_every_engine(profile, engine):
    given = with_defaults(PROFILE_DEFAULTS[profile], {"pools": ENGINES[engine]})
    settings = EksClusterSettings.model_validate(given)
    assert settings.deletion_protection == (profile is not Profile.DEV)


def test_regulated_keeps_logs_longer_than_production():
    kept = {profile: EksClusterSettings.model_validate(PROFILE_DEFAULTS[profile]).logging.retention_days for profile in Profile}
    assert kept[Profile.REGULATED] > kept[Profile.PRODUCTION] > kept[Profile.DEV]


@pytest.mark.parametrize("pools", [KARPENTER, {**KARPENTER, **JOBS}])
def test_karpenter_without_managed_nodes_gets_a_system_pool(pools):
    system = EksClusterSettings.model_validate({"pools": pools}).all_pools[SYSTEM_POOL]
    assert isinstance(system, ManagedPool)
    assert system.min >= 2


def test_a_managed_pool_of_ones_own_is_enough_for_karpenter():
    assert SYSTEM_POOL not in EksClusterSettings.model_validate({"pools": {**KARPENTER, **MANAGED}}).all_pools


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"version": "1.29"}, "choose from 1.31"),
        ({"pools": {**AUTO, **KARPENTER}}, "exclude each other"),
        ({"pools": {"system": KARPENTER["general"]}}, "cannot launch the nodes it runs on"),
        ({"pools": {"x": MANAGED["web"]}}, "pattern"),
        ({"pools": {"a-name-that-is-too-long": MANAGED["web"]}}, "pattern"),
        ({"pools": {"web": {}}}, "discriminator 'capacity'"),
        ({"pools": {"web": {**MANAGED["web"], "limit_vcpu": 3}}}, "pools.web.managed.limit_vcpu\n  Extra inputs are not permitted"),
        ({"pools": {"web": {**KARPENTER["general"], "min": 3}}}, "pools.web.karpenter.min\n  Extra inputs are not permitted"),
        ({"pools": {"web": {**AUTO["apps"], "os": "bottlerocket"}}}, "pools.web.auto.os\n  Extra inputs are not permitted"),
        ({"pools": {"web": {"capacity": "karpenter"}}}, "limit_vcpu\n  Field required"),
        ({"pools": {"web": {**KARPENTER["general"], "instance_types": ["m7g.large"]}}}, "families or instance_types, not both"),
        ({"pools": {"web": {**KARPENTER["ci"], "min_vcpu": 8, "max_vcpu": 4}}}, "min_vcpu 8 is above max_vcpu 4"),
        ({"pools": {"web": {**MANAGED["web"], "min": 5, "max": 4}}}, "min 5 is above max 4"),
        ({"pools": {"web": {**MANAGED["web"], "desired": 9}}}, "desired 9 lies outside"),
        ({"pools": {"web": {**MANAGED["web"], "instance_types": ["m7g.large", "m7i.large"]}}}, "mix arm64 and amd64"),
        ({"pools": {"web": {**MANAGED["web"], "accelerator": "neuron"}}}, "neuron needs os al2023 and an amd64"),
        (
            {"pools": {"web": {**MANAGED["web"], "version": "1.31"}}},
            "pools.web.version\n  nodes of version 1.31 are 4 minor",
        ),
        ({"pools": {"web": {**MANAGED["web"], "instance_types": ["large"]}}}, "pattern"),
        ({"pools": {"web": {**MANAGED["web"], "disk": {"size_gib": 20, "iops": 12_000}}}}, "gp3 gives 20 GiB at most 10000 iops"),
        ({"pools": {"web": {**KARPENTER["general"], "disk": {"throughput_mib": 1_000}}}}, "gp3 wants 4000 iops for 1000 MiB"),
        ({"pools": {"web": {**MANAGED["web"], "spot": True, "warm_pool": {}}}}, "warm_pool needs on-demand capacity"),
        (
            {"pools": {"web": {**MANAGED["web"], "os": "bottlerocket", "warm_pool": {"state": "hibernated"}}}},
            "takes neither state hibernated nor reuse",
        ),
        ({"pools": {"web": {**MANAGED["web"], "os": "bottlerocket", "warm_pool": {"reuse": True}}}}, "neither state hibernated nor reuse"),
        ({"pools": {"web": {**AUTO["apps"], "expire_after_hours": 720}}}, "Auto Mode ends every node after 504 hours"),
        (
            {"pools": {"web": {**AUTO["apps"], "expire_after_hours": 500, "drain_limit_minutes": 300}}},
            "Auto Mode ends every node after 504",
        ),
        ({"pools": {"web": {**AUTO["apps"], "expire_after_hours": None}}}, "valid integer"),
        ({"pools": {"web": {**MANAGED["web"], "dedicated": True}}}, "pools\n  no pool runs CoreDNS: give a managed pool"),
        ({"pools": {"web": {**MANAGED["web"], "min": 0}}}, "pools\n  no pool runs CoreDNS: give a managed pool"),
        ({"pools": {**KARPENTER, "web": {**MANAGED["web"], "taints": [{"key": "gpu"}]}}}, "no pool runs CoreDNS: give a managed pool"),
        (
            {"pools": {**MANAGED, **FARGATE}},
            "pools.serverless\n  takes the pods of the EBS CSI driver, which get no credentials on Fargate",
        ),
        (
            {"pools": {**KARPENTER, **JOBS}, "karpenter": {"namespace": "batch-nodes"}},
            "pools.serverless\n  takes the pods of Karpenter, which get no credentials on Fargate",
        ),
        ({"tags": {"kubernetes.io/cluster/dev": "owned"}}, "tags.`kubernetes.io/cluster/dev`\n  tags of this kind are set by AWS"),
        ({"tags": {"karpenter.sh/nodepool": "web"}}, "tags of this kind are set by AWS"),
        ({"pools": {"web": {**KARPENTER["general"], "families": ["mmm"]}}}, "no EC2 instance type or family"),
        ({"pools": {"jobs": {"capacity": "fargate", "selectors": [{"namespace": "batch"}]}}}, "no pool runs CoreDNS"),
        ({"pools": {"system": AUTO["apps"]}, "auto_mode": {"builtin_pools": ["system"]}}, "AWS's own pool of this name"),
        ({"pools": MANAGED, "addons": {"vpc_cni": {"enabled": False}}}, "addons.vpc_cni.enabled\n  must stay on: no node"),
        ({"endpoint_access": {"public": {"cidrs": ["0.0.0.0/0"]}}}, "write a sentence in reason"),
        ({"endpoint_access": {"public": {"cidrs": ["0.0.0.0/0"], "reason": "demo"}}}, "write a sentence in reason"),
        ({"endpoint_access": {"public": {"cidrs": []}}}, "at least 1 item"),
        ({"logging": {"retention_days": 100}}, "100 days is no retention"),
        ({"kubernetes_network": {"service_cidr": "100.64.0.0/16", "ip_family": "ipv4"}}, "is not private"),
        ({"kubernetes_network": {"service_cidr": "10.0.0.0/8"}}, "must be a /12 to /24"),
        ({"kubernetes_network": {"service_cidr": "10.9.0.0/16", "ip_family": "ipv6"}}, "for ip_family ipv4"),
        (
            {"kubernetes_network": {"ip_family": "ipv6"}, "addons": {"vpc_cni": {"prefix_delegation": False}}},
            "must stay on with ip_family ipv6",
        ),
        ({"addons": {"extra": {"coredns": {}}}}, "extra.coredns has a field of its own"),
        ({"addons": {"ebs_csi": {"version": "v1.57.1-eksbuild.1"}}}, "use v1.58.0 or newer"),
        ({"generation": "Blue!"}, "pattern"),
        ({"deployer": "arn:aws:sts::123456789012:assumed-role/deployer/me"}, "is a session, which ends"),
        ({"deployer": "me"}, "no ARN of an IAM role or user"),
        ({"access": {"team": {"policies": {"view": "cluster"}}}}, "exactly one of principal and sso"),
        ({"access": {"team": {"principal": ROLE, "sso": "Dev", "policies": {"view": "cluster"}}}}, "exactly one of principal and sso"),
        ({"access": {"team": {"principal": ROLE}}}, "grants nothing"),
        ({"access": {"team": {"principal": ROLE, "groups": ["system:masters"]}}}, "reserved"),
        ({"access": {"team": {"principal": ROLE, "policies": {"cluster-admin": ["web"]}}}}, "for namespaces use admin"),
        ({"access": {"team": {"principal": ROLE, "policies": {"edit": []}}}}, "at least 1 item"),
        (
            {
                "access": {
                    "team": {"principal": ROLE, "policies": {"view": "cluster"}},
                    "other": {"principal": ROLE, "policies": {"edit": ["web"]}},
                }
            },
            "access.other\n  names the same principal as access.team",
        ),
        ({"deployer": ROLE, "access": {"team": {"principal": ROLE, "policies": {"view": "cluster"}}}}, "same principal as deployer"),
        ({"access": {"deployer": {"principal": ROLE, "policies": {"view": "cluster"}}}}, "the name is taken"),
        ({"colour": "blue"}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_runs(settings, says):
    with pytest.raises(ValidationError) as refusal:
        arguments(**settings)
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    "pools",
    [
        {"web": {**MANAGED["web"], "disk": {"size_gib": 20, "iops": 10_000, "throughput_mib": 1_000}}},
        {"web": {**MANAGED["web"], "os": "bottlerocket", "warm_pool": {"state": "running"}}},
        {"web": {**AUTO["apps"], "expire_after_hours": 503, "drain_limit_minutes": 60}},
        {"web": {**MANAGED["web"], "taints": [{"key": "CriticalAddonsOnly", "value": "true"}]}},
        {"web": {**MANAGED["web"], "taints": [{"key": "gpu", "effect": "PreferNoSchedule"}]}},
        {**MANAGED, "gpu": {**MANAGED["web"], "dedicated": True, "min": 0}},
        {**MANAGED, "jobs": {"capacity": "fargate", "selectors": [{"namespace": "kube-system", "labels": {"app": "jobs"}}]}},
    ],
)
def test_what_just_works_is_not_refused(pools):
    assert set(arguments(pools=pools).pools) == set(pools)


def test_faults_of_fields_and_between_fields_are_told_at_once():
    with pytest.raises(ValidationError) as refusal:
        arguments(
            version="1.2",
            logging={"retention_days": 8},
            deployer="me",
            pools={**AUTO, **KARPENTER, "web": {**MANAGED["web"], "version": "1.31"}},
        )
    found = {".".join(map(str, fault["loc"])): fault["msg"] for fault in refusal.value.errors()}
    # The version is unsound, so that of the nodes cannot be judged against it.
    assert set(found) == {"version", "logging.retention_days", "deployer", "pools"}
    assert found["logging.retention_days"].startswith("Value error, 8 days")


def test_the_whole_internet_may_be_let_in_with_a_written_reason():
    settings = arguments(endpoint_access={"public": {"cidrs": ["0.0.0.0/0"], "reason": "a public demo, rebuilt every night"}})
    assert settings.endpoint_access.public is not None


def test_a_scope_is_the_cluster_or_namespaces():
    grant = arguments(access={"team": {"principal": ROLE, "policies": {"admin": ["web", "web-*"], "view": "cluster"}}}).access["team"]
    assert grant.policies == {AccessPolicy.ADMIN: ("web", "web-*"), AccessPolicy.VIEW: "cluster"}


@pytest.mark.parametrize(
    ("instance", "expected"),
    [
        *((name, "arm64") for name in ("m7g.large", "c8gn", "is4gen.xlarge", "im4gn", "a1.medium", "g5g", "x2gd", "hpc7g", "t4g.medium")),
        *(
            (name, "amd64")
            for name in ("m7i.large", "g4dn", "g6.xlarge", "p5en", "u-6tb1.metal", "u7i-12tb", "x2iedn", "trn1", "c7i-flex.large")
        ),
    ],
)
def test_the_architecture_is_read_from_the_name(instance, expected):
    assert instance_problem(instance) is None
    assert architecture(instance) == expected
