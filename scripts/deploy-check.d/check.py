"""What no schema says of the files below deploy/: pods are restricted, the chart and the kustomize
base are the same thing, the compose file is whole, and the dashboard asks in valid PromQL.

Usage: check.py BASE.yaml CHART.yaml RULES_OUT.yml, from the repository's root. Prints every
complaint and exits 1 if there is any. RULES_OUT gets the dashboard's expressions as recording rules,
which promtool can check.
"""

import json
import os
import sys

import yaml

complaints = []


def complain(text):
    complaints.append(text)


def documents(path):
    with open(path, encoding="utf-8") as file:
        return [document for document in yaml.safe_load_all(file) if document]


def pods(docs):
    """The pod template of each Deployment and Job, by component."""
    found = {}
    for doc in docs:
        if doc["kind"] in ("Deployment", "Job"):
            template = doc["spec"]["template"]
            found[template["metadata"]["labels"]["app.kubernetes.io/component"]] = template["spec"]
    return found


def check_restricted(source, component, pod):
    """Pod security `restricted`, a root that cannot be written, and no token."""
    where = f"{source}: {component}"
    security = pod.get("securityContext", {})
    if security.get("runAsNonRoot") is not True or not security.get("runAsUser"):
        complain(f"{where} may run as root")
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        complain(f"{where} has no seccomp profile")
    if pod.get("automountServiceAccountToken") is not False:
        complain(f"{where} mounts a token")
    for container in pod["containers"]:
        of = container.get("securityContext", {})
        if of.get("allowPrivilegeEscalation") is not False:
            complain(f"{where} may gain rights")
        if of.get("readOnlyRootFilesystem") is not True:
            complain(f"{where} may write its root")
        if of.get("capabilities", {}).get("drop") != ["ALL"]:
            complain(f"{where} keeps capabilities")
        if "memory" not in container.get("resources", {}).get("limits", {}):
            complain(f"{where} has no limit of memory")


def check_grace(source, docs):
    """A pod's grace holds what its process may take."""
    maps = [doc["data"] for doc in docs if doc["kind"] == "ConfigMap"]
    grace = int(next(data["SHUTDOWN_GRACE_SECONDS"] for data in maps if "SHUTDOWN_GRACE_SECONDS" in data))
    for component, pod in pods(docs).items():
        if component == "migrate":
            continue
        hook = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if pod["terminationGracePeriodSeconds"] < grace + hook + 5:
            complain(f"{source}: {component} is killed before it has drained")


def comparable(pod):
    """What the chart and the base have to agree on."""
    container = pod["containers"][0]
    kept = ("args", "startupProbe", "livenessProbe", "readinessProbe", "lifecycle", "resources", "securityContext")
    return {
        "container": {key: container.get(key) for key in kept},
        "env": sorted(variable["name"] for variable in container.get("env", [])),
        "grace": pod.get("terminationGracePeriodSeconds"),
        "security": pod.get("securityContext"),
        "volumes": sorted(volume["name"] for volume in pod["volumes"]),
    }


def check_same(base, chart):
    ours, theirs = pods(base), pods(chart)
    if ours.keys() != theirs.keys():
        complain(f"the base has {sorted(ours)}, the chart {sorted(theirs)}")
    for component in ours.keys() & theirs.keys():
        one, other = comparable(ours[component]), comparable(theirs[component])
        for key in one:
            if component == "api" and key == "env":
                # The base leaves DATABASE_CONNECTIONS of an API at its default, the chart names it.
                other[key] = [name for name in other[key] if name != "DATABASE_CONNECTIONS"]
            if component == "worker" and key == "container":
                # A worker's readiness is asked for half as often in the base; both fit.
                for it in (one, other):
                    it[key]["readinessProbe"] = {**it[key]["readinessProbe"], "periodSeconds": None}
            if one[key] != other[key]:
                complain(f"{component}: {key} differs:\n    base  {one[key]}\n    chart {other[key]}")
    kinds = [sorted({doc["kind"] for doc in docs if doc["kind"] != "Namespace"}) for docs in (base, chart)]
    if kinds[0] != kinds[1]:
        complain(f"the base has the kinds {kinds[0]}, the chart {kinds[1]}")


def sources(service):
    """Files of the repository that a service mounts."""
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("./"):
            yield source


def check_compose(path):
    with open(path, encoding="utf-8") as file:
        compose = yaml.safe_load(file)
    services = compose["services"]
    for name, service in services.items():
        for other in service.get("depends_on", {}):
            if other not in services:
                complain(f"{name} depends on {other}, which is none of the services")
        for secret in service.get("secrets", []):
            source = secret if isinstance(secret, str) else secret["source"]
            if source not in compose["secrets"]:
                complain(f"{name} has the secret {source}, which is not defined")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if not source.startswith(("./", "/")) and source not in compose["volumes"]:
                complain(f"{name} has the volume {source}, which is not defined")
        for source in sources(service):
            if not os.path.exists(source):
                complain(f"{name} mounts {source}, which does not exist")
        for network in service.get("networks", []):
            if network not in compose["networks"]:
                complain(f"{name} is in the network {network}, which is not defined")
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                complain(f"{name} publishes {port} beyond loopback")
        if "restart" not in service:
            complain(f"{name} has no restart policy")
        if not service.get("deploy", {}).get("resources", {}).get("limits"):
            complain(f"{name} has no limit")
        for variable, value in (service.get("environment") or {}).items():
            if "PASSWORD" in variable and not variable.endswith("_FILE"):
                complain(f"{name} has {variable} in its environment")
            if "://" in str(value) and "@" in str(value):
                complain(f"{name} has a URL with a password in {variable}")


def dashboard_rules(path):
    """The dashboard's expressions as recording rules, after a look at its panels."""
    with open(path, encoding="utf-8") as file:
        dashboard = json.load(file)
    rules, ids = [], set()
    for panel in dashboard["panels"]:
        if panel["id"] in ids:
            complain(f"{path}: panel {panel['id']} is there twice")
        ids.add(panel["id"])
        if panel["type"] == "row":
            continue
        for key in ("title", "description"):
            if not panel.get(key):
                complain(f"{path}: panel {panel['id']} has no {key}")
        if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
            complain(f"{path}: {panel['title']} has no unit")
        for target in panel["targets"]:
            # What Grafana puts there before it asks.
            expression = target["expr"].replace("$__rate_interval", "1m")
            rules.append({"record": f"dashboard:panel:{panel['id']}{target['refId'].lower()}", "expr": expression})
    if not rules:
        complain(f"{path} asks for nothing")
    return {"groups": [{"name": "dashboard", "rules": rules}]}


def main():
    base_path, chart_path, rules_path = sys.argv[1:]
    base, chart = documents(base_path), documents(chart_path)
    for source, docs in (("base", base), ("chart", chart)):
        for component, pod in pods(docs).items():
            check_restricted(source, component, pod)
        check_grace(source, docs)
    check_same(base, chart)
    check_compose("docker-compose.yml")
    for folder, _, names in os.walk("deploy/compose"):
        for name in names:
            if name.endswith((".yml", ".yaml")):
                documents(os.path.join(folder, name))
    with open(rules_path, "w", encoding="utf-8") as file:
        yaml.safe_dump(dashboard_rules("deploy/grafana/user-import.json"), file)
    for text in complaints:
        print(f"deploy-check: {text}", file=sys.stderr)
    sys.exit(1 if complaints else 0)


main()
