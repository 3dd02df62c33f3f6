import { fork } from 'node:child_process';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { GPU_HINTS, PROVIDER_NAMES } from '../../backends/ort-gpu-files';
import type { OrtGpu } from '../../backends/runnable-variant';
import type { FromGpuProbe } from './gpu-probe';
import type { OrtGpuStatus } from '../pool/protocol';

/** Drivers that compile shaders on the CPU need seconds for the first ones. */
const PROBE_TIMEOUT_MS = 60_000;
const STDERR_TAIL_CHARS = 8_000;

/**
 * Determines the abilities of a GPU provider of ONNX Runtime on this machine, in a separate process.
 * @param hostPath entry point of that process, see gpu-probe.
 * @throws WorkbenchError backend-unavailable with the provider's reason, or if the process crashed or did not answer.
 */
export function probeGpu(gpu: OrtGpu, hostPath: string, timeoutMs = PROBE_TIMEOUT_MS): Promise<OrtGpuStatus> {
  const name = `ONNX Runtime's ${PROVIDER_NAMES[gpu.provider]} provider`;
  return new Promise((resolve, reject) => {
    const child = fork(hostPath, [JSON.stringify(gpu)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let stderr = '';
    let answer: FromGpuProbe | null = null;
    const fail = (reason: string): void => {
      const detail = Object.assign(new Error(stderr.trim() || 'no output'), { stack: stderr.trim() || 'no output' });
      reject(
        new WorkbenchError('backend-unavailable', `${name} ${reason}`, {
          hint: GPU_HINTS[gpu.provider],
          cause: detail,
        }),
      );
    };
    const timer = setTimeout(() => {
      fail(`did not answer within ${timeoutMs / 1000} s`);
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (stderr = (stderr + text).slice(-STDERR_TAIL_CHARS)));
    child.on('message', (message) => (answer = message as FromGpuProbe));
    child.on('error', (error) => fail(`could not be tried: ${error.message}`));
    // `close` follows the end of the streams: the provider's output is complete.
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (answer?.type === 'found') resolve({ device: answer.device, hasFp16: answer.hasFp16 });
      else if (answer?.type === 'failed') fail(`cannot be used: ${loaderError(stderr) ?? firstLine(answer.reason)}`);
      else fail(`crashed ${signal === null ? `with exit code ${code ?? '?'}` : `(${signal})`} when it was tried`);
    });
  });
}

/** The loader's error for a provider's library. ONNX Runtime writes it to its log only. */
function loaderError(stderr: string): string | null {
  const last = [...stderr.matchAll(/Failed to (?:load library|get symbol) .*with error: (.+)/g)].at(-1)?.[1];
  return last?.replace(/^\S*\//, '') ?? null;
}

/** The reason without the source file and function that ONNX Runtime writes in front of it. */
function firstLine(reason: string): string {
  const text = reason.split('\n')[0] ?? reason;
  return /was false\. (.+)$/.exec(text)?.[1] ?? text.replace(/^ONNX Runtime cannot open the model: /, '');
}
