/**
 * The only file that loads ONNX Runtime. Since version 1.30 the library writes a device id and a database of events to
 * the cache folder of the user and sends them to Microsoft, unless ORT_DISABLE_TELEMETRY is set when it is loaded. An
 * import statement is not used, because it would load the library before the variable is set.
 */
import { createRequire } from 'node:module';
import type * as OnnxRuntime from 'onnxruntime-node';
import { switchOffTelemetry } from '../base/telemetry';

switchOffTelemetry(process.env);

export const { InferenceSession, Tensor, env, listSupportedBackends } = createRequire(import.meta.url)(
  'onnxruntime-node',
) as typeof OnnxRuntime;
