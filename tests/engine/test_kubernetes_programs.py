"""Programs against a real Kubernetes API: the first preview, charts, manifests, an update without changes, a killed run, the end."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from platformctl.engine.cli import find_cli, find_tool
from platformctl.engine.toolbox import HELM
from platformctl.sandbox import lifecycle
from platformctl.sandbox.client import SandboxClient
from platformctl.sandbox.kubernetes.api import Api
from platformctl.sandbox.kubernetes.refusals import ApiError

CLUSTER = "https://two.example"
KUBECONFIG = json.dumps(
    {
        "current-context": "two",
        "contexts": [{"name": "two", "context": {"cluster": "two"}}],
        "clusters": [{"name": "two", "cluster": {"server": CLUSTER}}],
    }
)
PROGRAM = f"""
import pulumi
import pulumi_kubernetes as k8s

settings = pulumi.Config()
on = pulumi.ResourceOptions(provider=k8s.Provider("cluster", kubeconfig={KUBECONFIG!r}))


def after(*resources):
    return pulumi.ResourceOptions.merge(on, pulumi.ResourceOptions(depends_on=resources))


labels = {{"pod-security.kubernetes.io/enforce": "restricted"}}
apps = k8s.core.v1.Namespace("apps", metadata={{"name": "apps", "labels": labels}}, opts=on)
inside = {{"namespace": apps.metadata.name}}
k8s.core.v1.ConfigMap("settings", metadata={{**inside, "name": "settings"}}, data={{"mode": settings.get("mode") or "a"}}, opts=on)
k8s.core.v1.Secret("login", metadata={{**inside, "name": "login"}}, string_data={{"password": pulumi.Output.secret("hunter22")}}, opts=on)
k8s.apps.v1.Deployment(
    "web",
    metadata={{**inside, "name": "web"}},
    spec={{
        "replicas": 2,
        "selector": {{"match_labels": {{"app": "web"}}}},
        "template": {{
            "metadata": {{"labels": {{"app": "web"}}}},
            "spec": {{"containers": [{{"name": "web", "image": "nginx:1.27", "resources": {{"requests": {{"cpu": "1000m"}}}}}}]}},
        }},
    }},
    opts=on,
)
if settings.get_bool("root"):
    k8s.core.v1.Pod("root", metadata={{**inside, "name": "root"}}, spec={{"containers": [{{"name": "c", "image": "i"}}]}}, opts=on)
