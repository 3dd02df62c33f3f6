import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Feed } from '../../backends/feeds';
import type { ModelSession, OnnxVariant, OutputTensor } from '../../backends/runnable-variant';

/** Memory for the outputs of one model, in bytes. */
const KEPT_BYTES = 256e6;

/** The outputs of one run, in memory that threads share. */
export interface KeptRun {
  readonly bytes: number;
  readonly outputs: readonly KeptOutput[];
}

interface KeptOutput extends Pick<OutputTensor, 'name' | 'dims'> {
  readonly data: SharedArrayBuffer | null;
  readonly integers?: SharedArrayBuffer;
}

/** What a worker gets. */
export interface KnownRuns {
  /** Identity of the model. */
  readonly model: string;
  /** Runs by the hash of their inputs. */
  readonly runs: ReadonlyMap<string, KeptRun>;
  /** How many bytes the worker may add. */
  readonly roomBytes: number;
}

/** What a worker has used and added since its last flush. */
export interface RunsOfWorker {
  readonly model: string;
  readonly used: readonly string[];
  readonly added: ReadonlyMap<string, KeptRun>;
  /** Whether there was no room for some run. */
  readonly isFull: boolean;
}

/**
 * The outputs of the model that others are compared with, so that the next comparison on the same images does not run
 * it again. They belong to the file of the model, and each run to the hash of its inputs, so that other images or
 * another preprocessing find nothing. Only the outputs of the model that was used last are kept.
 */
export class KeptOutputs {
  private model = '';
  private runs = new Map<string, KeptRun>();
  private used = new Set<string>();
  private isFull = false;

  constructor(private readonly limitBytes = KEPT_BYTES) {}

  /**
   * Begins a pass with this model. If the pass before had no room, what it did not use is forgotten.
   * @param workers number of threads that add runs
   */
  begin(variant: OnnxVariant, workers: number): KnownRuns {
    const model = identityOf(variant);
    const isKept = (key: string): boolean => model === this.model && (!this.isFull || this.used.has(key));
    this.runs = new Map([...this.runs].filter(([key]) => isKept(key)));
    this.model = model;
    this.used = new Set();
    this.isFull = false;
    const bytes = [...this.runs.values()].reduce((sum, run) => sum + run.bytes, 0);
    return { model, runs: this.runs, roomBytes: Math.max(0, this.limitBytes - bytes) / Math.max(1, workers) };
  }

  /** Takes over what a worker has used and added. */
  add({ model, used, added, isFull }: RunsOfWorker): void {
    if (model !== this.model) return;
    for (const key of used) this.used.add(key);
    for (const [key, run] of added) {
      this.used.add(key);
      this.runs.set(key, run);
    }
    this.isFull ||= isFull;
  }
}

/** The file of a model as it is now, and how it is opened. */
function identityOf(variant: OnnxVariant): string {
  const file = statSync(variant.modelPath, { throwIfNoEntry: false });
  return JSON.stringify([variant, file?.mtimeMs, file?.size]);
}

/** A session that runs only on inputs whose outputs are not known. Outputs have the same bits as those of a run. */
export class KeepingSession implements ModelSession {
  private used: string[] = [];
  private added = new Map<string, KeptRun>();
  private roomBytes: number;
  private isFull = false;

  constructor(
    private readonly session: ModelSession,
    private readonly known: KnownRuns,
  ) {
    this.roomBytes = known.roomBytes;
  }

  async run(feeds: readonly Feed[]): Promise<OutputTensor[]> {
    const key = hashOf(feeds);
    const known = this.known.runs.get(key) ?? this.added.get(key);
    if (known) {
      this.used.push(key);
      return known.outputs.map(restored);
    }
    const outputs = await this.session.run(feeds);
    const bytes = outputs.reduce((sum, { data, integers }) => sum + bytesOf(data) + bytesOf(integers), 0);
    if (bytes > this.roomBytes) {
      this.isFull = true;
      return outputs;
    }
    this.roomBytes -= bytes;
    this.added.set(key, { bytes, outputs: outputs.map(kept) });
    return outputs;
  }

  flush(): RunsOfWorker {
    const { used, added, isFull } = this;
    this.used = [];
    this.added = new Map();
    return { model: this.known.model, used, added, isFull };
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

function hashOf(feeds: readonly Feed[]): string {
  const hash = createHash('sha256');
  for (const { name, dtype, dims, data } of feeds) {
    hash.update(JSON.stringify([name, dtype, dims]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('base64');
}

function bytesOf(values: Float32Array | Int32Array | null | undefined): number {
  return values?.byteLength ?? 0;
}

function kept({ name, dims, data, integers }: OutputTensor): KeptOutput {
  return {
    name,
    dims,
    data: data && shared(data),
    ...(integers === undefined ? {} : { integers: shared(integers) }),
  };
}

function shared(values: Float32Array | Int32Array): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(values.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return buffer;
}

/** Copied, because native code does not take shared memory. */
function restored({ name, dims, data, integers }: KeptOutput): OutputTensor {
  return {
    name,
    dims,
    data: data && new Float32Array(new Float32Array(data)),
    ...(integers === undefined ? {} : { integers: new Int32Array(new Int32Array(integers)) }),
  };
}
