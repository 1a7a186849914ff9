"""The control planes of a sandbox: started for the clusters that are talked to, found again by `kubectl`, ended with their clusters."""

import re
import threading
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
import yaml

from platformctl.sandbox.kubernetes import census
from platformctl.sandbox.kubernetes.certificates import write_secret
from platformctl.sandbox.kubernetes.control_plane import FOLDER, ControlPlane, Endpoint, Etcd, Identity, kubeconfig
from platformctl.sandbox.kubernetes.processes import Processes

_UNNAMED_ISSUER: Final = "https://kubernetes.default.svc.cluster.local"
_NO_SLUG: Final = re.compile(r"[^a-z0-9-]+")


class ControlPlanes:
    """Every control plane of one sandbox, by the address that its cluster has in kubeconfigs."""

    def __init__(self, directory: Path, binaries: Mapping[str, Path]) -> None:
        self._directory = directory
        self._binaries = binaries
        self._processes = Processes(directory)
        self._planes: dict[str, ControlPlane] = {}
        self._etcd: Etcd | None = None
        self._lock = threading.Lock()

    def endpoint(self, address: str, name: str | None = None, issuer: str | None = None) -> Endpoint:
        """The API of a cluster, started if it does not run.

        Args:
            address: the cluster's address.
            name: its name; omitted: the address's host.
            issuer: issuer of its service account tokens, if it is a cluster of EKS; omitted: it is none.

        Raises:
            ControlPlaneError: it does not start.
        """
        with self._lock:
            plane = self._planes.get(address)
            if plane is None:
                plane = self._planes[address] = self._plane(address, name or urlsplit(address).netloc or address, issuer)
        plane.ensure()
        self._write_kubeconfig()
        return plane.endpoint

    def drop(self, address: str) -> None:
        """End the control plane of a cluster that is gone."""
        with self._lock:
            plane = self._planes.pop(address, None)
        if plane is not None:
            plane.end()
            self._write_kubeconfig()

    def running(self) -> dict[str, ControlPlane]:
        """The control planes by address."""
        with self._lock:
            return dict(self._planes)

    def describe(self) -> list[dict[str, Any]]:
        """What runs and what it holds, cluster by cluster, as `sandbox status` has it."""
        etcd = {"etcd": self._etcd.pid} if self._etcd and self._etcd.pid else {}
        return [
            {
                "name": plane.identity.name,
                "address": address,
                "server": plane.endpoint.server,
                "processes": {**plane.pids, **etcd},
                **_census(plane),
            }
            for address, plane in self.running().items()
        ]

    def close(self) -> None:
        """End everything; nothing is started any more."""
        self._processes.close()
        for plane in self.running().values():
            plane.end()
        if self._etcd:
            self._etcd.end()

    def _plane(self, address: str, name: str, issuer: str | None) -> ControlPlane:
        folder = self._directory / FOLDER
        if self._etcd is None:
            self._etcd = Etcd(folder / "etcd", self._binaries["etcd"], self._processes)
        slug = f"{_NO_SLUG.sub('-', name.lower())[:40]}-{sha256(address.encode()).hexdigest()[:8]}"
        taken = {plane.identity.name for plane in self._planes.values()}
        identity = Identity(name if name not in taken else slug, slug, issuer or _UNNAMED_ISSUER, is_eks=issuer is not None)
        return ControlPlane(identity, folder / slug, self._binaries, self._etcd, self._processes)

    def _write_kubeconfig(self) -> None:
        with self._lock:
            endpoints = {plane.identity.name: plane.endpoint for plane in self._planes.values()}
            path = self._directory / "kubeconfig"
            partial = path.with_suffix(".partial")
            write_secret(partial, yaml.safe_dump(kubeconfig(endpoints), sort_keys=False).encode())
            partial.replace(path)


def _census(plane: ControlPlane) -> dict[str, Any]:
    try:
        found = census.count(plane.endpoint, plane.stored())
    except urllib3.exceptions.HTTPError as error:
        return {"version": None, "objects": {}, "unchecked": {}, "error": f"it does not answer ({error})"}
    return {"version": found.version, "objects": dict(found.kinds), "unchecked": dict(found.unchecked), "error": None}
