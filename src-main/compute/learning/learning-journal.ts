import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { count, list, measured, number, object, string } from '../../../src-shared/base/schema';
import { writeError } from '../../base/file-errors';
import { parseStoredJson } from '../../base/json-file';
import type { Training } from './train';

const entrySchema = object({
  key: string,
  block: count,
  values: list(list(number)),
  epochs: count,
  steps: count,
  before: measured,
  after: measured,
});

/**
 * The blocks that were learned, one JSON line each: an interrupted repair continues with the block in which it stopped
 * and reaches the same result. An entry belongs to everything that the learning depends on.
 */
export class LearningJournal {
  private readonly known = new Map<number, Training>();
  private readonly key: string;

  /** @param basis everything that determines the result; entries of another one are ignored. */
  constructor(
    private readonly path: string,
    basis: unknown,
  ) {
    this.key = createHash('sha256').update(JSON.stringify(basis)).digest('hex').slice(0, 24);
    if (!existsSync(path)) return;
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const entry = line.endsWith('}') ? parseStoredJson(line, entrySchema) : null;
      if (entry?.key !== this.key) continue;
      const { epochs, steps, before, after } = entry;
      this.known.set(entry.block, {
        epochs,
        steps,
        before,
        after,
        values: entry.values.map((values) => Float32Array.from(values)),
      });
    }
  }

  get(block: number): Training | undefined {
    return this.known.get(block);
  }

  /** @throws WorkbenchError unwritable, disk-full */
  put(block: number, { values, ...training }: Training): void {
    const entry = { key: this.key, block, ...training, values: values.map((own) => [...own]) };
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      // The leading line break separates this line from an incomplete one that a killed process left.
      appendFileSync(this.path, `\n${JSON.stringify(entry)}`);
    } catch (error) {
      throw writeError(error, this.path);
    }
  }
}
