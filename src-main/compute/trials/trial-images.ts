import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { bytesOfImage, type Feeding } from '../../../src-shared/domain/project/feeding';
import { imageId, type ImageEntry, type SkippedImage } from '../../../src-shared/domain/project/image-set';
import type { TrialImage } from '../../analysis/trials';
import { bytesOf, type PreparedImage } from '../../backends/feeds';
import type { Dims } from '../../onnx/graph/static-shapes';
import type { WorkerPool } from '../pool/worker-pool';

/** Preprocessed images are kept in memory while models are tried on them. */
const MAX_IMAGE_BYTES = 2 ** 31;

/** The images that trials run on. A slot is the index of an image among all entries. */
export class TrialImages {
  /** The images in use, in the order of their slots. */
  readonly images: TrialImage[] = [];
  /** Index of an image -> its slot. */
  readonly slots: number[] = [];
  /** Slot and id of each image: they identify it in the journal, on every machine. */
  readonly ids: string[] = [];
  readonly skipped: SkippedImage[] = [];
  /** Slot of an image that was read -> why it cannot be used; null: it can. */
  private readonly read = new Map<number, string | null>();
  private heldBytes = 0;

  /** @throws WorkbenchError usage if the images are too large to be kept in memory */
  constructor(
    private readonly entries: readonly ImageEntry[],
    feeding: Feeding,
  ) {
    // Sizes that depend on the image are known when the images have been read; `use` counts them.
    const bytes = entries.length * bytesOfImage(feeding, 1);
    if (bytes > MAX_IMAGE_BYTES) throw tooLarge(entries.length, bytes);
  }

  /** The slots that were not read yet. */
  unread(slots: readonly number[]): number[] {
    return slots.filter((slot) => !this.read.has(slot));
  }

  /**
   * Reads the images that were not read yet, gives them to all workers, and sets the images in use.
   * @throws WorkbenchError images-empty, usage
   */
  async use(slots: readonly number[], workers: WorkerPool<'trials'>, onRead: () => void): Promise<void> {
    const loaded: { readonly slot: number; readonly entry: ImageEntry; readonly image: PreparedImage }[] = [];
    await workers.forEach(this.unread(slots), async (run, slot) => {
      const entry = this.entries[slot];
      if (!entry) return;
      const outcome = await run('load', entry);
      this.read.set(slot, outcome.ok ? null : outcome.reason);
      if (outcome.ok) {
        loaded.push({ slot, entry, image: outcome.value });
        this.heldBytes += bytesOf(outcome.value);
        if (this.heldBytes > MAX_IMAGE_BYTES)
          throw tooLarge(this.entries.length, (this.heldBytes / loaded.length) * this.entries.length);
      }
      onRead();
    });
    await workers.runOnAll('hold', loaded);
    for (const list of [this.images, this.slots, this.ids, this.skipped]) list.length = 0;
    for (const slot of slots) {
      const entry = this.entries[slot];
      if (!entry) continue;
      const reason = this.read.get(slot) ?? null;
      if (reason !== null) {
        this.skipped.push({ file: imageId(entry), reason });
        continue;
      }
      this.slots.push(slot);
      this.ids.push(`${slot} ${imageId(entry)}`);
      this.images.push({ file: imageId(entry), group: entry.group, label: entry.label });
    }
    const [first] = this.skipped;
    if (this.images.length === 0) {
      throw new WorkbenchError(
        'images-empty',
        `None of ${slots.length} images could be used; the first one: ${first?.file ?? ''}: ${first?.reason ?? ''}`,
      );
    }
  }

  /** Takes an image out of use. */
  leaveOut(image: number, reason: string): void {
    this.skipped.push({ file: this.images[image]?.file ?? '', reason });
    for (const list of [this.images, this.slots, this.ids]) list.splice(image, 1);
  }

  /** Indices of the images in use among slots `from` to `to` (exclusive). */
  part(from: number, to: number): number[] {
    return this.slots.flatMap((slot, image) => (slot >= from && slot < to ? [image] : []));
  }

  slotsOf(at: readonly number[]): number[] {
    return at.map((image) => this.slots[image] ?? 0);
  }
}

/** Sizes of the inputs of one run, as far as they are the same for every image. */
export function inputDimsOf({ fixedBatch, inputs }: Feeding): ReadonlyMap<string, Dims> {
  return new Map(
    inputs.flatMap(({ name, dims, hasBatch }) => {
      const own = dims.flatMap((dim) => (typeof dim === 'number' ? [dim] : []));
      if (own.length < dims.length) return [];
      return [[name, hasBatch ? [fixedBatch ?? 1, ...own] : own] as const];
    }),
  );
}

/** Whether images can run together: the first axis of every input counts them, and the model leaves its size open. */
export function hasOpenBatch({ fixedBatch, inputs }: Feeding): boolean {
  return fixedBatch === null && inputs.length > 0 && inputs.every(({ hasBatch }) => hasBatch);
}

/** Inputs that are images whose size the model leaves open. */
export function resizableInputs({ inputs }: Feeding): string[] {
  return inputs.flatMap(({ name, dims }) =>
    dims.length === 3 && dims.some((dim) => typeof dim !== 'number') ? [name] : [],
  );
}

function tooLarge(images: number, bytes: number): WorkbenchError {
  const fitting = Math.floor((images * MAX_IMAGE_BYTES) / bytes);
  return new WorkbenchError(
    'usage',
    `${images} images of this size need ${Math.ceil(bytes / 1e6)} MB while models are tried on them, ` +
      `expected at most ${MAX_IMAGE_BYTES / 1e6} MB`,
    { hint: advise('use-fewer-images', { images: String(fitting) }) },
  );
}
