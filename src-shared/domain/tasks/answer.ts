/**
 * The detections of one image, best score first; all arrays have one entry per detection, `boxes` has four: left, top,
 * right, bottom in pixels of the original image.
 */
export interface Detections {
  readonly boxes: Float32Array;
  readonly scores: Float32Array;
  readonly classes: Int32Array;
}

/** Pixels of one image by class index, counted at the size of the network's input, padding included. */
export interface RegionCounts {
  /** Pixels that both the answer and the truth assign to the class. */
  readonly intersection: Uint32Array;
  /** Pixels that the answer assigns to the class, without ignored pixels. */
  readonly predicted: Uint32Array;
  /** Pixels that the truth assigns to the class. */
  readonly truth: Uint32Array;
}

/** The answer of a variant to one image, in the form that the measure of the task needs. Plain data. */
export type TaskAnswer =
  | {
      readonly kind: 'classification';
      /** Up to five class indices, best first; [-1] if the output contains NaN. */
      readonly top5: readonly number[];
      readonly score: number;
      /** Number of classes that the model knows. */
      readonly classCount: number;
    }
  | { readonly kind: 'detection'; readonly detections: Detections }
  | {
      readonly kind: 'segmentation';
      /** Compared with the labels; null without a mask for this image. */
      readonly toTruth: RegionCounts | null;
      /** Compared with the answer of FP32, which takes the place of the truth. */
      readonly toFp32: RegionCounts;
    }
  | { readonly kind: 'embedding'; readonly vector: Float32Array }
  | {
      readonly kind: 'custom';
      /** What the user's `score` returned for this image: any JSON value; undefined if the image does not count. */
      readonly record: unknown;
    };

/**
 * The place of the original image in the network's input: a pixel (x, y) of the input lies at
 * ((x - offsetX) / scaleX, (y - offsetY) / scaleY) in the original image. Undoes stretching, letterboxes and crops.
 */
export interface ImageGeometry {
  /** Of the original image, after its orientation was applied if the preprocessing asks for it. */
  readonly width: number;
  readonly height: number;
  readonly inputWidth: number;
  readonly inputHeight: number;
  readonly scaleX: number;
  readonly scaleY: number;
  readonly offsetX: number;
  readonly offsetY: number;
}
