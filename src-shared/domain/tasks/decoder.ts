import {
  boolean,
  type InferOutput,
  list,
  nullable,
  number,
  numberWhere,
  object,
  oneOf,
  optional,
  partial,
  positiveInteger,
  text,
} from '../../base/schema';

/**
 * The layouts of a detector's outputs. `A` anchors or queries, `C` classes, `K` kept detections, `n` the batch.
 * - `yolov5`: [n, A, 5 + C]: box, objectness, class scores.
 * - `yolov8`: [n, 4 + C, A] (YOLOv8, YOLO11): box, class scores. For this layout and the one before, the two axes may
 *   be exchanged.
 * - `yolox`: [n, A, 5 + C], or one [n, 5 + C, height, width] per stride; boxes relative to the cells of a grid (see
 *   `strides`) or already decoded.
 * - `end-to-end`: [n, K, 6] (YOLOv10, YOLO26): box, score, class index; for other orders see `columns`.
 * - `detr`: logits [n, K, C or C + 1] and boxes [n, K, 4] (DETR, RT-DETR, Deformable DETR).
 * - `boxes-scores`: boxes [n, A, 4] and scores [n, A, C] or [n, C, A] (SSD, RetinaNet, face detectors).
 * - `torchvision`: boxes [K, 4], labels [K], scores [K], for one image.
 * - `efficient-nms`: number of detections [n, 1], boxes [n, K, 4], scores [n, K], classes [n, K].
 */
export const DECODERS = [
  'yolov5',
  'yolov8',
  'yolox',
  'end-to-end',
  'detr',
  'boxes-scores',
  'torchvision',
  'efficient-nms',
] as const;
export type DecoderKind = (typeof DECODERS)[number];

/** The order of a box's four numbers: centre and size, two corners, corner and size, two corners with y first. */
export const BOX_FORMS = ['cxcywh', 'xyxy', 'xywh', 'yxyx'] as const;
export type BoxForm = (typeof BOX_FORMS)[number];

const fraction = numberWhere('a number from 0 to 1', (value) => value >= 0 && value <= 1);

/**
 * The order of the numbers of a kept detection; `image` is the index of an image in the batch. The default is that of
 * YOLOv10, `class-score-box` that of PaddleDetection, `image-box-class-score` that of YOLOv7, and
 * `image-class-score-box` that of SSD in Caffe and OpenVINO.
 */
export const DETECTION_COLUMNS = [
  'box-score-class',
  'class-score-box',
  'image-box-class-score',
  'image-class-score-box',
] as const;
export type DetectionColumns = (typeof DETECTION_COLUMNS)[number];

export const BOX_UNITS = ['pixels', 'fraction', 'original'] as const;
export const ACTIVATIONS = ['none', 'sigmoid', 'softmax'] as const;

const background = oneOf('first', 'last');

const decoderFields = {
  kind: oneOf(...DECODERS),
  /**
   * The model's outputs in the order that the layout names them: one for `yolov5`, `yolov8`, `yolox` and `end-to-end`;
   * logits, boxes for `detr`; boxes, scores for `boxes-scores`; boxes, labels, scores for `torchvision`; count, boxes,
   * scores, classes for `efficient-nms`. Where these are spread over several outputs, one per stride, `yolov5`,
   * `yolov8` and `yolox` name all of them, and `boxes-scores` first all boxes, then all scores.
   */
  outputs: list(text),
  boxForm: oneOf(...BOX_FORMS),
  /**
   * `pixels` of the network's input, `fraction` of its width and height, or pixels of the `original` image for models
   * that get its size as an input.
   */
  boxUnit: oneOf(...BOX_UNITS),
  /** The function that turns the model's numbers into scores: `none` if it has been applied in the graph. */
  activation: oneOf(...ACTIVATIONS),
  /** For `yolox` with boxes relative to a grid: the strides of the grids, in the order of the rows. */
  strides: optional(list(positiveInteger)),
  /** For `end-to-end`. Default: box-score-class. */
  columns: optional(oneOf(...DETECTION_COLUMNS)),
  /**
   * The number of class scores, background excluded, if other numbers follow them (coefficients of masks, key points);
   * if omitted, all numbers after the box are class scores.
   */
  classes: optional(positiveInteger),
  /** The class index of "no object" among the scores, which is not a class: first or last; omitted if there is none. */
  background: optional(background),
  /** Subtracted from a class index that the model answers, for models that count classes from 1. Default: 0. */
  classOffset: optional(number),
  /** Detections with a lower score are dropped. */
  minScore: fraction,
  /** Intersection over union above which the box with the lower score is removed; null: the model does this itself. */
  nmsIou: nullable(fraction),
  /** Whether boxes of different classes suppress each other. */
  classAgnostic: boolean,
  maxDetections: positiveInteger,
};

export const decoderSchema = object(decoderFields);
/** How the outputs of a detector become boxes. All parameters are guessed, shown, and can be changed. */
export type Decoder = InferOutput<typeof decoderSchema>;

/** The parameters of a decoder that a person chose; the others are guessed. null takes an optional one away. */
export const decoderChangeSchema = partial({
  ...decoderFields,
  strides: nullable(list(positiveInteger)),
  columns: nullable(oneOf(...DETECTION_COLUMNS)),
  classes: nullable(positiveInteger),
  background: nullable(background),
  classOffset: nullable(number),
});
export type DecoderChange = InferOutput<typeof decoderChangeSchema>;
