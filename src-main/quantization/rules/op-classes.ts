/** Operators with weights (or two matrices) that INT8 makes faster; the placement of Q/DQ starts from them. */
export const COMPUTE_OPS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** Elementwise operators with one variable input that are fused into a preceding compute operator. */
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

/** Binary elementwise operators: with a constant as the other input they add a bias or multiply by a factor. */
export const ARITHMETIC_OPS: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** The output has exactly the values of the input, in another shape or order. */
export const RESHAPE_OPS: ReadonlySet<string> = new Set([
  'Reshape',
  'Transpose',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'DepthToSpace',
  'SpaceToDepth',
]);

/** The output has some of the input's values, or repeats them. */
export const SELECT_OPS: ReadonlySet<string> = new Set(['Slice', 'Split', 'Gather', 'Expand', 'Tile']);

/** The output values lie in the range of the input, so that one scale is adequate for both. */
export const POOL_OPS: ReadonlySet<string> = new Set(['MaxPool', 'AveragePool', 'Resize', 'Upsample']);

/** Operators with subgraphs, which are not changed. */
export const CONTROL_FLOW_OPS: ReadonlySet<string> = new Set(['If', 'Loop', 'Scan', 'SequenceMap']);

/** Operators that stay in float even if the plan asks for INT8, with reason code and sentence. */
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
 * Operators that stay in FP32 although ONNX defines them for FP16: quantization nodes of the original model, whose
 * scales must not change, and spectral transforms, whose sums need more precision. Operators without FP16 are in
 * float16-types.json.
 */
export const FP32_ONLY_OPS: ReadonlySet<string> = new Set([
  'QuantizeLinear',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
  'STFT',
  'DFT',
]);
