"""Pipelines that tests of several kinds judge."""

from collections.abc import Mapping
from pathlib import Path

from platformctl.pipelines.pipeline import PlatformGate, ServicePipeline, Stage, render

ROOT = Path(__file__).parents[1]
ROLE = "arn:aws:iam::123456789012:role"
SHOP = ServicePipeline(
    service="shop",
    registry="123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    build_role=f"{ROLE}/build",
    signing_key="awskms:///alias/images",
    stages=[Stage("staging", f"{ROLE}/shop-staging"), Stage("production", f"{ROLE}/shop-production")],
)
GATE = PlatformGate(sorted(path.stem for path in (ROOT / "stacks" / "environments").glob("*.yaml")))


def write(files: Mapping[str, str], folder: Path) -> list[Path]:
    """The files in a folder, as a repository would have them."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return [folder / name for name in files]


def workflows(folder: Path) -> list[Path]:
    """Every workflow for GitHub that is generated."""
    return write({**render(SHOP, "github"), **render(GATE, "github")}, folder)
