"""Chart repositories: which versions of a chart there are, and their digests. `index.yaml` over https and OCI registries alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import yaml

from platformctl.errors import ToolError

CONNECT_SECONDS: Final = 4.0
READ_SECONDS: Final = 30.0
_CHART_LAYER: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_CHALLENGE: Final = re.compile(r'(\w+)="([^"]*)"')
_SEMANTIC: Final = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?")
_PAGES: Final = 50
"""Most pages of tags that are read of one chart."""


class UnreachableError(ToolError):
    """A repository did not answer, or not with what a repository answers."""


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a chart in its repository."""

    version: str
    digest: str | None
    """SHA-256 of the packaged chart, hexadecimal; None where the list does not tell it."""
    app_version: str = ""


def order(version: str) -> tuple[int, int, int, bool] | None:
    """Sorting key of a version, releases after their candidates; None for what is no semantic version."""
    match = _SEMANTIC.fullmatch(version)
    return (int(match[1]), int(match[2]), int(match[3]), match[4] is None) if match else None


def new_client() -> httpx.Client:
    """A client with the patience of this module."""
    return httpx.Client(timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS), follow_redirects=True)


def releases(client: httpx.Client, repository: str, chart: str) -> list[Release]:
    """Every version of a chart that is a semantic version, oldest first.

    Raises:
        UnreachableError: the repository does not answer, or knows no such chart.
    """
    try:
        found = _oci_releases(client, repository, chart) if repository.startswith("oci://") else _indexed(client, repository, chart)
    except (httpx.HTTPError, yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreachableError(f"{repository} cannot be read ({type(error).__name__})") from None
    if not found:
        raise UnreachableError(f"{repository} has no chart {chart}")
    return sorted((release for release in found if order(release.version)), key=lambda release: order(release.version) or (0, 0, 0, False))


def digest_of(client: httpx.Client, repository: str, chart: str, version: str) -> str:
    """SHA-256 of a packaged chart, hexadecimal.

    Raises:
        UnreachableError: the repository does not answer, or has no such version or no digest of it.
    """
    if not repository.startswith("oci://"):
        for release in releases(client, repository, chart):
            if release.version == version and release.digest:
                return release.digest
        raise UnreachableError(f"{repository} tells no digest of {chart} {version}")
    try:
        answer = _get(client, *_place(repository, chart, f"manifests/{version}"), {"Accept": _MANIFEST})
        layers = {layer["mediaType"]: layer["digest"] for layer in answer.json()["layers"]}
        return str(layers[_CHART_LAYER]).removeprefix("sha256:")
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise UnreachableError(f"{repository}/{chart} {version} cannot be read ({type(error).__name__})") from None


def _indexed(client: httpx.Client, repository: str, chart: str) -> list[Release]:
    answer = client.get(f"{repository.rstrip('/')}/index.yaml")
    answer.raise_for_status()
    entries = yaml.load(answer.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["entries"].get(chart) or ()  # noqa: S506 -- safe loaders
    return [Release(str(entry["version"]), entry.get("digest"), str(entry.get("appVersion") or "")) for entry in entries]


def _oci_releases(client: httpx.Client, repository: str, chart: str) -> list[Release]:
    host, path = _place(repository, chart, "tags/list")
    tags: list[str] = []
    for _ in range(_PAGES):
        answer = _get(client, host, path, {})
        tags += answer.json()["tags"] or ()
        following = answer.links.get("next", {}).get("url")
        if not following:
            break
        path = httpx.URL(following).raw_path.decode()
    # A tag cannot hold a plus sign; Helm writes an underscore in its place.
    return [Release(tag.replace("_", "+"), None) for tag in tags]


def _place(repository: str, chart: str, what: str) -> tuple[str, str]:
    host, _, folder = repository.removeprefix("oci://").partition("/")
    return host, f"/v2/{'/'.join(filter(None, (folder.strip('/'), chart)))}/{what}"


def _get(client: httpx.Client, host: str, path: str, headers: Mapping[str, str]) -> httpx.Response:
    """Ask a registry; where it wants a token, one for anybody is fetched first."""
    url = f"https://{host}{path}"
    answer = client.get(url, headers=headers)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        challenge: dict[str, Any] = dict(_CHALLENGE.findall(answer.headers.get("WWW-Authenticate", "")))
        asked = client.get(challenge.pop("realm"), params=challenge)
        asked.raise_for_status()
        given = asked.json()
        answer = client.get(url, headers={**headers, "Authorization": f"Bearer {given.get('token') or given['access_token']}"})
    answer.raise_for_status()
    return answer
