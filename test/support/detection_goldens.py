"""Writes test/fixtures/detection-goldens.json: made-up detections with the scores that pycocotools gives them, and those
of the conventions of Ultralytics, computed here with numpy.

    python test/support/detection_goldens.py

Needs pycocotools and numpy. The scenes contain what is easy to get wrong: crowd regions, equal scores within and across
images, classes without objects, images without objects, areas that differ from those of the boxes, areas exactly on the
borders of the size ranges, and more than 100 detections of one class in one image.
"""

import contextlib
import io
import json
import pathlib

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

CLASSES = 6
NO_OBJECTS = 4  # a class with detections only
NO_DETECTIONS = 5  # a class with objects only
rng = np.random.default_rng(20261201)


def eighths(values):
    """Multiples of 1/8 are exact in single precision."""
    return np.round(np.asarray(values) * 8) / 8


def make_truth(image):
    boxes = []
    if image % 7 == 3:
        return boxes
    for _ in range(int(rng.integers(1, 9))):
        label = int(rng.choice([0, 0, 0, 1, 2, 3, NO_DETECTIONS], p=[0.2, 0.1, 0.1, 0.2, 0.15, 0.15, 0.1]))
        x, y = eighths(rng.uniform(0, 400, 2))
        kind = rng.integers(0, 8)
        if kind == 0:
            w, h = 32.0, 32.0
        elif kind == 1:
            w, h = 96.0, 96.0
        elif kind == 2:
            w, h = eighths(rng.uniform(4, 30, 2))
        else:
            w, h = eighths(rng.uniform(20, 200, 2))
        box = {"label": label, "x1": x, "y1": y, "x2": x + w, "y2": y + h}
        if rng.random() < 0.1:
            box["isCrowd"] = True
        if rng.random() < 0.5:
            box["area"] = float(eighths(w * h * rng.uniform(0.4, 1.0)))
        elif rng.random() < 0.1:
            box["area"] = 1024.0
        boxes.append(box)
    return boxes


def make_detections(image, truth):
    rows = []
    for box in truth:
        if box["label"] == NO_DETECTIONS:
            continue
        for _ in range(int(rng.choice([0, 1, 2, 3]))):
            size = np.array([box["x2"] - box["x1"], box["y2"] - box["y1"]] * 2)
            corners = np.array([box["x1"], box["y1"], box["x2"], box["y2"]])
            corners = eighths(corners + size * rng.normal(0, rng.choice([0.0, 0.03, 0.1]), 4))
            label = box["label"] if rng.random() < 0.9 else int(rng.integers(0, NO_DETECTIONS))
            rows.append((*corners, float(rng.choice(np.linspace(0.05, 0.95, 19))), label))
    for _ in range(int(rng.integers(0, 6))):
        x, y, w, h = eighths(np.concatenate([rng.uniform(0, 400, 2), rng.uniform(8, 150, 2)]))
        rows.append((x, y, x + w, y + h, float(rng.choice(np.linspace(0.05, 0.6, 12))), int(rng.integers(0, 5))))
    if image == 5:
        for i in range(130):
            x, y = float(10 + i), float(20 + i)
            rows.append((x, y, x + 24, y + 24, 0.5 if i < 60 else 0.25, 0))
    rows = [row for row in rows if row[2] > row[0] and row[3] > row[1]]
    rows.sort(key=lambda row: -row[4])
    return rows


