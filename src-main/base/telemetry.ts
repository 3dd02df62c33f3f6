/**
 * Switches ONNX Runtime's telemetry off for a process with this environment. A library that is loaded later, also by a
 * process that inherits the environment, then opens no connection and writes no file of its own.
 */
export function switchOffTelemetry(environment: NodeJS.ProcessEnv): void {
  environment['ORT_DISABLE_TELEMETRY'] = '1';
}

export function isTelemetryOff(environment: NodeJS.ProcessEnv): boolean {
  return environment['ORT_DISABLE_TELEMETRY'] === '1';
}
