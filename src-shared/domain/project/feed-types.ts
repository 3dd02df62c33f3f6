/** Element types of model inputs that can be fed, named as in ONNX. */
export const FEED_TYPES = [
  'float32',
  'float64',
  'float16',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
] as const;
export type FeedType = (typeof FEED_TYPES)[number];

/** Bytes of one element. */
export const FEED_BYTES: Readonly<Record<FeedType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  bool: 1,
};
