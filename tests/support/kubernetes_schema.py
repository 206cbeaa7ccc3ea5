"""A strict JSON schema of a Kubernetes Job, out of the models of its own Python client.

`python tests/support/kubernetes_schema.py > tests/support/kubernetes_job.json`, where `kubernetes` is installed; a
model that is gone, or has lost a field, ends it. No test does so, as the client is large and a Job changes seldom. What
a manifest of a batch job has seldom is left out, and so refused like what is unknown.
"""

from __future__ import annotations

import json
from typing import Any

KEYS = {
    "V1Job": "apiVersion kind metadata spec",
    "V1ObjectMeta": "name namespace labels annotations",
    "V1JobSpec": "completions parallelism completionMode backoffLimit backoffLimitPerIndex maxFailedIndexes "
                 "activeDeadlineSeconds ttlSecondsAfterFinished template",
    "V1PodTemplateSpec": "metadata spec",
    "V1PodSpec": "restartPolicy containers serviceAccountName nodeSelector",
    "V1Container": "name image imagePullPolicy command args env envFrom resources workingDir",
    "V1EnvVar": "name value",
    "V1EnvFromSource": "secretRef configMapRef prefix",
    "V1SecretEnvSource": "name optional",
    "V1ConfigMapEnvSource": "name optional",
    "V1ResourceRequirements": "limits requests",
}  # fmt: skip
# Texts to the client, of which the server takes these.
VALUES = {"apiVersion": ["batch/v1"], "kind": ["Job"], "completionMode": ["Indexed", "NonIndexed"],
          "restartPolicy": ["Never", "OnFailure"]}  # fmt: skip
NEEDED = {"V1Job": ["apiVersion", "kind", "metadata", "spec"], "V1PodSpec": ["containers", "restartPolicy"]}
"""What the server needs, and the client fills in or leaves to it."""


def schema() -> dict[str, Any]:
    """The schema, of the client that is installed."""
    from kubernetes import client

    whole = client.V1Job.model_json_schema(by_alias=True)
    models = {**whole["$defs"], "V1Job": {name: one for name, one in whole.items() if name != "$defs"}}
    found = {name: _model(name, models[name], keys.split()) for name, keys in KEYS.items()}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": "#/$defs/V1Job", "$defs": found}


def _model(name: str, model: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    assert model["additionalProperties"] is False
    kinds = {key: {"enum": VALUES[key]} if key in VALUES else _kind(model["properties"][key]) for key in keys}
    needed = NEEDED.get(name, model.get("required", []))
    return {"type": "object", "properties": kinds, "required": needed, "additionalProperties": False}


def _kind(one: Any) -> Any:
    """The kind of a value, without words about it; what is null may as well be left out."""
    if isinstance(one, dict) and "anyOf" in one:
        kinds = [_kind(each) for each in one["anyOf"] if each != {"type": "null"}]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if isinstance(one, dict):
        return {key: _kind(value) for key, value in one.items() if key not in ("description", "title", "default")}
    return [_kind(each) for each in one] if isinstance(one, list) else one


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1))  # noqa: T201