widgets = k8s.apiextensions.v1.CustomResourceDefinition(
    "widgets",
    metadata={{"name": "widgets.example.com"}},
    spec={{
        "group": "example.com",
        "names": {{"kind": "Widget", "plural": "widgets"}},
        "scope": "Namespaced",
        "versions": [
            {{
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {{"open_apiv3_schema": {{"type": "object", "x_kubernetes_preserve_unknown_fields": True}}}},
            }}
        ],
    }},
    opts=on,
)
k8s.apiextensions.CustomResource(
    "widget", api_version="example.com/v1", kind="Widget", metadata={{**inside, "name": "w"}}, spec={{"any": 1}}, opts=after(widgets)
)
chart = "oci://registry.invalid/karpenter/karpenter-crd"
crds = k8s.helm.v3.Release("karpenter-crd", name="karpenter-crd", chart=chart, version="1.14.1", namespace="kube-system", opts=on)
requirements = [{{"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]}}]
reference = {{"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "general"}}
k8s.apiextensions.CustomResource(
    "pool",
    api_version="karpenter.sh/v1",
    kind="NodePool",
    metadata={{"name": "general"}},
    spec={{"template": {{"spec": {{"requirements": requirements, "nodeClassRef": reference}}}}}},
    opts=on if settings.get_bool("early") else after(crds),
)
values = {{"greeting": settings.get("greeting") or "hello"}}
k8s.helm.v3.Release("shop", name="shop", chart="./shop", namespace="shop", create_namespace=True, values=values, opts=on)
k8s.yaml.v2.ConfigGroup("manifests", yaml=open("manifests.yaml").read(), opts=pulumi.ResourceOptions(providers=[on.provider]))
k8s.core.v1.NamespacePatch("team", metadata={{"name": apps.metadata.name, "labels": {{"team": "a"}}}}, opts=on)
if settings.get_bool("slow"):
    crds.status.apply(lambda _: __import__("time").sleep(600))
"""
MANIFESTS = """
apiVersion: cogs.example.com/v1
kind: Cog
metadata: {name: c, namespace: gears}
---
apiVersion: v1
kind: Namespace
metadata: {name: gears}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: cogs.cogs.example.com}
spec:
  group: cogs.example.com
  names: {kind: Cog, plural: cogs}
  scope: Namespaced
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
"""
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.2.3\n",
    "crds/orders.yaml": """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: orders.shop.example.com}
spec:
  group: shop.example.com
  names: {kind: Order, plural: orders}
  scope: Namespaced
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
""",
    "templates/config.yaml": """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-config}
data: {greeting: {{ required "greeting is required" .Values.greeting | quote }}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}
---
apiVersion: shop.example.com/v1
kind: Order
metadata: {name: first}
""",
    "templates/hooks.yaml": """
apiVersion: v1
kind: ConfigMap
metadata: {name: before, annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-5"}}
---
apiVersion: v1
kind: Secret
metadata: {name: passing, annotations: {helm.sh/hook: post-install, helm.sh/hook-delete-policy: hook-succeeded}}
""",
    "templates/webhook.yaml": """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: shop}
webhooks:
  - name: judge.shop.example.com
    admissionReviewVersions: [v1]
    sideEffects: None
    clientConfig: {service: {name: judge, namespace: shop}}
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.custom.metrics.k8s.io}
spec:
  group: custom.metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  service: {name: judge, namespace: shop}
""",
}


class Program:
    """A Pulumi project on a sandbox whose clusters have an API."""

    def __init__(self, root: Path, sandbox: lifecycle.Sandbox) -> None:
        cli = find_cli()
        assert cli is not None
        self.root, self.sandbox, self.pulumi = root, sandbox, cli.path
        self.environ = {**os.environ, **sandbox.environ()}
        self.environ["PATH"] = os.pathsep.join([self.environ["PATH"], str(Path(sys.executable).parent)])
        self.client = SandboxClient(sandbox.url, timeout=180)
        facts = self.client.request("GET", "kubernetes", CLUSTER).body["api"]
        self.api = Api(facts["server"], facts["certificateAuthority"], facts["token"])

    def start(self, *arguments):
        line = [str(self.pulumi), *arguments, "--non-interactive", "--stack", "dev"]
        return subprocess.Popen(line, cwd=self.root, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *arguments, check=0):
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == check, output
        assert "Traceback" not in output
        return output

    def up(self, *arguments, **expected):
        return self.run("up", "--yes", "--skip-preview", *arguments, **expected)

    def get(self, path):
        try:
            return self.api.request("GET", path)
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def names(self, path):
        return {item["metadata"]["name"] for item in self.api.request("GET", path)["items"]}

    def release(self, key):
        kind = "kubernetes:helm.sh/v3:Release"
        return self.client.request("GET", "recorded", kind, f"{CLUSTER}|{key}").body

    def inventory(self):
        """What `sandbox status` counts, as it prints it."""
        (cluster,) = [cluster for cluster in self.sandbox.status().clusters if cluster["address"] == CLUSTER]
        return json.dumps({name: cluster[name] for name in ("error", "objects", "unchecked", "version")}, indent=1)


@pytest.fixture
def program(tmp_path, kubernetes_programs):
    if find_tool(HELM) is None and not os.environ.get("CI"):
        pytest.skip("no helm: run `platformctl tools install helm`")
    (tmp_path / "Pulumi.yaml").write_text("name: real\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "manifests.yaml").write_text(MANIFESTS)
    for name, text in CHART.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with lifecycle.temporary(tmp_path, "real", lambda _: None) as sandbox:
        made = Program(tmp_path, sandbox)
        made.run("stack", "init")
        yield made


def counts(output):
    """What the engine says it did: created, updated and so on."""
    found = re.findall(r"(\d+) (created|updated|replaced|deleted|unchanged)$", output, re.MULTILINE)
    return {word: int(number) for number, word in found}


def test_a_program_from_its_first_preview_to_its_end(program):
    assert "16 to create" in program.run("preview")
    program.up()
    assert program.get("/api/v1/namespaces/apps")["metadata"]["labels"]["team"] == "a"
    assert program.get("/apis/cogs.example.com/v1/namespaces/gears/cogs/c")
    assert program.get("/apis/karpenter.sh/v1/nodepools/general")
    assert program.release("kube-system/karpenter-crd")["installed"]["rendered"] is False
    state = program.run("stack", "export")
    assert "hunter22" not in state

    # The chart was rendered and made as Helm makes it.
    shop = program.release("shop/shop")
    assert shop["installed"]["rendered"] is True
    assert shop["status"]["status"] == "deployed"
    assert [hook.split(" ", 1)[0] for hook in shop["installed"]["hooks"]] == ["pre-install,pre-upgrade", "post-install"]
    assert [text.partition(":")[0] for text in shop["installed"]["leftOut"]] == ["APIService v1beta1.custom.metrics.k8s.io"]
    assert program.get("/api/v1/namespaces/shop/configmaps/shop-config")["data"] == {"greeting": "hello"}
    assert program.get("/apis/shop.example.com/v1/namespaces/shop/orders/first")
    assert program.get("/api/v1/namespaces/shop/secrets/passing") is None
    first = program.inventory()

    assert counts(program.up()) == {"unchanged": 16}
    assert counts(program.run("refresh", "--yes", "--skip-preview")) == {"unchanged": 16}
    assert program.inventory() == first

    program.run("config", "set", "root", "true")
    assert 'violates PodSecurity "restricted:latest"' in program.run("preview", check=1)
    program.run("config", "rm", "root")

    program.run("config", "set", "mode", "b")
    program.run("config", "set", "greeting", "bye")
    assert counts(program.up()) == {"replaced": 1, "updated": 1, "unchanged": 14}
    assert program.get("/api/v1/namespaces/shop/configmaps/shop-config")["data"] == {"greeting": "bye"}
    assert program.release("shop/shop")["status"]["revision"] == 2

    program.run("destroy", "--yes", "--skip-preview")
    assert program.names("/api/v1/namespaces") & {"apps", "gears"} == set()  # destroy has waited for them
    definitions = program.names("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    assert definitions == {"orders.shop.example.com"}, "Helm leaves what lies in crds/, and takes along what lies in templates"
    assert program.names("/api/v1/namespaces/shop/serviceaccounts") == {"default", "kept"}
    assert program.release("shop/shop") == {"error": f"kubernetes:helm.sh/v3:Release {CLUSTER}|shop/shop is not recorded"}
    assert program.sandbox.status().unconfirmed == 0
    assert program.sandbox.status().recorded == {}

    again = Program(program.root, program.sandbox.reset(lambda _: None))
    again.run("stack", "init")
    again.run("config", "rm", "greeting")
    again.up()
    assert again.inventory() == first


def test_a_kind_whose_chart_is_not_there_yet_is_refused_with_the_charts_name(program):
    program.run("config", "set", "early", "true")
    source = program.root / "__main__.py"
    source.write_text(source.read_text().replace("crds = k8s", "crds = None and k8s"))
    output = program.up(check=1)
    assert 'no matches for kind "NodePool" in version "karpenter.sh/v1"; the charts karpenter-crd, karpenter bring it' in output


def test_after_a_killed_run_the_next_one_finishes_and_nothing_is_there_twice(program):
    program.run("config", "set", "slow", "true")
    run = program.start("up", "--yes", "--skip-preview")
    end = time.monotonic() + 120
    while not (program.get("/api/v1/namespaces/apps/configmaps/settings") and program.get("/api/v1/namespaces/shop")):
        assert time.monotonic() < end
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait(30)
    run.stdout.close()
    program.run("config", "rm", "slow")
    shutil.rmtree(program.sandbox.directory / "state" / ".pulumi" / "locks")
    program.up()
    assert counts(program.up()) == {"unchanged": 16}
    assert program.client.request("GET", "unconfirmed").body == []
    program.run("destroy", "--yes", "--skip-preview")
    assert program.names("/api/v1/namespaces") & {"apps", "gears"} == set()
