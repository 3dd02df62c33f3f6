import { OpenvinoSession } from './openvino/openvino-session';
import { OrtSession } from './ort-session';
import type { ModelSession, RunnableVariant } from './runnable-variant';
import { EngineSession } from './tensorrt/engine-session';

/**
 * Opens a variant on its backend.
 * @param threads of backends that run on the processor
 * @throws WorkbenchError model-unsupported, backend-unavailable
 */
export async function openSession(variant: RunnableVariant, threads: number): Promise<ModelSession> {
  switch (variant.kind) {
    case 'onnx':
      return OrtSession.open({ ...variant, model: variant.modelPath, threads });
    case 'engine':
      return EngineSession.open(variant);
    case 'openvino':
      return new OpenvinoSession(variant, threads);
  }
}
