/**
 * Switches ONNX Runtime's telemetry off for a process with this environment. If the library is loaded later, also in a
 * process that inherits the environment, it opens no connection and writes no files of its own.
 */
export function switchOffTelemetry(environment: NodeJS.ProcessEnv): void {
  environment['ORT_DISABLE_TELEMETRY'] = '1';
}

export function isTelemetryOff(environment: NodeJS.ProcessEnv): boolean {
  return environment['ORT_DISABLE_TELEMETRY'] === '1';
}
