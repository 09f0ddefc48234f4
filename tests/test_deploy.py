"""What compose.yaml and deploy/ say, checked against the schemas and against florist itself."""

import re
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
import yaml

from florist.cli import cli
from florist.cli.predict import predict
from florist.web.settings import Settings, environment_name

ROOT = Path(__file__).parents[1]
KUBERNETES = ROOT / "deploy" / "kubernetes"
SETTINGS = {environment_name(each) for each in fields(Settings)}
OBJECTS = sorted(
    file.name for file in KUBERNETES.glob("*.yaml") if file.name != "kustomization.yaml"
)
JOB = "batch/job.yaml"


def read(name: str) -> Any:
    return yaml.safe_load((KUBERNETES / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("version", ["1.31", "1.37"])
@pytest.mark.parametrize("name", [*OBJECTS, JOB])
def test_objects_are_what_kubernetes_expects(name: str, version: str) -> None:
    kubernetes_validate.validate(read(name), version, strict=True)


def test_the_schemas_would_refuse_what_is_wrong() -> None:
    wrong = read("deployment.yaml")
    wrong["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.31", strict=True)


def test_kustomize_takes_every_object() -> None:
    kustomization = read("kustomization.yaml")
    assert sorted(kustomization["resources"]) == OBJECTS
    image = read("deployment.yaml")["spec"]["template"]["spec"]["containers"][0]["image"]
    assert [each["name"] for each in kustomization["images"]] == [image]
    batch = read("batch/kustomization.yaml")
    assert batch["resources"] == ["job.yaml"]
    assert batch["images"] == kustomization["images"]
    assert read(JOB)["spec"]["template"]["spec"]["containers"][0]["image"] == image


def test_the_pods_of_a_job_do_all_parts() -> None:
    job = read(JOB)["spec"]
    (container,) = job["template"]["spec"]["containers"]
    shell, option, script = container["command"]
    assert (shell, option) == ("sh", "-c")
    florist = click.Context(cli, **cli.context_settings)
    echo = script.replace("exec python -m florist predict", "printf '%s\\n'")
    parts = []
    for index in range(job["completions"]):
        environment = {"JOB_COMPLETION_INDEX": str(index)}
        said = subprocess.run(["sh", "-c", echo], env=environment, check=True, capture_output=True)
        words = said.stdout.decode().splitlines()
        context = predict.make_context("predict", words, parent=florist)
        parts.append(context.params["part"])
    assert parts == [(index + 1, job["completions"]) for index in range(job["completions"])]


def test_everything_is_about_the_same_pods() -> None:
    deployment = read("deployment.yaml")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels
    assert read("service.yaml")["spec"]["selector"] == labels
    assert read("pdb.yaml")["spec"]["selector"]["matchLabels"] == labels
    assert read("networkpolicy.yaml")["spec"]["podSelector"]["matchLabels"] == labels
    assert read("hpa.yaml")["spec"]["scaleTargetRef"]["name"] == "florist"


@pytest.mark.parametrize("name", ["deployment.yaml", JOB])
def test_pod_keeps_to_the_restricted_standard(name: str) -> None:
    """Every line of kubernetes.io/docs/concepts/security/pod-security-standards, "Restricted"."""
    pod = read(name)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] >= 10_000
    assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all(set(volume) - {"name"} == {"emptyDir"} for volume in pod["volumes"])
    assert not set(pod) & {"hostNetwork", "hostPID", "hostIPC"}
    assert not any("hostPort" in port for port in container.get("ports", []))
    assert set(container["resources"]) == {"requests", "limits"}


def test_pod_has_time_to_finish() -> None:
    pod = read("deployment.yaml")["spec"]["template"]["spec"]
    probes = {"startupProbe", "livenessProbe", "readinessProbe"}
    assert probes <= set(pod["containers"][0])
    code = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1]
    (pause,) = re.findall(r"sleep\((\d+)\)", code)
    assert pod["terminationGracePeriodSeconds"] > int(pause) + Settings().deadline_s + 5


def test_settings_are_florists() -> None:
    pod = read("deployment.yaml")["spec"]["template"]["spec"]
    named = {each["name"] for each in pod["containers"][0]["env"]}
    named |= set(read("configmap.yaml")["data"])
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    for service in compose["services"].values():
        named |= {each for each in service.get("environment", {}) if each.startswith("FLORIST_")}
    named |= set(re.findall(r"FLORIST_\w+(?==)", (ROOT / "Dockerfile").read_text(encoding="utf-8")))
    assert len(named) >= 7
    assert named <= SETTINGS


def test_who_trains_in_a_container_can_be_said_in_bash() -> None:
    """bash has a variable UID of its own, and refuses to set it."""
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    (name,) = re.findall(r"belongs to you: (\w+)=\$\(id -u\) docker compose", compose)
    assert f'user: "${{{name}:-1000}}:0"' in compose
    said = ["bash", "-c", f"{name}=4711 printenv {name}"]
    assert subprocess.run(said, check=True, capture_output=True, text=True).stdout == "4711\n"
