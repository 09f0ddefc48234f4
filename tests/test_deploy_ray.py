"""What deploy/ray says to KubeRay, checked against Kubernetes' schemas and florist itself."""

import re
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
import yaml

from florist.cli import cli
from florist.cli.predict import predict

RAY = Path(__file__).parents[1] / "deploy" / "ray"
CLUSTER, JOB, POLICY = "raycluster.yaml", "rayjob.yaml", "networkpolicy.yaml"


def read(name: str) -> Any:
    return yaml.safe_load((RAY / name).read_text(encoding="utf-8"))


def pods() -> list[dict[str, Any]]:
    """Return the templates of all pods: of the head, the workers and what submits the job."""
    cluster = read(CLUSTER)["spec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [*(group["template"] for group in groups), read(JOB)["spec"]["submitterPodTemplate"]]


@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_objects_are_what_kubernetes_expects(version: str) -> None:
    """No package has the schemas of KubeRay's own objects; those of the pods in them are known."""
    kubernetes_validate.validate(read(POLICY), version, strict=True)
    for pod in pods():
        pod["metadata"]["name"] = "pod"
        whole = {"apiVersion": "v1", "kind": "Pod"} | pod
        kubernetes_validate.validate(whole, version, strict=True)


def test_kustomize_takes_every_object() -> None:
    kustomization = read("kustomization.yaml")
    files = {path.name for path in RAY.glob("*.yaml")} - {"kustomization.yaml"}
    assert {*kustomization["resources"]} == files == {CLUSTER, JOB, POLICY}
    images = {container["image"] for pod in pods() for container in pod["spec"]["containers"]}
    assert {each["name"] for each in kustomization["images"]} == images


def test_the_job_runs_florist_on_the_cluster_beside_it() -> None:
    job = read(JOB)["spec"]
    assert job["clusterSelector"] == {"ray.io/cluster": read(CLUSTER)["metadata"]["name"]}
    python, module, florist, verb, *words = shlex.split(job["entrypoint"])
    assert [python, module, florist, verb] == ["python", "-m", "florist", "predict"]
    parent = click.Context(cli, **cli.context_settings)
    assert predict.make_context("predict", words, parent=parent).params["ray"] == "auto"
    recipe = (RAY / "Dockerfile").read_text(encoding="utf-8")
    (folder,) = re.findall(r"^WORKDIR (.+)$", recipe, re.MULTILINE)
    assert f"--model {folder}/model " in job["entrypoint"]


def test_nodes_have_the_ray_that_florist_is_tested_with() -> None:
    recipe = (RAY / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^ARG RAY=(.+)$", recipe, re.MULTILINE) == [version("ray")]
    assert read(CLUSTER)["spec"]["rayVersion"] == version("ray")


def test_a_cluster_is_shut_in() -> None:
    """Only its own pods reach it, and KubeRay its dashboard; a token is asked for besides."""
    policy = read(POLICY)["spec"]
    own = policy["podSelector"]["matchLabels"]
    assert [pod["metadata"]["labels"] for pod in pods()] == [own] * 3
    ours, operator = policy["ingress"]
    assert ours == {"from": [{"podSelector": {"matchLabels": own}}]}
    assert operator["ports"] == [{"port": 8265}]
    assert read(CLUSTER)["spec"]["authOptions"] == {"mode": "token"}


def test_pods_keep_to_the_restricted_standard_and_report_to_nobody() -> None:
    for pod in (template["spec"] for template in pods()):
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod["automountServiceAccountToken"] is False
        assert {*container["resources"]} == {"requests", "limits"}
        if "envFrom" in container:  # a node of Ray
            assert {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"} in container["env"]
