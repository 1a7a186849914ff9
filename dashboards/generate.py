"""Write the dashboards as JSON into the component package.

`python -m dashboards.generate` writes; with `--check` it writes nothing and exits 1, naming every file that is out of date.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import ci, cluster, cost, mesh, overview, slo, tenant
from platform_components.observability import dashboards as shipped

FOLDER = Path(shipped.__file__).parent
BOARDS: Mapping[str, Callable[[], Dashboard]] = {
    shipped.OVERVIEW: overview.build,
    shipped.CLUSTER: cluster.build,
    shipped.MESH: mesh.build,
    shipped.SLO: slo.build,
    shipped.CI: ci.build,
    shipped.COST: cost.build,
    shipped.TENANT: tenant.build,
}


def documents() -> dict[Path, str]:
    """Every generated file and its text: the same for the same source, key by key."""
    return {
        FOLDER / f"{uid}.json": json.dumps(build(), cls=JSONEncoder, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
        for uid, build in BOARDS.items()
    }


def main() -> int:
    """Write or check; the number of stale files decides the exit code."""
    expected = documents()
    stale = [path for path, text in expected.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    orphans = [path for path in FOLDER.glob("*.json") if path not in expected]
    if "--check" in sys.argv[1:]:
        for path in [*stale, *orphans]:
            print(f"{path.name} is out of date; run `make docs` and commit the result")
        return 1 if stale or orphans else 0
    for path in stale:
        path.write_text(expected[path], encoding="utf-8")
    for path in orphans:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
