"""For every alert: series on which it fires, and series on which it must not. Data for promtool."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DAY = 86400


@dataclass(frozen=True)
class Case:
    """What Prometheus has scraped, and how many alerts of a name fire then."""

    alert: str
    series: Mapping[str, str]
    """Values by series, in promtool's notation, one a minute: `1x30` stays, `0+10x30` grows."""
    at: str
    fires: int = 1
    """How many fire; 0: it is silent."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels that each has that fires."""
    why: str = ""
    file: str = ""
    """Rule file, where several have an alert of this name."""


def _pair(alert: str, at: str, firing: Mapping[str, str], silent: Mapping[str, str], *, why: str = "", file: str = "", **labels: str):
    return (Case(alert, firing, at, labels=labels, file=file), Case(alert, silent, at, fires=0, why=why, file=file))


_READY = 'kube_node_status_condition{condition="Ready",status="true",node="%s"}'
_NODE = 'kube_node_info{node="%s"}'
_PHASE = {'kube_namespace_status_phase{namespace="shop",phase="Active"}': "1x2000"}
_OWNED = {**_PHASE, 'kube_namespace_labels{namespace="shop",label_platform_components_team="payments"}': "1x2000"}
_DISK = '{instance="n1",mountpoint="/",fstype="xfs",device="d"}'
_CLAIM = '{namespace="shop",persistentvolumeclaim="data"}'
_SET = '{namespace="ci",name="small"}'
_JOB = '{namespace="ci-gitlab",pod="a",phase="Running"}'
_GITLAB = {
    'gitlab_runner_concurrent{container="gitlab-large",pod="a"}': "5x60",
    'gitlab_runner_concurrent{container="gitlab-large",pod="b"}': "5x60",
    'gitlab_runner_jobs{container="gitlab-large",pod="a",state="running"}': "5x60",
}
_ENTRY = '{job="probe/monitoring/entry-shop",instance="https://shop.example.com/",entry="shop",team="payments"}'
_INGRESS = '{job="probe/monitoring/ingresses",instance="https://shop.dev.example.com/",namespace="shop"}'
_RELEASE = 'rollout_info{namespace="argo-rollouts",exported_namespace="shop",name="checkout",phase="%s"}'
_REPLICAS = 'rollout_info_replicas_%s{namespace="argo-rollouts",exported_namespace="shop",name="checkout"}'
_CANARY = 'flagger_canary_status{namespace="shop",name="checkout"}'
_ACTIVE = 'vault_core_active{namespace="vault"}'
_VAULT = 'namespace="vault",pod="vault-1"'
_SNAPSHOTS = 'namespace="vault",cronjob="vault-snapshots"'
_POOL = '{nodepool="general",resource_type="cpu"}'


def _buckets(metric: str, labels: str, slow: bool, edges: tuple[str, str]) -> dict[str, str]:
    """A histogram with a hundred events a minute, all below the first edge or all beyond it."""
    low, high = edges
    return {
        f'{metric}_bucket{{{labels}le="{low}"}}': "0x60" if slow else "0+100x60",
        f'{metric}_bucket{{{labels}le="{high}"}}': "0+100x60",
        f'{metric}_bucket{{{labels}le="+Inf"}}': "0+100x60",
    }


def _api(errors: str) -> dict[str, str]:
    return {
        'apiserver_request_total{code="200",verb="GET"}': "0+950x60",
        'apiserver_request_total{code="500",verb="GET"}': errors,
    }


