/**
 * A process that records runs in a folder until it is killed: `history-writer PROJECT SHARED`. It prints the id of each
 * run as soon as it is finished, and now and then lists the folder as a reader does.
 */
import { readHistory } from '../../src-main/runs/history';
import { copyRun, removeAbandoned, reserveRun, saveDetails, saveReport, saveRun } from '../../src-main/runs/run-store';
import { sampleRecord } from '../unit/runs/sample-run';
import { join } from 'node:path';

const [project = '', shared = ''] = process.argv.slice(2);
const record = sampleRecord();

for (let i = 0; ; i += 1) {
  const { runId, createdAt } = await reserveRun([join(project, 'runs'), shared], 'abcdef');
  await saveDetails(project, runId, { version: 1, variant: 'mixed', thresholds: { a: 1 }, layers: [] });
  await saveRun(project, { ...record, runId, createdAt: createdAt.toISOString() });
  await saveReport(project, runId, '<p>');
  await copyRun(project, runId, shared);
  process.stdout.write(`${runId}\n`);
  if (i % 3 !== 0) continue;
  const { entries } = await readHistory(shared);
  await removeAbandoned(shared, new Set(entries.map((entry) => entry.runId)));
}
