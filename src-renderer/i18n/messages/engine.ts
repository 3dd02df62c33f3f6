export default {
  en: {
    'engine.title': 'Engine',
    'engine.none': 'No TensorRT engine yet: choose “GPU, TensorRT” on the Run screen of a machine with a GPU.',
    'engine.variant': 'Engine of',
    'engine.what': '{variant} · TensorRT {tensorrt} · {gpu} · batch {batch} · {built}',
    'engine.stale':
      'The plan, the thresholds or the model have changed since this engine was built: build again to see what they became.',
    'engine.total': '{time} in all',
    'engine.reformats': '{count} {count|conversion|conversions} between layers',
    'engine.reformats.cost': ', {time}, {share} of the time',
    'engine.layer': 'In the engine of {variant}',
    'engine.layer.absent': 'No kernel of the engine names this layer: TensorRT folded it into constants or dropped it.',
    'engine.computes': 'computes in',
    'engine.time': 'GPU time',
    'engine.shared': 'The same kernel computes {layers}: {count|both|all of them} share its time.',
    'engine.type.other': 'integers or booleans',
    'engine.cause.quantize': 'Q, {from} to {to}',
    'engine.cause.dequantize': 'DQ, {from} to {to}',
    'engine.cause.cast': 'Cast, {from} to {to}',
    'engine.cause.layout': 'Layout, {from}',
    'engine.mismatch.wider':
      '{asked} was asked for, but its kernel ({kernel}) takes {runsIn}: TensorRT had no {asked} kernel for this shape, or an input reaches it without Q/DQ.',
    'engine.mismatch.wider-fused':
      '{asked} was asked for, but TensorRT fused it with {others}, which runs in {runsIn}: ask the same of both, or accept it.',
    'engine.mismatch.narrower':
      '{asked} was asked for, but its kernel ({kernel}) takes {runsIn}: TensorRT moved a cast or Q into the kernel, or chose the precision itself (implicit typing). Check its accuracy.',
  },
  zh: {
    'engine.title': '引擎',
    'engine.none': '还没有 TensorRT 引擎：请在有 GPU 的机器上，于“运行”页选择“GPU，TensorRT”。',
    'engine.variant': '引擎所属变体',
    'engine.what': '{variant} · TensorRT {tensorrt} · {gpu} · 批大小 {batch} · {built}',
    'engine.stale': '构建该引擎之后，精度方案、阈值或模型已有改动：重新构建才能看到改动的结果。',
    'engine.total': '共 {time}',
    'engine.reformats': '层间转换 {count} 次',
    'engine.reformats.cost': '，{time}，占时间的 {share}',
    'engine.layer': '在 {variant} 的引擎中',
    'engine.layer.absent': '引擎中没有内核对应此层：TensorRT 已将其并入常量或删去。',
    'engine.computes': '实际计算',
    'engine.time': 'GPU 时间',
    'engine.shared': '同一内核还计算 {layers}，时间为它们共有。',
    'engine.type.other': '整数或布尔',
    'engine.cause.quantize': 'Q，{from} 到 {to}',
    'engine.cause.dequantize': 'DQ，{from} 到 {to}',
    'engine.cause.cast': '类型转换，{from} 到 {to}',
    'engine.cause.layout': '内存布局，{from}',
    'engine.mismatch.wider':
      '要求 {asked}，但其内核（{kernel}）的输入为 {runsIn}：TensorRT 没有适合该形状的 {asked} 内核，或某个输入未经 Q/DQ。',
    'engine.mismatch.wider-fused':
      '要求 {asked}，但 TensorRT 将其与以 {runsIn} 计算的 {others} 融合：可对两者作同样要求，或接受现状。',
    'engine.mismatch.narrower':
      '要求 {asked}，但其内核（{kernel}）的输入为 {runsIn}：TensorRT 将类型转换或 Q 并入了内核，或（隐式类型时）自行选择了精度。请检查准确率损失。',
  },
};
