import { WorkbenchError } from '../../src-shared/base/errors';
import type { BackendId } from '../../src-shared/domain/precision';

export type BackendAvailability = { readonly available: true } | { readonly available: false; readonly reason: string };

/** Which backends this build can run. */
export function backendAvailability(backend: BackendId): BackendAvailability {
  switch (backend) {
    case 'ort-cpu':
      return { available: true };
    case 'tensorrt':
      // Whether the library and a GPU are here is found out in the compute process, which says what is missing.
      return { available: true };
    case 'ort-webgpu':
    case 'ort-cuda':
      return { available: false, reason: `Backend ${backend} is not part of this version; ort-cpu is` };
  }
}

/** @throws WorkbenchError backend-unavailable */
export function requireBackend(backend: BackendId): void {
  const availability = backendAvailability(backend);
  if (!availability.available) {
    throw new WorkbenchError('backend-unavailable', availability.reason, { hint: '`calib doctor` lists what this machine can run.' });
  }
}
