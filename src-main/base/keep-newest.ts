import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Deletes the files and folders of `dir` that `isOne` accepts, except the `count` that were changed last. */
export async function keepNewest(
  dir: string,
  count: number,
  isOne: (name: string) => boolean = () => true,
): Promise<void> {
  if (!existsSync(dir)) return;
  const names = (await readdir(dir)).filter(isOne);
  const dated = await Promise.all(
    names.map(async (name) => ({ path: join(dir, name), at: (await stat(join(dir, name))).mtimeMs })),
  );
  for (const { path } of dated.sort((a, b) => b.at - a.at).slice(count))
    await rm(path, { recursive: true, force: true });
}
