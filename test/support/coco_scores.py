"""Prints the scores that pycocotools gives detections, as one JSON document.

    python coco_scores.py ANNOTATIONS.json DETECTIONS.json

DETECTIONS is a list in COCO's result format; the scores are taken over the images of ANNOTATIONS.
"""

import contextlib
import io
import json
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO(sys.argv[1])
    with open(sys.argv[2]) as file:
        run = COCOeval(truth, truth.loadRes(json.load(file)), "bbox")
    run.evaluate()
    run.accumulate()
    run.summarize()
print(json.dumps([float(value) for value in run.stats]))
