/**
 * Graph optimizations of ONNX Runtime 1.30 and 1.31 that fail on graphs with FP16 layers on the CPU. NchwcTransformer
 * crashes (SIGSEGV, no message) on a vision transformer exported by PyTorch, whose patch embedding is followed by shape
 * arithmetic. LayerNormFusion drops the Cast before a decomposed normalization and then refuses its own graph.
 */
export const FP16_UNSAFE_PASSES = [
  'NchwcTransformer',
  'LayerNormFusionL1',
  'LayerNormFusionL2',
  'SimplifiedLayerNormFusion',
];
