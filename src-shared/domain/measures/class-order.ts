import type { Detections } from '../tasks/answer';
import type { TruthBox } from '../tasks/truth';
import { CLEAR_SCORE } from './detection-images';
import { canRepeat, cocoIou } from './detection-matching';

/** Overlap above which a detection and an object are the same thing, whatever their classes. */
const SAME_IOU = 0.5;
/** Found objects of a class that are needed to say anything about it. */
const LEAST_OBJECTS = 5;
/** Share of the found objects of a class that must have the same other class. */
const CLEAR_SHARE = 0.6;
/** Classes that the message lists. */
const SHOWN = 3;

/** The detections of FP32 in one image, and what the labels say. */
export interface LabelledDetections {
  readonly detections: Detections;
  readonly truth: readonly TruthBox[];
}

/** The class that the model gives to most objects of a class of the labels. */
interface Answered {
  readonly label: number;
  readonly answered: number;
  /** Found objects of the class, and how many of them have the class `answered`. */
  readonly found: number;
  readonly agreeing: number;
}

/**
 * A sentence that says that the classes of the labels are in another order than those of the model; null if nothing
 * points to it. Objects are compared with the clear detections at the same place without regard to classes: if most
 * found objects belong to classes that the model consistently gives another index, the order is wrong.
 */
export function classOrderDoubt(images: readonly LabelledDetections[], classNames: readonly string[]): string | null {
  const classes = answeredClasses(images);
  const all = classes.reduce((sum, { found }) => sum + found, 0);
  const moved = classes.filter(
    ({ label, answered, found, agreeing }) =>
      answered !== label && found >= LEAST_OBJECTS && agreeing >= CLEAR_SHARE * found,
  );
  const [first] = moved;
  if (first === undefined || 2 * moved.reduce((sum, { found }) => sum + found, 0) <= all) return null;
  const listed = moved
    .toSorted((a, b) => b.found - a.found)
    .slice(0, SHOWN)
    .map(
      ({ label, answered, found, agreeing }) =>
        `${agreeing} of ${found} of class ${label}${nameOf(label, classNames)} as class ${answered}`,
    );
  const shift = first.answered - first.label;
  const isShifted = moved.length > 1 && moved.every(({ label, answered }) => answered - label === shift);
  return (
    `The model finds the objects of the labels, but with other class indices: ${listed.join(', ')}. ` +
    (isShifted
      ? `Every index of the model is ${Math.abs(shift)} ${shift > 0 ? 'higher' : 'lower'}: it may count a class for ` +
        'the background, which the decoder can subtract.'
      : "The classes of the labels are probably not in the model's order: give a file with the class names in its order.")
  );
}

/** Share of the found objects of a class that must have the same class of the model before names are moved to it. */
const CERTAIN_SHARE = 0.8;

/**
 * The names of the classes in the order of the model, for labels that state no order; null if the detections do not
 * show it clearly. Every class of which an object was found must clearly be one class of the model, and no two the
 * same one. The name of a single class without found objects takes the only index that is left.
 */
export function classOrderOf(
  images: readonly LabelledDetections[],
  classNames: readonly string[],
): readonly string[] | null {
  const order = new Array<string | undefined>(classNames.length).fill(undefined);
  const unseen = new Set(classNames.keys());
  for (const { label, answered, found, agreeing } of answeredClasses(images)) {
    const name = classNames[label];
    if (name === undefined || answered >= order.length || order[answered] !== undefined) return null;
    if (agreeing < CERTAIN_SHARE * found) return null;
    order[answered] = name;
    unseen.delete(label);
  }
  const [last, ...others] = unseen;
  if (others.length > 0) return null;
  if (last !== undefined) order[order.indexOf(undefined)] = classNames[last];
  return order.map((name) => name ?? '');
}

function nameOf(label: number, classNames: readonly string[]): string {
  const name = classNames[label];
  return name === undefined ? '' : ` (${name})`;
}

function answeredClasses(images: readonly LabelledDetections[]): readonly Answered[] {
  const counts = new Map<number, Map<number, number>>();
  for (const { detections, truth } of images) {
    for (const box of truth) {
      if (canRepeat(box)) continue;
      const answered = classAt(box, detections);
      if (answered === null) continue;
      const own = counts.get(box.label) ?? new Map<number, number>();
      counts.set(box.label, own.set(answered, (own.get(answered) ?? 0) + 1));
    }
  }
  return Array.from(counts, ([label, own]) => {
    const entries = [...own].sort(([, a], [, b]) => b - a);
    const [answered = label, agreeing = 0] = entries[0] ?? [];
    return { label, answered, agreeing, found: entries.reduce((sum, [, count]) => sum + count, 0) };
  });
}

/** The class of the best clear detection at the place of an object; null if nothing was found there. */
function classAt(box: TruthBox, { boxes, scores, classes }: Detections): number | null {
  for (const [d, score] of scores.entries()) {
    if (score < CLEAR_SCORE) break; // The detections are sorted by score.
    if (cocoIou(boxes, d, box) >= SAME_IOU) return classes[d] ?? null;
  }
  return null;
}