def coco_scores(scenes):
    annotations, results = [], []
    for image, (truth, rows) in enumerate(scenes):
        for box in truth:
            w, h = box["x2"] - box["x1"], box["y2"] - box["y1"]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image + 1,
                    "category_id": box["label"] + 1,
                    "bbox": [box["x1"], box["y1"], w, h],
                    "area": box.get("area", w * h),
                    "iscrowd": int(box.get("isCrowd", False)),
                }
            )
        for x1, y1, x2, y2, score, label in rows:
            results.append(
                {
                    "image_id": image + 1,
                    "category_id": label + 1,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "score": float(np.float32(score)),
                }
            )
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = {
            "images": [{"id": i + 1} for i in range(len(scenes))],
            "categories": [{"id": c + 1} for c in range(CLASSES)],
            "annotations": annotations,
        }
        gt.createIndex()
        run = COCOeval(gt, gt.loadRes(results), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    names = ["ap", "ap50", "ap75", "apSmall", "apMedium", "apLarge"]
    names += ["ar1", "ar10", "ar100", "arSmall", "arMedium", "arLarge"]
    scores = {name: (None if value < 0 else float(value)) for name, value in zip(names, run.stats)}
    precision = run.eval["precision"][:, :, :, 0, 2]
    scores["perClass"] = [
        {
            "label": c,
            "truths": sum(a["category_id"] == c + 1 and a["iscrowd"] == 0 for a in annotations),
            "ap": float(precision[:, :, c].mean()),
            "ap50": float(precision[0, :, c].mean()),
        }
        for c in range(CLASSES)
        if (precision[:, :, c] > -1).any()
    ]
    return scores


def ultralytics_scores(scenes):
    thresholds = np.linspace(0.5, 0.95, 10)
    found, scores, labels, truths = [], [], [], []
    for truth, rows in scenes:
        boxes = np.array([[b["x1"], b["y1"], b["x2"], b["y2"]] for b in truth], np.float32).reshape(-1, 4)
        truth_labels = np.array([b["label"] for b in truth], int)
        truths.extend(truth_labels)
        taken = np.zeros((len(truth), 10), bool)
        for x1, y1, x2, y2, score, label in rows[:300]:
            own = np.zeros(10, bool)
            if len(truth):
                box = np.array([x1, y1, x2, y2], np.float32)
                wh = np.clip(np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]), 0, None)
                inner = wh.prod(1)
                areas = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod()
                iou = inner / (areas - inner + np.float32(1e-7)) * (truth_labels == label)
                for t, threshold in enumerate(thresholds.astype(np.float32)):
                    free = np.where(taken[:, t], 0, iou)
                    best = int(free.argmax())
                    if free[best] >= threshold:
                        own[t] = taken[best, t] = True
            found.append(own)
            scores.append(np.float32(score))
            labels.append(label)
    order = np.argsort(-np.array(scores), kind="stable")
    found, labels, truths = np.array(found)[order], np.array(labels)[order], np.array(truths)
    per_class = []
    for c in np.unique(truths):
        count = int((truths == c).sum())
        own = found[labels == c]
        aps = []
        for t in range(10):
            right = own[:, t].cumsum()
            recall = right / count
            precision = right / np.arange(1, len(own) + 1)
            x = np.concatenate(([0.0], recall, [recall[-1] if len(recall) else 1.0, 1.0]))
            y = np.concatenate(([1.0], precision, [0.0, 0.0]))
            y = np.maximum.accumulate(y[::-1])[::-1]
            grid = np.linspace(0, 1, 101)
            heights = np.interp(grid, x, y)
            aps.append(float(((heights[1:] + heights[:-1]) / 2 * np.diff(grid)).sum()) if len(own) else 0.0)
        per_class.append({"label": int(c), "truths": count, "ap": float(np.mean(aps)), "ap50": aps[0], "ap75": aps[5]})
    return {
        "ap": float(np.mean([c["ap"] for c in per_class])),
        "ap50": float(np.mean([c["ap50"] for c in per_class])),
        "ap75": float(np.mean([c.pop("ap75") for c in per_class])),
        "perClass": per_class,
    }


def main():
    scenes = []
    for image in range(36):
        truth = make_truth(image)
        scenes.append((truth, make_detections(image, truth)))
    repeated = [scene for i, scene in enumerate(scenes) for _ in range(i % 3)]
    images = [
        {
            "truth": truth,
            "boxes": [value for row in rows for value in row[:4]],
            "scores": [round(row[4], 4) for row in rows],
            "classes": [row[5] for row in rows],
        }
        for truth, rows in scenes
    ]
    document = {
        "images": images,
        "coco": coco_scores(scenes),
        "ultralytics": ultralytics_scores(scenes),
        # Image i counts i % 3 times.
        "repeated": {"coco": coco_scores(repeated)["ap"], "ultralytics": ultralytics_scores(repeated)["ap"]},
    }
    path = pathlib.Path(__file__).parents[1] / "fixtures" / "detection-goldens.json"
    path.write_text(json.dumps(document) + "\n")
    print(path, document["coco"], document["ultralytics"], document["repeated"])


if __name__ == "__main__":
    main()
