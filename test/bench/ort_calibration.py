"""ONNX Runtime's own calibration of a model over the images of a list file, timed from the model file and the
image files to the ranges. Prints one JSON document.

Usage: ort_calibration.py MODEL LIST METHOD SPEC_JSON
  METHOD     MinMax or Entropy (ONNX Runtime's defaults otherwise)
  SPEC_JSON  {"width","height","mode":"crop"|"letterbox"|"none","mean":[..],"std":[..],"scale":..,"order":"rgb|bgr|gray"}
"""
import json
import os
import resource
import sys
import tempfile
import time

import numpy as np
from PIL import Image
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod
from onnxruntime.quantization.calibrate import create_calibrator

import onnx


def load(path, spec):
    image = Image.open(path).convert('L' if spec['order'] == 'gray' else 'RGB')
    width, height = spec['width'], spec['height']
    if spec['mode'] == 'crop':
        left, top = (image.width - width) // 2, (image.height - height) // 2
        image = image.crop((left, top, left + width, top + height))
    elif spec['mode'] == 'letterbox':
        ratio = min(width / image.width, height / image.height)
        small = image.resize((round(image.width * ratio), round(image.height * ratio)), Image.BILINEAR)
        image = Image.new('RGB', (width, height), (114, 114, 114))
        image.paste(small, (0, 0))
    pixels = np.asarray(image, dtype=np.float32)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if spec['order'] == 'bgr':
        pixels = pixels[..., ::-1]
    values = (pixels * spec['scale'] - np.array(spec['mean'], np.float32)) / np.array(spec['std'], np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


class Reader(CalibrationDataReader):
    def __init__(self, paths, name, spec):
        self.items = iter(paths)
        self.name = name
        self.spec = spec

    def get_next(self):
        path = next(self.items, None)
        return None if path is None else {self.name: load(path, self.spec)}


def main():
    model_path, list_path, method, spec = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
    folder = os.path.dirname(os.path.abspath(list_path))
    with open(list_path) as lines:
        paths = [os.path.join(folder, line.strip()) for line in lines if line.strip()]
    model = onnx.load(model_path)
    constants = {tensor.name for tensor in model.graph.initializer}
    name = next(item.name for item in model.graph.input if item.name not in constants)
    with tempfile.TemporaryDirectory() as work:
        started = time.perf_counter()
        calibrator = create_calibrator(
            model_path,
            calibrate_method=CalibrationMethod[method],
            augmented_model_path=os.path.join(work, 'augmented.onnx'),
        )
        opened = time.perf_counter()
        calibrator.collect_data(Reader(paths, name, spec))
        ranges = calibrator.compute_data()
        seconds = time.perf_counter() - started
    print(json.dumps({
        'method': method,
        'images': len(paths),
        'tensors': len(ranges.data),
        'seconds': seconds,
        'openSeconds': opened - started,
        'imagesPerSecond': len(paths) / seconds,
        'peakRssMb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }))


main()
