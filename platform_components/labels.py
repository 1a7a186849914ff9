"""Labels, annotations and the group by which a cluster knows what is the platform's own, and what it grants a namespace. Pure."""

PREFIX = "platform-components/"
"""Prefix of every key below. Tenants may set none of them: admission policies refuse it (see the page of AdmissionPolicies)."""

OWNED = f"{PREFIX}owned-by"
"""Label of an object that only the platform may make, change or delete, wherever it lies."""

OWNER = "platform"
"""Value of `OWNED`."""

DOMAINS = f"{PREFIX}domains"
"""Annotation of a namespace: the DNS domains its host names must lie in, separated by commas."""

PUBLIC_LOAD_BALANCERS = f"{PREFIX}public-load-balancers"
"""Annotation of a namespace: `true` where load balancers may face the internet."""

INGRESS = f"{PREFIX}ingress"
"""Label of a namespace: `true` where its routes may join the gateway of the environment's domain."""

NODE_POOL = f"{PREFIX}node-pool"
"""Annotation of a namespace: the pool whose nodes are its own; its pods run there and nowhere else."""

POOL_LABEL = "platform.pool/name"
"""Label every node carries: the name of its pool, whatever the engine."""

DEDICATED_KEY = "platform.pool/dedicated"
"""Taint of a dedicated pool; its value is the pool's name."""

TENANT_POOL_PREFIX = "tenant-"
"""Beginning of the names of pools that are a single tenant's; no other pool may be called so."""

TEAM = f"{PREFIX}team"
"""Label of a namespace: the team that owns it. Alerts on what runs there go to this team."""

EMERGENCY = f"{PREFIX}emergency"
"""Annotation of what is released: the incident for which it may pass a freeze, a window and the order of environments."""

INCIDENT_PATTERN = "^[A-Z][A-Z0-9]*-[0-9]+$"
"""How an incident is named in `EMERGENCY`: INC-123."""

PLATFORM_GROUP = "platform-components-operators"
"""Kubernetes group of whoever acts for the platform: EksCluster puts the deployer and cluster admins into it."""


def owned(labels: dict[str, str] | None = None) -> dict[str, str]:
    """Labels of an object of the platform's own."""
    return {**(labels or {}), OWNED: OWNER}
