import { formatCountOf } from '../../../src-shared/base/units';
import type { ImageSize, SetNote, TruthFacts, TruthSource } from '../../../src-shared/domain/project/image-set';
import type { TruthBox } from '../../../src-shared/domain/tasks/truth';

/** A box may extend this far beyond its image, in pixels, because tools count pixels from 0 or from 1 and round. */
const TOLERATED_PIXELS = 1;
/** Images and boxes that are shown as examples. */
const EXAMPLES = 3;

/** The boxes of one image as they were read; null if nothing is known about the image. */
export interface ReadBoxes {
  readonly file: string;
  readonly size: ImageSize | null;
  readonly boxes: readonly TruthBox[] | null;
}

export interface CheckedBoxes {
  /** By image: the boxes with an area. */
  readonly boxes: readonly (readonly TruthBox[] | null)[];
  readonly facts: TruthFacts;
  readonly notes: readonly SetNote[];
}

interface Origin {
  readonly source: TruthSource;
  readonly path: string;
  readonly classNames: readonly string[];
}

/** Leaves out boxes without an area, and counts what a user should know about the others. */
export function checkBoxes(images: readonly ReadBoxes[], { source, path, classNames }: Origin): CheckedBoxes {
  const empty: string[] = [];
  const outside: string[] = [];
  const duplicates: string[] = [];
  const beyond: string[] = [];
  const boxesByClass = new Map<number, number>();
  let [crowds, difficult, background, withBoxes] = [0, 0, 0, 0];
  const kept = images.map(({ file, size, boxes }) => {
    if (boxes === null) return null;
    const seen = new Set<string>();
    const usable = boxes.filter((box) => {
      if (box.x2 > box.x1 && box.y2 > box.y1) return true;
      empty.push(`${file}: ${boxText(box)}`);
      return false;
    });
    for (const box of usable) {
      const key = `${box.label} ${box.x1} ${box.y1} ${box.x2} ${box.y2}`;
      if (seen.has(key)) duplicates.push(`${file}: ${boxText(box)}`);
      seen.add(key);
      if (size !== null && isOutside(box, size)) outside.push(`${file}: ${boxText(box)}`);
      if (classNames.length > 0 && box.label >= classNames.length) beyond.push(`${file}: class ${box.label}`);
      boxesByClass.set(box.label, (boxesByClass.get(box.label) ?? 0) + 1);
      if (box.isCrowd === true) crowds += 1;
      if (box.isDifficult === true) difficult += 1;
    }
    if (usable.length === 0) background += 1;
    else withBoxes += 1;
    return usable;
  });
  const classes = Array.from(boxesByClass, ([label, count]) => ({ label, boxes: count }));
  return {
    boxes: kept,
    facts: {
      source,
      path,
      images: withBoxes,
      background,
      boxes: classes.reduce((sum, { boxes }) => sum + boxes, 0),
      classes: classes.sort((a, b) => a.label - b.label),
      crowds,
      difficult,
      outside: outside.length,
      duplicates: duplicates.length,
      empty: empty.length,
    },
    notes: [
      ...boxNote(empty, (boxes) => `${boxes} without an area left out`),
      ...boxNote(outside, (boxes, isOne) => `${boxes} ${isOne ? 'extends' : 'extend'} beyond the image`),
      ...boxNote(
        duplicates,
        (boxes, isOne) => `${boxes} ${isOne ? 'repeats' : 'repeat'} another one of the same class`,
      ),
      ...boxNote(
        beyond,
        (boxes, isOne) =>
          `${boxes} ${isOne ? 'has a class index' : 'have class indices'} beyond the ` +
          formatCountOf(classNames.length, 'class name'),
      ),
    ],
  };
}

function isOutside({ x1, y1, x2, y2 }: TruthBox, { width, height }: ImageSize): boolean {
  return (
    x1 < -TOLERATED_PIXELS || y1 < -TOLERATED_PIXELS || x2 > width + TOLERATED_PIXELS || y2 > height + TOLERATED_PIXELS
  );
}

function boxText({ x1, y1, x2, y2 }: TruthBox): string {
  return [x1, y1, x2, y2].map((value) => Number(value.toFixed(1))).join(' ');
}

function boxNote(found: readonly string[], say: (boxes: string, isOne: boolean) => string): readonly SetNote[] {
  if (found.length === 0) return [];
  const examples = found.slice(0, EXAMPLES).join('; ');
  const first = found.length > EXAMPLES ? 'the first ones' : 'namely';
  return [
    {
      code: 'labels-boxes',
      message: `${say(formatCountOf(found.length, 'box', 'boxes'), found.length === 1)}; ${first} ${examples}`,
    },
  ];
}

/** The note about images that count as background because they have no label file; none if all have one. */
export function backgroundNotes(files: readonly string[], total: number): readonly SetNote[] {
  const [first] = files;
  if (first === undefined) return [];
  return [
    {
      code: 'labels-background',
      message:
        `${files.length} of ${formatCountOf(total, 'image')} without labels ` +
        `${files.length === 1 ? 'counts' : 'count'} as background; the first one: ${first}`,
    },
  ];
}
