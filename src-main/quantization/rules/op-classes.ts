/** Ops whose arithmetic INT8 speeds up: they have weights (or two matrices) and decide what surrounds them. */
export const COMPUTE_OPS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** Elementwise ops of one variable input that fuse behind a compute op. */
export const ACTIVATION_OPS: ReadonlySet<string> = new Set([
  'Relu',
  'Clip',
  'LeakyRelu',
  'PRelu',
  'HardSwish',
  'HardSigmoid',
  'Sigmoid',
  'Tanh',
  'Elu',
  'Selu',
  'Celu',
  'Softplus',
  'Softsign',
  'ThresholdedRelu',
]);

/** Binary elementwise ops: with a constant as other input they are a bias or a factor. */
export const ARITHMETIC_OPS: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** Output holds exactly the input's values in another shape or order. */
export const RESHAPE_OPS: ReadonlySet<string> = new Set([
  'Reshape',
  'Transpose',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'DepthToSpace',
  'SpaceToDepth',
]);

/** Output holds a part of the input's values, or repeats them. */
export const SELECT_OPS: ReadonlySet<string> = new Set(['Slice', 'Split', 'Gather', 'Expand', 'Tile']);

/** Output values lie within the input's range and near its resolution: one scale serves both sides. */
export const POOL_OPS: ReadonlySet<string> = new Set(['MaxPool', 'AveragePool', 'Resize', 'Upsample']);

/** Ops with bodies; nothing inside is touched, and their outputs are taken as they are. */
export const CONTROL_FLOW_OPS: ReadonlySet<string> = new Set(['If', 'Loop', 'Scan', 'SequenceMap']);

/** Ops that stay in float whatever the plan says about int8, with the reason code and sentence. */
export const FLOAT_ONLY_REASONS: Readonly<Record<string, readonly [code: string, reason: string]>> = {
  Softmax: ['softmax', 'Softmax needs more than 8 bits around its exponentials'],
  LogSoftmax: ['softmax', 'LogSoftmax needs more than 8 bits around its exponentials'],
  LayerNormalization: ['normalization', 'normalization divides by a computed deviation and stays in floating point'],
  InstanceNormalization: ['normalization', 'normalization divides by a computed deviation and stays in floating point'],
  GroupNormalization: ['normalization', 'normalization divides by a computed deviation and stays in floating point'],
  RMSNormalization: ['normalization', 'normalization divides by a computed deviation and stays in floating point'],
  BatchNormalization: ['normalization', 'this BatchNormalization could not be folded into a layer before it'],
  Erf: ['gelu', 'part of a GELU, which stays in floating point'],
  Gelu: ['gelu', 'GELU stays in floating point'],
};

/**
 * Operators that stay in FP32 although ONNX defines them for FP16: the model's own quantization, whose scales must keep their
 * value, and spectral transforms, whose sums leave the precision of FP16. What ONNX does not define is in float16-types.json.
 */
export const FP32_ONLY_OPS: ReadonlySet<string> = new Set([
  'QuantizeLinear',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
  'STFT',
  'DFT',
]);
