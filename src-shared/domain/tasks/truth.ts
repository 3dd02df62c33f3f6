import {
  boolean,
  count,
  type InferOutput,
  list,
  number,
  object,
  oneOf,
  optional,
  positiveInteger,
  variant,
} from '../../base/schema';
import { filePath } from '../../base/marked-paths';

export const truthBoxSchema = object({
  /** Class index. */
  label: count,
  /** Left, top, right, bottom in pixels of the original image. */
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  /** A region with many objects that are not told apart (COCO's iscrowd). */
  isCrowd: optional(boolean),
  /** Marked as difficult (Pascal VOC): neither found nor missed. */
  isDifficult: optional(boolean),
  /** Area in square pixels if the labels state it (COCO: the area of the mask); if omitted, that of the box. */
  area: optional(number),
});
export type TruthBox = InferOutput<typeof truthBoxSchema>;

/**
 * What is known about one image besides its class index. An image of a set with boxes that has no label file is
 * background: its truth is an empty list of boxes.
 */
export const imageTruthSchema = variant({
  boxes: object({ kind: oneOf('boxes'), boxes: list(truthBoxSchema) }),
  /** A PNG file in which the value (or the palette index) of a pixel is its class index. */
  mask: object({
    kind: oneOf('mask'),
    path: filePath('read'),
    /** For masks with two values, of which 0 is background: the value of the object, which is class 1. */
    objectValue: optional(positiveInteger),
  }),
});
export type ImageTruth = InferOutput<typeof imageTruthSchema>;
