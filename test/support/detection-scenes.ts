import type { Detections } from '../../src-shared/domain/tasks/answer';
import type { TruthBox } from '../../src-shared/domain/tasks/truth';
import type { Random } from '../../src-shared/domain/random';

export interface DetectionScene {
  readonly truth: readonly TruthBox[];
  readonly detections: Detections;
}

/** Detections near most of the given boxes, with duplicates, wrong classes and boxes where nothing is. */
export function inventDetections(random: Random, truth: readonly TruthBox[], classes: number, noise = 0.1): Detections {
  const rows: { box: [number, number, number, number]; score: number; label: number }[] = [];
  const jitter = (size: number): number => (random.nextUnit() - 0.5) * 2 * noise * size;
  for (const box of truth) {
    const copies = Math.floor(random.nextUnit() * 3);
    for (let copy = 0; copy < copies; copy += 1) {
      const [width, height] = [box.x2 - box.x1, box.y2 - box.y1];
      rows.push({
        box: [box.x1 + jitter(width), box.y1 + jitter(height), box.x2 + jitter(width), box.y2 + jitter(height)],
        score: random.nextUnit(),
        label: random.nextUnit() < 0.9 ? box.label : Math.floor(random.nextUnit() * classes),
      });
    }
  }
  for (let i = Math.floor(random.nextUnit() * 8); i > 0; i -= 1) {
    const [x, y] = [random.nextUnit() * 400, random.nextUnit() * 400];
    const box: [number, number, number, number] = [
      x,
      y,
      x + 5 + random.nextUnit() * 100,
      y + 5 + random.nextUnit() * 100,
    ];
    rows.push({ box, score: 0.7 * random.nextUnit(), label: Math.floor(random.nextUnit() * classes) });
  }
  rows.sort((a, b) => b.score - a.score);
  return {
    boxes: Float32Array.from(rows.flatMap(({ box }) => box)),
    scores: Float32Array.from(rows, ({ score }) => score),
    classes: Int32Array.from(rows, ({ label }) => label),
  };
}

/** A made-up image with up to `most` boxes of the given number of classes. */
export function inventScene(random: Random, classes: number, most = 8, noise = 0.1): DetectionScene {
  const truth = Array.from({ length: Math.floor(random.nextUnit() * (most + 1)) }, (): TruthBox => {
    const [x1, y1] = [random.nextUnit() * 400, random.nextUnit() * 400];
    const size = 10 + random.nextUnit() * 150;
    return {
      label: Math.floor(random.nextUnit() * classes),
      x1,
      y1,
      x2: x1 + size,
      y2: y1 + size * (0.5 + random.nextUnit()),
    };
  });
  return { truth, detections: inventDetections(random, truth, classes, noise) };
}
