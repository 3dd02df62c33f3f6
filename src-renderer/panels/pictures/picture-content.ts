import type { AnswerView, ImageAnswersView, MaskView, TruthView } from '../../../src-shared/contract/views';
import { boxDifferences, CLEAR_SCORE, truthOfDetections } from '../../../src-shared/domain/measures/detection-images';
import { PICTURE_COLOURS } from '../../../src-shared/domain/palette';
import type { Detections } from '../../../src-shared/domain/tasks/answer';
import type { TruthBox } from '../../../src-shared/domain/tasks/truth';
import { t } from '../../i18n';
import { PRECISION_LETTERS, variantKind } from '../../widgets/badge';
import {
  backgroundClass,
  type BoxMark,
  type LineStyle,
  type PictureBox,
  type PictureLayer,
  type PictureMask,
} from '../../widgets/picture/layers';
import type { PictureContent } from '../../widgets/picture/picture-pane';

const FP32 = 'fp32';

/** What a picture shows: the truth and the answers as layers, with what differs between FP32 and the other variants. */
export function pictureContent(view: ImageAnswersView, url: string | null): PictureContent {
  const nameOf = (label: number): string => {
    const name = view.classNames[label] ?? '';
    return name === '' ? String(label) : name;
  };
  const reference = detectionsOf(view.variants.find(({ variant }) => variant === FP32)?.answer);
  const others = view.variants.filter(({ variant }) => variant !== FP32);
  // One pair of answers is compared; of several variants the last one is the one that is asked about.
  const compared = detectionsOf(others.at(-1)?.answer);
  const differences =
    reference === null || compared === null ? null : boxDifferences(compared, truthOfDetections(reference));
  const layers: PictureLayer[] = [];
  if (view.truth !== null) layers.push(truthLayer(view.truth, nameOf));
  let drawn = 0;
  for (const { variant, answer } of view.variants) {
    const marks =
      differences === null
        ? NO_MARKS
        : variant === FP32
          ? missedMarks(reference, differences.missed)
          : detectionsOf(answer) === compared
            ? changeMarks(differences)
            : NO_MARKS;
    layers.push(variantLayer(variant, answer, { line: variant === FP32 ? 'dashed' : lineOf(drawn++), nameOf, marks }));
  }
  return {
    url,
    size: { width: view.width, height: view.height },
    layers,
    classNames: view.classNames,
    background: backgroundClass(view.classNames, classCount(layers)),
  };
}

type Marks = ReadonlyMap<number, BoxMark>;
const NO_MARKS: Marks = new Map();

/** Variants after FP32: dotted, then solid. */
function lineOf(index: number): LineStyle {
  return index % 2 === 0 ? 'dotted' : 'solid';
}

function detectionsOf(answer: AnswerView | undefined): Detections | null {
  return answer?.kind === 'detection' ? answer.detections : null;
}

/** FP32's clear detections that the variant does not answer. */
function missedMarks(reference: Detections | null, missed: readonly TruthBox[]): Marks {
  if (reference === null) return NO_MARKS;
  const lost = new Set(missed.map(({ label, x1, y1, x2, y2 }) => [label, x1, y1, x2, y2].join()));
  return new Map(
    truthOfDetections(reference, 0).flatMap(({ label, x1, y1, x2, y2 }, index) =>
      (reference.scores[index] ?? 0) >= CLEAR_SCORE && lost.has([label, x1, y1, x2, y2].join())
        ? [[index, 'missed'] as const]
        : [],
    ),
  );
}

function changeMarks({ added, moved }: ReturnType<typeof boxDifferences>): Marks {
  return new Map<number, BoxMark>([
    ...added.map((index) => [index, 'added'] as const),
    ...moved.map(({ detection }) => [detection, 'moved'] as const),
  ]);
}

type NameOf = (label: number) => string;

function truthLayer(truth: TruthView, nameOf: NameOf): PictureLayer {
  const base = { ...EMPTY_LAYER, id: 'truth', letter: t('picture.truth.letter'), name: t('picture.truth') };
  const layer = { ...base, colour: PICTURE_COLOURS.truth, line: 'solid' } as const;
  switch (truth.kind) {
    case 'label':
      return { ...layer, answers: [{ name: nameOf(truth.label), score: null }] };
    case 'boxes':
      return { ...layer, boxes: truth.boxes.map((box) => truthBox(box, nameOf)) };
    case 'mask':
      return { ...layer, mask: maskOf(truth.mask) };
  }
}

const EMPTY_LAYER = { boxes: [], mask: null, answers: [] } as const;

function truthBox({ label, x1, y1, x2, y2, isCrowd, isDifficult }: TruthBox, nameOf: NameOf): PictureBox {
  return {
    left: x1,
    top: y1,
    right: x2,
    bottom: y2,
    name: nameOf(label),
    score: null,
    mark: null,
    isIgnored: isCrowd === true || isDifficult === true,
  };
}

function maskOf({ width, height, classes, left, top, right, bottom }: MaskView): PictureMask {
  return { width, height, classes, place: { left, top, right, bottom } };
}

interface VariantLook {
  readonly line: LineStyle;
  readonly nameOf: NameOf;
  readonly marks: Marks;
}

function variantLayer(variant: string, answer: AnswerView, { line, nameOf, marks }: VariantLook): PictureLayer {
  const kind = variantKind(variant);
  const layer = {
    ...EMPTY_LAYER,
    id: variant,
    letter: kind === 'mixed' ? '8·16' : PRECISION_LETTERS[kind],
    name: variant,
    colour: PICTURE_COLOURS[kind],
    line,
  };
  switch (answer.kind) {
    case 'classification':
      return { ...layer, answers: answer.best.map(({ label, score }) => ({ name: nameOf(label), score })) };
    case 'detection':
      return { ...layer, boxes: detectionBoxes(answer.detections, nameOf, marks) };
    case 'segmentation':
      return { ...layer, mask: maskOf(answer.mask) };
    case 'other':
    case 'failed':
      return layer;
  }
}

function detectionBoxes({ boxes, scores, classes }: Detections, nameOf: NameOf, marks: Marks): PictureBox[] {
  return [...scores.keys()].map((index) => ({
    left: boxes[4 * index] ?? 0,
    top: boxes[4 * index + 1] ?? 0,
    right: boxes[4 * index + 2] ?? 0,
    bottom: boxes[4 * index + 3] ?? 0,
    name: nameOf(classes[index] ?? 0),
    score: scores[index] ?? 0,
    mark: marks.get(index) ?? null,
    isIgnored: false,
  }));
}

/** The largest class index in any mask, plus one. */
function classCount(layers: readonly PictureLayer[]): number {
  return layers.reduce(
    (most, { mask }) =>
      mask?.classes.reduce((own, index) => (index === 255 ? own : Math.max(own, index + 1)), most) ?? most,
    0,
  );
}

/** Why variants have no answer, one sentence each. */
export function failures(view: ImageAnswersView): readonly string[] {
  return view.variants.flatMap(({ variant, answer }) =>
    answer.kind === 'failed' ? [`${variant}: ${answer.reason}`] : [],
  );
}

export interface DifferenceCounts {
  readonly missed: number;
  readonly added: number;
  readonly moved: number;
}

/** The number of boxes that the last variant misses, adds and moves against FP32. */
export function differenceCounts(layers: readonly PictureLayer[]): DifferenceCounts {
  const count = (mark: BoxMark): number =>
    layers.reduce((sum, { boxes }) => sum + boxes.filter((box) => box.mark === mark).length, 0);
  return { missed: count('missed'), added: count('added'), moved: count('moved') };
}