CASES: tuple[Case, ...] = (
    *_pair(
        "PublicEntryDown",
        "20m",
        {f"probe_success{_ENTRY}": "1x10 0x30"},
        {f"probe_success{_ENTRY}": "1x10 0x2 1x30"},
        why="two checks are no outage",
        team="payments",
    ),
    Case(
        "PublicEntryDown",
        {**_OWNED, f"probe_success{_INGRESS}": "1x10 0x30"},
        "20m",
        labels={"team": "payments"},
        why="the host of an Ingress is its namespace's",
    ),
    *_pair(
        "PublicEntryFlapping",
        "3h",
        {f"probe_success{_ENTRY}": "1 1 0 1 1 0 1 1 0 1 1 0 1 1 0 1x2 0 1x2 0 1x2 0 1x5 " + "0 1x3 " * 60},
        {f"probe_success{_ENTRY}": "1x90 0x1 1x120"},
        why="one failure in an hour",
        team="payments",
    ),
    *_pair(
        "PublicCertificateExpires",
        "2h",
        {f"probe_ssl_earliest_cert_expiry{_ENTRY}": f"{10 * DAY}x200"},
        {f"probe_ssl_earliest_cert_expiry{_ENTRY}": f"{60 * DAY}x200"},
        team="payments",
    ),
    *_pair("PublicEntriesUnchecked", "30m", {}, {f"up{_ENTRY}": "1x60"}),
    *_pair(
        "NodeNotReady", "25m", {_READY % "a": "0x60", _READY % "b": "1x60"}, {_READY % "a": "1x20 0x10 1x30"}, why="ten minutes", node="a"
    ),
    Case(
        "NodeNotReady", {_READY % "a": "0x60", 'kube_node_spec_unschedulable{node="a"}': "1x60"}, "25m", fires=0, why="it is being drained"
    ),
    *_pair(
        "NodesNotReady",
        "20m",
        {**{_READY % n: "0x60" for n in "ab"}, **{_NODE % n: "1x60" for n in "abcd"}},
        {**{_READY % n: "0x60" for n in "ab"}, **{_NODE % n: "1x60" for n in "abcdefghijkl"}},
        why="two of twelve",
    ),
    *_pair(
        "NodeFilesystemFilling",
        "3h",
        {f"node_filesystem_avail_bytes{_DISK}": "1400-7x200", f"node_filesystem_size_bytes{_DISK}": "10000x200"},
        {f"node_filesystem_avail_bytes{_DISK}": "1400x200", f"node_filesystem_size_bytes{_DISK}": "10000x200"},
        why="little space, but it does not shrink",
        mountpoint="/",
    ),
    *_pair("ApiServerErrors", "30m", _api("0+50x60"), _api("0+10x60"), why="one in a hundred"),
    Case("ApiServerErrors", _api("1000000+10x20 0+10x40"), "32m", fires=0, why="a counter that starts anew is no burst of errors"),
    *_pair(
        "ApiServerSlow",
        "40m",
        _buckets("apiserver_request_duration_seconds", 'verb="GET",subresource="",', slow=True, edges=("1", "5")),
        {
            **_buckets("apiserver_request_duration_seconds", 'verb="GET",subresource="",', slow=False, edges=("1", "5")),
            **_buckets("apiserver_request_duration_seconds", 'verb="GET",subresource="log",', slow=True, edges=("1", "5")),
        },
        why="logs that are followed stay open",
        verb="GET",
    ),
    *_pair(
        "WebhookUnreachable",
        "30m",
        {'apiserver_admission_webhook_rejection_count{name="a",error_type="calling_webhook_error"}': "0+1x60"},
        {'apiserver_admission_webhook_rejection_count{name="a",error_type="no_error"}': "0+1x60"},
        why="it refuses, as it should",
        name="a",
    ),
    *_pair(
        "DnsErrors",
        "30m",
        {'coredns_dns_responses_total{rcode="NOERROR"}': "0+90x60", 'coredns_dns_responses_total{rcode="SERVFAIL"}': "0+10x60"},
        {'coredns_dns_responses_total{rcode="NOERROR"}': "0+50x60", 'coredns_dns_responses_total{rcode="NXDOMAIN"}': "0+50x60"},
        why="names that do not exist are no fault of DNS",
    ),
    *_pair(
        "NodePoolNearLimit",
        "45m",
        {f"karpenter_nodepools_usage{_POOL}": "90x60", f"karpenter_nodepools_limit{_POOL}": "100x60"},
        {f"karpenter_nodepools_usage{_POOL}": "80x60", f"karpenter_nodepools_limit{_POOL}": "100x60"},
        nodepool="general",
    ),
    *_pair(
        "NodePoolAtLimit",
        "30m",
        {
            f"karpenter_nodepools_usage{_POOL}": "98x60",
            f"karpenter_nodepools_limit{_POOL}": "100x60",
            "karpenter_scheduler_unschedulable_pods_count": "3x60",
        },
        {
            f"karpenter_nodepools_usage{_POOL}": "98x60",
            f"karpenter_nodepools_limit{_POOL}": "100x60",
            "karpenter_scheduler_unschedulable_pods_count": "0x60",
        },
        why="a full pool in which every pod has its place",
    ),
    *_pair(
        "NodeLaunchesFail",
        "50m",
        {'karpenter_cloudprovider_errors_total{method="Create",error="InsufficientCapacityError"}': "0+1x60"},
        {'karpenter_cloudprovider_errors_total{method="Create",error="InsufficientCapacityError"}': "0x10 2x50"},
        why="two, then another type was taken",
        error="InsufficientCapacityError",
    ),
    *_pair(
        "PodAddressesRefused",
        "30m",
        {'awscni_no_available_ip_addresses{node="a"}': "0+1x60"},
        {'awscni_no_available_ip_addresses{node="a"}': "7x60"},
        why="all of them long ago",
    ),
    *_pair(
        "SubnetAddressesRunOut",
        "45m",
        {
            'awscni_total_ip_addresses{node="a"}': "880x60",
            'awscni_eni_allocated{node="a"}': "10x60",
            'kube_node_labels{node="a",label_topology_k8s_aws_zone_id="euw1-az1"}': "1x60",
        },
        {
            'awscni_total_ip_addresses{node="a"}': "480x60",
            'awscni_eni_allocated{node="a"}': "10x60",
            'awscni_total_ip_addresses{node="b"}': "480x60",
            'awscni_eni_allocated{node="b"}': "10x60",
            'kube_node_labels{node="a",label_topology_k8s_aws_zone_id="euw1-az1"}': "1x60",
            'kube_node_labels{node="b",label_topology_k8s_aws_zone_id="euw1-az2"}': "1x60",
        },
        why="as many, in two zones",
        zone="euw1-az1",
    ),
    *_pair(
        "PodCrashLooping",
        "30m",
        {**_OWNED, 'kube_pod_container_status_waiting_reason{namespace="shop",pod="p",container="c",reason="CrashLoopBackOff"}': "1x60"},
        {
            **_OWNED,
            'kube_pod_container_status_waiting_reason{namespace="shop",pod="p",container="c",reason="CrashLoopBackOff"}': "1x5 0x55",
        },
        why="it came up at last",
        team="payments",
    ),
    Case(
        "PodCrashLooping",
        {**_PHASE, 'kube_pod_container_status_waiting_reason{namespace="shop",pod="p",container="c",reason="CrashLoopBackOff"}': "1x60"},
        "30m",
        labels={"team": "platform"},
        why="a namespace without a team is the platform's",
    ),
    *_pair(
        "PodImageNotPulled",
        "30m",
        {**_OWNED, 'kube_pod_container_status_waiting_reason{namespace="shop",pod="p",container="c",reason="ErrImagePull"}': "1x60"},
        {**_OWNED, 'kube_pod_container_status_waiting_reason{namespace="shop",pod="p",container="c",reason="ContainerCreating"}': "1x60"},
        team="payments",
    ),
    *_pair(
        "PodsPending",
        "30m",
        {**_OWNED, 'kube_pod_status_phase{namespace="shop",pod="p",phase="Pending"}': "1x60"},
        {**_OWNED, 'kube_pod_status_phase{namespace="shop",pod="p",phase="Pending"}': "1x10 0x50"},
        why="until its node came",
        team="payments",
    ),
    *_pair(
        "DeploymentWithoutPods",
        "30m",
        {
            **_OWNED,
            'kube_deployment_spec_replicas{namespace="shop",deployment="d"}': "2x60",
            'kube_deployment_status_replicas_available{namespace="shop",deployment="d"}': "0x60",
        },
        {
            **_OWNED,
            'kube_deployment_spec_replicas{namespace="shop",deployment="d"}': "0x60",
            'kube_deployment_status_replicas_available{namespace="shop",deployment="d"}': "0x60",
            'kube_deployment_spec_replicas{namespace="shop",deployment="e"}': "2x60",
            'kube_deployment_status_replicas_available{namespace="shop",deployment="e"}': "1x60",
        },
        why="none wanted, or one left",
        team="payments",
    ),
    *_pair(
        "StatefulSetNotReady",
        "30m",
        {
            **_OWNED,
            'kube_statefulset_replicas{namespace="shop",statefulset="s"}': "3x60",
            'kube_statefulset_status_replicas_ready{namespace="shop",statefulset="s"}': "2x60",
        },
        {
            **_OWNED,
            'kube_statefulset_replicas{namespace="shop",statefulset="s"}': "3x60",
            'kube_statefulset_status_replicas_ready{namespace="shop",statefulset="s"}': "3x60",
        },
        team="payments",
    ),
    *_pair(
        "DaemonSetNotReady",
        "30m",
        {
            **_OWNED,
            'kube_daemonset_status_desired_number_scheduled{namespace="shop",daemonset="s"}': "5x60",
            'kube_daemonset_status_number_ready{namespace="shop",daemonset="s"}': "4x60",
        },
        {
            **_OWNED,
            'kube_daemonset_status_desired_number_scheduled{namespace="shop",daemonset="s"}': "5x60",
            'kube_daemonset_status_number_ready{namespace="shop",daemonset="s"}': "4x10 5x50",
        },
        why="a node that was joining",
        team="payments",
    ),
    *_pair(
        "JobFailed",
        "30m",
        {**_OWNED, 'kube_job_failed{namespace="shop",job_name="j",condition="true"}': "1x60"},
        {**_OWNED, 'kube_job_failed{namespace="shop",job_name="j",condition="true"}': "0x60"},
        team="payments",
    ),
    *_pair(
        "AutoscalerAtMaximum",
        "90m",
        {
            **_OWNED,
            'kube_horizontalpodautoscaler_status_current_replicas{namespace="shop",horizontalpodautoscaler="h"}': "10x100",
            'kube_horizontalpodautoscaler_spec_max_replicas{namespace="shop",horizontalpodautoscaler="h"}': "10x100",
        },
        {
            **_OWNED,
            'kube_horizontalpodautoscaler_status_current_replicas{namespace="shop",horizontalpodautoscaler="h"}': "9x100",
            'kube_horizontalpodautoscaler_spec_max_replicas{namespace="shop",horizontalpodautoscaler="h"}': "10x100",
        },
        team="payments",
    ),
    *_pair(
        "QuotaNearlyUsed",
        "45m",
        {
            **_OWNED,
            'kube_resourcequota{namespace="shop",resourcequota="q",resource="limits.cpu",type="used"}': "19x60",
            'kube_resourcequota{namespace="shop",resourcequota="q",resource="limits.cpu",type="hard"}': "20x60",
        },
        {
            **_OWNED,
            'kube_resourcequota{namespace="shop",resourcequota="q",resource="limits.cpu",type="used"}': "10x60",
            'kube_resourcequota{namespace="shop",resourcequota="q",resource="limits.cpu",type="hard"}': "20x60",
            'kube_resourcequota{namespace="shop",resourcequota="q",resource="services.nodeports",type="used"}': "0x60",
            'kube_resourcequota{namespace="shop",resourcequota="q",resource="services.nodeports",type="hard"}': "0x60",
        },
        why="a quota of none, of which nothing is used",
        team="payments",
    ),
    *_pair(
        "VolumeFilling",
        "3h",
        {
            **_OWNED,
            f"kubelet_volume_stats_available_bytes{_CLAIM}": "190-0.5x200",
            f"kubelet_volume_stats_capacity_bytes{_CLAIM}": "1000x200",
        },
        {
            **_OWNED,
            f"kubelet_volume_stats_available_bytes{_CLAIM}": "150x200",
            f"kubelet_volume_stats_capacity_bytes{_CLAIM}": "1000x200",
        },
        why="nearly full, but it does not grow",
        team="payments",
    ),
    *_pair(
        "VolumeFull",
        "30m",
        {**_OWNED, f"kubelet_volume_stats_available_bytes{_CLAIM}": "20x60", f"kubelet_volume_stats_capacity_bytes{_CLAIM}": "1000x60"},
        {**_OWNED, f"kubelet_volume_stats_available_bytes{_CLAIM}": "50x60", f"kubelet_volume_stats_capacity_bytes{_CLAIM}": "1000x60"},
        team="payments",
    ),
    *_pair(
        "VolumeInodesFilling",
        "90m",
        {**_OWNED, f"kubelet_volume_stats_inodes_used{_CLAIM}": "95x100", f"kubelet_volume_stats_inodes{_CLAIM}": "100x100"},
        {**_OWNED, f"kubelet_volume_stats_inodes_used{_CLAIM}": "50x100", f"kubelet_volume_stats_inodes{_CLAIM}": "100x100"},
        team="payments",
    ),
    Case("Watchdog", {}, "1m", labels={"severity": "none"}),
    *_pair(
        "TargetsDown",
        "30m",
        {'up{job="a",instance="1"}': "0x60", 'up{job="a",instance="2"}': "1x60"},
        {'up{job="a",instance="1"}': "0x10 1x50", 'up{job="a",instance="2"}': "1x60"},
        why="a restart",
        job="a",
    ),
    *_pair(
        "MetricsMissing",
        "30m",
        {'up{job="kubelet",instance="1"}': "1x60"},
        {'up{job="kubelet",instance="1"}': "1x60", 'up{job="kube-state-metrics",instance="1"}': "1x60"},
        job="kube-state-metrics",
    ),
    *_pair(
        "RulesFail",
        "30m",
        {'prometheus_rule_evaluation_failures_total{rule_group="g"}': "0+1x60"},
        {'prometheus_rule_evaluation_failures_total{rule_group="g"}': "5x60"},
        rule_group="g",
    ),
    *_pair(
        "AlertsNotDelivered",
        "30m",
        {
            "prometheus_notifications_alertmanagers_discovered": "2x60",
            'alertmanager_notifications_total{integration="pagerduty"}': "0+10x60",
            'alertmanager_notifications_failed_total{integration="pagerduty"}': "0+1x60",
        },
        {
            "prometheus_notifications_alertmanagers_discovered": "2x60",
            'alertmanager_notifications_total{integration="pagerduty"}': "0+10x60",
            'alertmanager_notifications_failed_total{integration="pagerduty"}': "1x60",
        },
        why="one long ago",
    ),
    Case("AlertsNotDelivered", {"prometheus_notifications_alertmanagers_discovered": "0x60"}, "30m", why="no Alertmanager is found"),
    *_pair(
        "ConfigurationNotLoaded",
        "30m",
        {"prometheus_config_last_reload_successful": "1x60", "alertmanager_config_last_reload_successful": "0x60"},
        {"prometheus_config_last_reload_successful": "1x60", "alertmanager_config_last_reload_successful": "1x60"},
    ),
    *_pair(
        "SamplesNotStoredLongTerm",
        "40m",
        {'prometheus_remote_storage_samples_failed_total{remote_name="long"}': "0+5x60"},
        {'prometheus_remote_storage_samples_failed_total{remote_name="long"}': "3x60"},
        remote_name="long",
    ),
    *_pair(
        "LogsDiscarded",
        "40m",
        {'loki_discarded_samples_total{tenant="shop",reason="rate_limited"}': "0+5x60"},
        {'loki_discarded_samples_total{tenant="shop",reason="rate_limited"}': "3x60"},
        tenant="shop",
        reason="rate_limited",
    ),
    *_pair("MeshConfigurationRejected", "30m", {"pilot_total_xds_rejects": "0+1x60"}, {"pilot_total_xds_rejects": "4x60"}),
    *_pair(
        "MeshConfigurationSlow",
        "40m",
        _buckets("pilot_proxy_convergence_time", "", slow=True, edges=("10", "100")),
        _buckets("pilot_proxy_convergence_time", "", slow=False, edges=("10", "100")),
    ),
    *_pair(
        "CiJobsWait",
        "50m",
        _buckets("gha_job_startup_duration_seconds", 'organization="o",repository="r",', slow=True, edges=("60", "900")),
        _buckets("gha_job_startup_duration_seconds", 'organization="o",repository="r",', slow=False, edges=("60", "900")),
        repository="r",
    ),
    *_pair(
        "CiRunnersAtMaximum",
        "45m",
        {
            f"gha_desired_runners{_SET}": "10x60",
            f"gha_max_runners{_SET}": "10x60",
            f"gha_assigned_jobs{_SET}": "15x60",
            f"gha_running_jobs{_SET}": "10x60",
        },
        {
            f"gha_desired_runners{_SET}": "10x60",
            f"gha_max_runners{_SET}": "10x60",
            f"gha_assigned_jobs{_SET}": "10x60",
            f"gha_running_jobs{_SET}": "10x60",
        },
        why="at its maximum, and nobody waits",
        name="small",
    ),
    *_pair(
        "CiRunnersFail",
        "30m",
        {f"gha_controller_failed_ephemeral_runners{_SET}": "2x60"},
        {f"gha_controller_failed_ephemeral_runners{_SET}": "0x60"},
        name="small",
    ),
    *_pair(
        "CiGitLabJobsWait",
        "50m",
        _buckets("gitlab_runner_job_queue_duration_seconds", 'container="gitlab-large",', slow=True, edges=("60", "900")),
        _buckets("gitlab_runner_job_queue_duration_seconds", 'container="gitlab-large",', slow=False, edges=("60", "900")),
        container="gitlab-large",
    ),
    *_pair(
        "CiGitLabAtMaximum",
        "45m",
        {**_GITLAB, 'gitlab_runner_jobs{container="gitlab-large",pod="b",state="running"}': "5x60"},
        {**_GITLAB, 'gitlab_runner_jobs{container="gitlab-large",pod="b",state="running"}': "4x60"},
        why="one of two managers has room",
        container="gitlab-large",
    ),
    *_pair(
        "CiJenkinsBuildsWait",
        "30m",
        {'default_jenkins_executors_queue_length{label="large"}': "3x60"},
        {'default_jenkins_executors_queue_length{label="large"}': "3x20 0x40"},
        label="large",
    ),
    *_pair(
        "CiJobStuck",
        "6h30m",
        {'kube_pod_start_time{namespace="ci-gitlab",pod="a"}': "0x400", f"kube_pod_status_phase{_JOB}": "1x400"},
        {'kube_pod_start_time{namespace="ci-gitlab",pod="a"}': "0x400", f"kube_pod_status_phase{_JOB}": "0x400"},
        why="it has ended, and waits to be removed",
        pod="a",
    ),
    *_pair(
        "CiListenerDown",
        "30m",
        {f"gha_controller_running_listeners{_SET}": "0x60"},
        {f"gha_controller_running_listeners{_SET}": "1x60"},
        name="small",
    ),
    *_pair(
        "BackupTooOld",
        "32h",
        {'velero_backup_last_successful_timestamp{schedule="daily"}': "0x2000"},
        {'velero_backup_last_successful_timestamp{schedule="daily"}': "0x1500 86400x500"},
        why="a day later there was another",
        schedule="daily",
    ),
    *_pair(
        "BackupLocationUnavailable",
        "1h",
        {'velero_backup_location_status_gauge{backup_location_name="default"}': "0x100"},
        {'velero_backup_location_status_gauge{backup_location_name="default"}': "1x100"},
        backup_location_name="default",
    ),
    *_pair(
        "RestoreDrillTooOld",
        "217h",
        {'kube_cronjob_created{namespace="velero",cronjob="restore-drill"}': "0x14000"},
        {
            'kube_cronjob_created{namespace="velero",cronjob="restore-drill"}': "0x14000",
            'kube_cronjob_status_last_successful_time{namespace="velero",cronjob="restore-drill"}': "604800x14000",
        },
        why="a week later there was a good one",
        namespace="velero",
        cronjob="restore-drill",
    ),
    Case("BackupTooOld", {}, "1h", labels={"schedule": "daily"}, why="there is none at all"),
    *_pair(
        "ClusterCostOverBudget",
        "8h",
        {'node_total_hourly_cost{node="a"}': "25x500"},
        {'node_total_hourly_cost{node="a"}': "24x500", "kubecost_cluster_management_cost": "0.1x500"},
    ),
    *_pair(
        "CertificateNotRenewed",
        "2h",
        {'certmanager_certificate_expiration_timestamp_seconds{namespace="shop",name="c"}': f"{5 * DAY}x130"},
        {'certmanager_certificate_expiration_timestamp_seconds{namespace="shop",name="c"}': f"{60 * DAY}x130"},
        namespace="shop",
    ),
    *_pair(
        "CertificateExpires",
        "30m",
        {'certmanager_certificate_expiration_timestamp_seconds{namespace="shop",name="c"}': f"{DAY}x60"},
        {'certmanager_certificate_expiration_timestamp_seconds{namespace="shop",name="c"}': f"{10 * DAY}x60"},
    ),
    *_pair(
        "CertificateNotReady",
        "45m",
        {'certmanager_certificate_ready_status{namespace="shop",name="c",condition="False"}': "1x60"},
        {'certmanager_certificate_ready_status{namespace="shop",name="c",condition="True"}': "1x60"},
    ),
    *(
        case
        for file, where in (
            ("mesh-istio", 'namespace="istio-system",name="istio-ca"'),
            ("mesh-linkerd", 'namespace="linkerd",name="linkerd-identity-issuer"'),
        )
        for alert, at, bad in (("MeshAuthorityNotRenewed", "2h", 20 * DAY), ("MeshAuthorityExpires", "2h", DAY))
        for case in _pair(
            alert,
            at,
            {f"certmanager_certificate_expiration_timestamp_seconds{{{where}}}": f"{bad}x130"},
            {f"certmanager_certificate_expiration_timestamp_seconds{{{where}}}": f"{150 * DAY}x130"},
            file=file,
        )
    ),
    *_pair(
        "MeshAuthorityNotReloaded",
        "2h",
        {
            'certmanager_certificate_expiration_timestamp_seconds{namespace="istio-system",name="istio-ca"}': f"{150 * DAY}x130",
            "citadel_server_cert_chain_expiry_timestamp": f"{60 * DAY}x130",
        },
        {
            'certmanager_certificate_expiration_timestamp_seconds{namespace="istio-system",name="istio-ca"}': f"{150 * DAY}x130",
            "citadel_server_cert_chain_expiry_timestamp": f"{150 * DAY}x130",
        },
    ),
    *_pair(
        "MeshWorkloadNotRenewed",
        "30m",
        {'control_identity_cert_expiration_timestamp_seconds{namespace="shop",pod="p"}': "7200x60"},
        {'control_identity_cert_expiration_timestamp_seconds{namespace="shop",pod="p"}': f"{DAY}x60"},
    ),
    *_pair(
        "ApplicationOutOfSync",
        "90m",
        {'argocd_app_info{name="a",project="p",sync_status="OutOfSync"}': "1x100"},
        {'argocd_app_info{name="a",project="p",sync_status="Synced"}': "1x100"},
    ),
    *_pair(
        "ApplicationDegraded",
        "30m",
        {'argocd_app_info{name="a",project="p",sync_status="Synced",health_status="Degraded"}': "1x60"},
        {'argocd_app_info{name="a",project="p",sync_status="Synced",health_status="Progressing"}': "1x60"},
    ),
    *_pair(
        "ReconciliationFails",
        "40m",
        {'controller_runtime_reconcile_errors_total{namespace="flux-system",controller="kustomization"}': "0+1x60"},
        {'controller_runtime_reconcile_errors_total{namespace="flux-system",controller="kustomization"}': "3x60"},
    ),
    *(
        case
        for file, alert, at, firing, silent in (
            ("releases-argo-rollouts", "RolloutAborted", "30m", _RELEASE % "Abort", _RELEASE % "Completed"),
            ("releases-argo-rollouts", "RolloutWaits", "150m", _RELEASE % "Paused", _RELEASE % "Progressing"),
            ("releases-argo-rollouts", "RolloutStuck", "1500m", _RELEASE % "Progressing", _RELEASE % "Paused"),
            ("releases-flagger", "RolloutAborted", "30m", "2", "1"),
            ("releases-flagger", "RolloutStuck", "1500m", "0", "1"),
        )
        for case in _pair(
            alert,
            at,
            {**_OWNED, **({firing: "1x2000"} if "{" in firing else {_CANARY: f"{firing}x2000"})},
            {**_OWNED, **({silent: "1x2000"} if "{" in silent else {_CANARY: f"{silent}x2000"})},
            file=file,
            team="payments",
            namespace="shop",
        )
    ),
    *_pair(
        "VaultSealed",
        "10m",
        {f'kube_pod_status_ready{{{_VAULT},condition="false"}}': "1x20"},
        {f'kube_pod_status_ready{{{_VAULT},condition="false"}}': "0x20"},
        pod="vault-1",
    ),
    *_pair(
        "VaultHasNoLeader", "10m", {'vault_core_active{namespace="vault"}': "1x2 stale"}, {'vault_core_active{namespace="vault"}': "1x20"}
    ),
    *_pair(
        "VaultAuditFails",
        "15m",
        {'vault_audit_log_request_failure{namespace="vault"}': "0x8 1x20", 'vault_audit_log_response_failure{namespace="vault"}': "0x30"},
        {'vault_audit_log_request_failure{namespace="vault"}': "4x30", 'vault_audit_log_response_failure{namespace="vault"}': "0x30"},
    ),
    *_pair(
        "VaultLeasesPileUp",
        "45m",
        {'vault_expire_num_leases{namespace="vault"}': "120000x60"},
        {'vault_expire_num_leases{namespace="vault"}': "20000x60"},
    ),
    *_pair(
        "VaultRequestsLimited",
        "40m",
        {'vault_quota_rate_limit_violation{namespace="vault",name="platform"}': "0+5x60"},
        {'vault_quota_rate_limit_violation{namespace="vault",name="platform"}': "7x60"},
    ),
    *_pair(
        "VaultSnapshotTooOld",
        "29h",
        {f"kube_cronjob_status_last_{of}_time{{{_SNAPSHOTS}}}": "600x2000" for of in ("successful", "schedule")},
        {f"kube_cronjob_status_last_{of}_time{{{_SNAPSHOTS}}}": "90000x2000" for of in ("successful", "schedule")},
    ),
    Case(
        "VaultSnapshotTooOld",
        {f"kube_cronjob_status_last_schedule_time{{{_SNAPSHOTS}}}": "600x200"},
        "150m",
        why="none has ever succeeded",
    ),
    Case(
        "VaultSnapshotTooOld",
        {
            f"kube_cronjob_status_last_schedule_time{{{_SNAPSHOTS}}}": "600x9 1200x200",
            f"kube_cronjob_status_last_successful_time{{{_SNAPSHOTS}}}": "660x9 660x200",
        },
        "150m",
        why="the last one failed",
    ),
    *_pair(
        "VaultCertificateNotLoaded",
        "28h",
        {
            'certmanager_certificate_expiration_timestamp_seconds{namespace="vault",name="vault-tls"}': f"{90 * DAY + 7200}x1800",
            f"kube_pod_start_time{{{_VAULT}}}": "0x1800",
        },
        {
            'certmanager_certificate_expiration_timestamp_seconds{namespace="vault",name="vault-tls"}': f"{90 * DAY + 7200}x1800",
            f"kube_pod_start_time{{{_VAULT}}}": "7500x1800",
        },
        pod="vault-1",
    ),
    *_pair(
        "SecretNotRefreshed",
        "30m",
        {'externalsecret_status_condition{namespace="pay",name="ledger",condition="Ready",status="False"}': "1x60"},
        {'externalsecret_status_condition{namespace="pay",name="ledger",condition="Ready",status="True"}': "1x60"},
        namespace="pay",
    ),
    *_pair(
        "RolloutDegraded",
        "40m",
        {**_OWNED, _REPLICAS % "desired": "3x2000", _REPLICAS % "available": "2x2000"},
        {**_OWNED, _REPLICAS % "desired": "3x2000", _REPLICAS % "available": "3x2000"},
        team="payments",
        namespace="shop",
    ),
)
