import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Draws } from './mutate';

/**
 * A reader of untrusted input. `input` makes the bytes of one trial from random draws, `run` reads them. A
 * WorkbenchError or the result false mean that the reader refused the input; any other error is a fault.
 */
export interface FuzzTarget {
  /** Share of all trials, relative to the other targets. */
  readonly weight: number;
  input(draws: Draws): Uint8Array | Promise<Uint8Array>;
  /** `folder` is an empty folder of this process for files that the reader opens. */
  run(bytes: Uint8Array, folder: string): unknown;
}

export const utf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export function fileIn(folder: string, name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
