"""Runs the model of a package with OpenVINO on the recorded inputs; prints for each output how far it is.

The settings are those of the configuration beside the package. Usage: openvino_answers.py PACKAGE. Needs openvino. Prints
a JSON list of {sample, name, difference, largest, sameTop}.
"""
import json
import sys
from pathlib import Path

import numpy as np
import openvino

root = Path(sys.argv[1])
manifest = json.loads((root / "manifest.json").read_text(encoding="utf-8"))
config = json.loads((root.parent / "config.json").read_text(encoding="utf-8"))
(own,) = [entry["config"] for entry in config["model_config_list"] if entry["config"]["name"] == manifest["name"]]
model = openvino.Core().compile_model(str(root / manifest["model"]), own["target_device"], own["plugin_config"])


def tensor(entry):
    return np.fromfile(root / entry["file"], dtype=entry["dtype"]).reshape(entry["dims"])


found = []
for sample in manifest["samples"]:
    answers = model({entry["name"]: tensor(entry) for entry in sample["inputs"]})
    for entry in sample["outputs"]:
        recorded, answer = tensor(entry), answers[entry["name"]]
        found.append(
            {
                "sample": sample["id"],
                "name": entry["name"],
                "difference": float(np.abs(recorded - answer).max()),
                "largest": float(np.abs(recorded).max()),
                "sameTop": bool(recorded.argmax() == answer.argmax()),
            }
        )
print(json.dumps(found))
