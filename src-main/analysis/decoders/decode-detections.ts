import type { Detections, ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { Decoder } from '../../../src-shared/domain/tasks/decoder';
import type { OutputTensor } from '../../backends/runnable-variant';
import { toOriginal, type BoxReader } from './boxes';
import { Candidates, type SortedCandidates } from './candidates';
import { LAYOUTS } from './layouts';
import { suppressed } from './suppression';

/**
 * The detections of one image.
 *
 * Every pair of a box and a class whose score reaches `minScore` is a candidate (DETR with a background: only the best
 * class of a query). Boxes that are not finite, have no area or lie outside of the image are dropped, as are scores
 * that are not finite. Then boxes are suppressed in the network's input, cut to `maxDetections`, moved to the original
 * image and clipped to it.
 * @param outputs all outputs for this image, see `imageOutputs`.
 * @throws WorkbenchError model-unsupported when an output does not have the shape that the decoder says
 */
export function decodeDetections(
  decoder: Decoder,
  outputs: readonly OutputTensor[],
  geometry: ImageGeometry,
): Detections {
  const candidates = new Candidates(decoder.minScore);
  const readBox = LAYOUTS[decoder.kind](decoder, outputs, { size: geometry, candidates });
  const place = decoder.boxUnit === 'original' ? { ...geometry, ...IN_PLACE } : geometry;
  const visible = visibleBoxes(candidates.sorted(), readBox, place);
  const { nmsIou, maxDetections, classAgnostic } = decoder;
  const kept =
    nmsIou === null
      ? Array.from({ length: Math.min(maxDetections, visible.scores.length) }, (_, i) => i)
      : suppressed(visible.boxes, classAgnostic ? null : visible.classes, { iou: nmsIou, max: maxDetections });
  const boxes = new Float64Array(kept.length * 4);
  for (const [to, from] of kept.entries()) boxes.set(visible.boxes.subarray(from * 4, from * 4 + 4), to * 4);
  toOriginal(boxes, place);
  return {
    boxes: Float32Array.from(boxes),
    scores: Float32Array.from(kept, (i) => visible.scores[i] ?? 0),
    classes: Int32Array.from(kept, (i) => visible.classes[i] ?? 0),
  };
}

/** Boxes that are given in pixels of the original image. */
const IN_PLACE = { scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };

interface PlacedCandidates {
  /** Left, top, right, bottom of each candidate. */
  readonly boxes: Float64Array;
  readonly scores: Float32Array;
  readonly classes: Int32Array;
}

/** The candidates whose boxes have an area inside of the image. */
function visibleBoxes(
  { rows, classes, scores }: SortedCandidates,
  readBox: BoxReader,
  { width, height, scaleX, scaleY, offsetX, offsetY }: ImageGeometry,
): PlacedCandidates {
  const boxes = new Float64Array(rows.length * 4);
  const [imageRight, imageBottom] = [offsetX + width * scaleX, offsetY + height * scaleY];
  let count = 0;
  for (let i = 0; i < rows.length; i += 1) {
    const at = count * 4;
    readBox(rows[i] ?? 0, boxes, at);
    const left = boxes[at] ?? Number.NaN;
    const top = boxes[at + 1] ?? Number.NaN;
    const right = boxes[at + 2] ?? Number.NaN;
    const bottom = boxes[at + 3] ?? Number.NaN;
    const hasWidth = right > left && right > offsetX && left < imageRight;
    const hasHeight = bottom > top && bottom > offsetY && top < imageBottom;
    if (!hasWidth || !hasHeight || !Number.isFinite(right - left + bottom - top)) continue;
    // The arrays are ours: candidates that are kept move to the front.
    classes[count] = classes[i] ?? 0;
    scores[count] = scores[i] ?? 0;
    count += 1;
  }
  return {
    boxes: boxes.subarray(0, count * 4),
    scores: scores.subarray(0, count),
    classes: classes.subarray(0, count),
  };
}
