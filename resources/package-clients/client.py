#!/usr/bin/env python3
"""Repeats the recorded answers of this package, and shows how an image becomes the input of the model.

    pip install numpy onnxruntime pillow
    python client.py [--tolerance 0.01]

Every image is decoded and preprocessed as manifest.json says, the model runs, and its outputs are compared with the
recorded ones. The exit code is 1 if one differs by more than the tolerance, a share of the largest recorded |x|.
"""
import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parent


def tensor(entry):
    """The recorded values of one input or output."""
    return np.fromfile(ROOT / entry["file"], dtype=np.dtype(entry["dtype"]).newbyteorder("<")).reshape(entry["dims"])


def resized(image, width, height):
    return image if image.size == (width, height) else image.resize((width, height), Image.BILINEAR)


def padded(image, width, height, left, top, pad):
    box = Image.new(image.mode, (width, height), pad if image.mode == "L" else (pad, pad, pad))
    box.paste(image, (left, top))
    return box


def fitted(image, rule):
    """The image after the resize, as `resize` in the preprocessing says."""
    kind = rule["kind"]
    width, height = image.size
    if kind == "stretch":
        return resized(image, rule["width"], rule["height"])
    if kind == "short":
        side, short = rule["shortSide"], min(width, height)
        return resized(image, max(1, width * side // short), max(1, height * side // short))
    if kind == "long":
        ratio = rule["longSide"] / max(width, height)
        inner = [max(1, math.floor(side * ratio + 0.5)) for side in (width, height)]
        outer = [-(-side // rule["multiple"]) * rule["multiple"] for side in inner]
        return padded(resized(image, *inner), *outer, 0, 0, rule["pad"])
    if kind == "letterbox" and (width, height) != (rule["width"], rule["height"]):
        centred = rule.get("align") == "center"
        ratio = min(rule["width"] / width, rule["height"] / height)
        rounded = round if centred else (lambda side: math.floor(side + 1e-9))
        inner = [
            min(limit, max(1, rounded(side * ratio)))
            for side, limit in ((width, rule["width"]), (height, rule["height"]))
        ]
        left = (rule["width"] - inner[0]) // 2 if centred else 0
        top = (rule["height"] - inner[1]) // 2 if centred else 0
        return padded(resized(image, *inner), rule["width"], rule["height"], left, top, rule["pad"])
    return image


def preprocess(path, how):
    """x = (pixel * scale - mean) / std of one image, in the layout of the model, without a batch axis."""
    image = Image.open(path)
    if how.get("orientation") == "apply":
        image = ImageOps.exif_transpose(image)
    image = fitted(image.convert("L" if how["order"] == "gray" else "RGB"), how["resize"])
    if how["crop"] is not None:
        half = (lambda margin: round(margin / 2)) if how.get("cropRounding") == "half-even" else (lambda m: m // 2)
        left = half(image.width - how["crop"]["width"])
        top = half(image.height - how["crop"]["height"])
        image = image.crop((left, top, left + how["crop"]["width"], top + how["crop"]["height"]))
    pixels = np.asarray(image, dtype=np.float64).reshape(image.height, image.width, -1)
    if how["order"] == "bgr":
        pixels = pixels[:, :, ::-1]
    values = ((pixels * how["scale"] - np.array(how["mean"])) / np.array(how["std"])).astype(np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1) if how["layout"] == "nchw" else values)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tolerance", type=float, default=0.01)
    tolerance = parser.parse_args().tolerance
    manifest = json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(ROOT / manifest["model"]),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=manifest["disabledOptimizers"],
    )
    known = {entry.name for entry in session.get_inputs()}
    differs = False
    for sample in manifest["samples"]:
        feeds = {entry["name"]: tensor(entry) for entry in sample["inputs"] if entry["name"] in known}
        image = manifest["image"]
        if image is not None and sample["image"] is not None:
            values = preprocess(ROOT / sample["image"], image["preprocessing"])
            recorded = feeds[image["input"]]
            # A batch that the model fixes is filled with copies.
            feeds[image["input"]] = np.broadcast_to(values, recorded.shape).astype(recorded.dtype)
        answers = dict(zip((entry.name for entry in session.get_outputs()), session.run(None, feeds)))
        for entry in sample["outputs"]:
            recorded = tensor(entry).astype(np.float64)
            answer = np.asarray(answers[entry["name"]], dtype=np.float64)
            largest = float(np.max(np.abs(recorded), initial=0))
            same_shape = answer.shape == recorded.shape
            distance = float(np.max(np.abs(answer - recorded), initial=0)) if same_shape else math.inf
            is_same = distance <= tolerance * largest
            differs = differs or not is_same
            word = "same" if is_same else "DIFFERS"
            print(f"{sample['id']}: {entry['name']} differs by {distance:.3g} of {largest:.3g}: {word}")
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main())
