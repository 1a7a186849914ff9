"""Which receiver gets which alert, as Alertmanager's own tool routes it: fifty alerts of different teams, severities and namespaces."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from platform_components.observability.alertmanager import configuration
from platform_components.observability.args import ObservabilityStackArgs
from tests.unit.observability_cases import ALERTING, AROUND, TEAMS

SETTINGS: Final = ObservabilityStackArgs(**AROUND, alerting=ALERTING, teams=TEAMS)

ALERTS: Final[tuple[tuple[str, str], ...]] = (
    # A team that has both.
    ("alertname=CheckoutFails team=payments severity=page namespace=payments", "payments-page"),
    ("alertname=CheckoutSlow team=payments severity=ticket namespace=payments", "payments-ticket"),
    ("alertname=CheckoutFails team=payments severity=critical namespace=payments", "payments-page"),
    ("alertname=CheckoutSlow team=payments severity=warning namespace=payments", "payments-ticket"),
    ("alertname=CheckoutFails team=payments severity=page", "payments-page"),
    ("alertname=CheckoutFails team=payments severity=page namespace=ledger", "payments-page"),
    ("alertname=Unsaid team=payments", "payments-ticket"),
    ("alertname=Odd team=payments severity=error", "payments-ticket"),
    ("alertname=Chatter team=payments severity=info", "nobody"),
    ("alertname=Chatter team=payments severity=none", "nobody"),
    ("alertname=BudgetBurns team=payments severity=page slo=checkout service=checkout", "payments-page"),
    ("alertname=BudgetBurns team=payments severity=ticket slo=checkout service=checkout", "payments-ticket"),
    # A team that is not woken: the platform's on-call is.
    ("alertname=BooksDisagree team=ledger severity=page", "platform-page"),
    ("alertname=BooksDisagree team=ledger severity=critical namespace=ledger", "platform-page"),
    ("alertname=BooksLate team=ledger severity=ticket", "ledger-ticket"),
    ("alertname=BooksLate team=ledger severity=warning", "ledger-ticket"),
    ("alertname=BooksLate team=ledger", "ledger-ticket"),
    ("alertname=Chatter team=ledger severity=info", "nobody"),
    # A team that has no place for tickets: the platform's gets them. Its name begins like another's.
    ("alertname=CheckoutFails team=payments-eu severity=page", "payments-eu-page"),
    ("alertname=CheckoutSlow team=payments-eu severity=ticket", "platform-ticket"),
    ("alertname=CheckoutFails team=payments-eu severity=critical", "payments-eu-page"),
    # A team that has nothing of its own, and one that nobody has heard of.
    ("alertname=IndexStale team=search severity=page", "platform-page"),
    ("alertname=IndexStale team=search severity=ticket", "platform-ticket"),
    ("alertname=Mystery team=unheard severity=page", "platform-page"),
    ("alertname=Mystery team=unheard severity=ticket", "platform-ticket"),
    ("alertname=Mystery team=payment severity=page", "platform-page"),
    ("alertname=Mystery team=xpayments severity=page", "platform-page"),
    # Rules of others name no team: the namespace tells.
    ("alertname=KubePodCrashLooping severity=warning namespace=payments", "payments-ticket"),
    ("alertname=KubePodCrashLooping severity=critical namespace=payments", "payments-page"),
    ("alertname=KubeJobFailed severity=warning namespace=payments-jobs", "payments-ticket"),
    ("alertname=KubeJobFailed severity=page namespace=payments-jobs", "payments-page"),
    ("alertname=KubePodCrashLooping severity=critical namespace=payments-eu", "payments-eu-page"),
    ("alertname=KubePodCrashLooping severity=warning namespace=payments-eu", "platform-ticket"),
    ("alertname=KubePodCrashLooping severity=critical namespace=ledger", "platform-page"),
    ("alertname=KubePodCrashLooping severity=warning namespace=ledger", "ledger-ticket"),
    ("alertname=KubePodCrashLooping severity=critical namespace=payments-other", "platform-page"),
    ("alertname=KubePodCrashLooping severity=info namespace=payments", "nobody"),
    # The platform's own.
    ("alertname=KubeAPIDown team=platform severity=page", "platform-page"),
    ("alertname=KubeAPIDown severity=critical", "platform-page"),
    ("alertname=KubeNodeNotReady severity=warning node=ip-10-0-0-1", "platform-ticket"),
    ("alertname=PodCrashes team=platform severity=ticket namespace=monitoring", "platform-ticket"),
    ("alertname=PodCrashes team=platform severity=page namespace=payments", "platform-page"),
    ("alertname=CertificateExpires team=platform severity=ticket namespace=cert-manager", "platform-ticket"),
    ("alertname=PublicEntryDown team=payments severity=page instance=https://shop.example.com/", "payments-page"),
    ("alertname=PublicEntryDown severity=page instance=https://shop.example.com/", "platform-page"),
    ("alertname=Unsaid", "platform-ticket"),
    # Machines talk.
    ("alertname=Watchdog severity=none", "dead-mans-switch"),
    ("alertname=Watchdog severity=none team=platform", "dead-mans-switch"),
    ("alertname=InfoInhibitor severity=none namespace=payments", "nobody"),
    ("alertname=Chatter severity=info", "nobody"),
)


def amtool_routes(amtool: Path, file: Path, labels: str) -> str:
    command = [amtool, "config", "routes", "test", "--config.file", file, *labels.split()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alertmanager") / "alertmanager.yaml"
    path.write_text(json.dumps(configuration(SETTINGS.alerting, SETTINGS.teams)), encoding="utf-8")
    return path


def test_alertmanager_takes_the_configuration(amtool: Path, file: Path) -> None:
    done = subprocess.run([amtool, "check-config", file], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


def test_each_of_fifty_alerts_reaches_whom_it_is_for(amtool: Path, file: Path) -> None:
    assert len(ALERTS) == 50
    assert len({labels for labels, _ in ALERTS}) == 50
    reached = {labels: amtool_routes(amtool, file, labels) for labels, _ in ALERTS}
    assert reached == dict(ALERTS)


def test_every_receiver_is_reached_by_one_of_them() -> None:
    configured: list[Mapping[str, str]] = configuration(SETTINGS.alerting, SETTINGS.teams)["receivers"]
    assert {receiver for _, receiver in ALERTS} == {one["name"] for one in configured}
