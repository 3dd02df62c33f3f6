import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ProjectEdit } from '../../src-shared/contract/requests';
import { WorkbenchError } from '../../src-shared/base/errors';
import { parse, SchemaError } from '../../src-shared/base/schema';
import { TASKS, taskSchema, type Task, type TaskKind } from '../../src-shared/domain/tasks/task';
import { messageOf, readError } from '../base/file-errors';
import { text, type OptionSpec } from './options';

/** The option --task: the name of a task, or a file with a task and its settings. */
export function taskOption(command: 'init' | 'set'): OptionSpec<string> {
  return text(
    'TASK',
    `what the model does: ${TASKS.join(', ')}, or a .json file with a task as \`calib show --json\` prints it` +
      (command === 'set' ? '; none: not decided' : ' (default: guessed from the outputs)'),
  );
}

/** @throws WorkbenchError usage, not-found */
export async function taskEdit(given: string): Promise<ProjectEdit> {
  if (given === 'none') return { kind: 'task', task: null };
  const kind = kindOf(given);
  return kind === undefined ? { kind: 'task', task: await readTask(given) } : { kind: 'task-kind', task: kind };
}

/** The fields of a request that makes a project. @throws WorkbenchError usage, not-found */
export async function taskRequest(given: string): Promise<{ readonly task: Task } | { readonly taskKind: TaskKind }> {
  const kind = kindOf(given);
  return kind === undefined ? { task: await readTask(given) } : { taskKind: kind };
}

function kindOf(given: string): TaskKind | undefined {
  const kind = TASKS.find((task) => task === given);
  if (kind === undefined && !/\.json$/i.test(given))
    throw new WorkbenchError(
      'usage',
      `Expected --task to be one of ${TASKS.join(', ')} or a .json file, found "${given}"`,
    );
  return kind;
}

async function readTask(file: string): Promise<Task> {
  const path = resolve(file);
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw readError(error, path, 'Task file');
  });
  try {
    return parse(taskSchema, JSON.parse(content));
  } catch (error) {
    if (error instanceof SchemaError) throw new WorkbenchError('usage', `${path}: ${error.message}`);
    throw new WorkbenchError('usage', `${path} is not valid JSON: ${messageOf(error)}`);
  }
}
