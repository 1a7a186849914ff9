"""A shop as a team in a hurry writes it: there is hardly a resource that no rule has something to say about. Never deploy it."""

from importlib import import_module

import pulumi

PARTS = ("network", "identity", "storage", "data", "messages", "compute", "edge", "cluster", "workloads")

parts = {name: import_module(name) for name in PARTS}
pulumi.export("vpc_id", parts["network"].main.id)
pulumi.export("site", parts["edge"].site.dns_name)
pulumi.export("cluster_name", parts["cluster"].shop.name)
