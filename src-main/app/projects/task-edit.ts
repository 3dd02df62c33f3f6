import { resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { withoutTask } from '../../../src-shared/domain/project/decisions';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import type { Task } from '../../../src-shared/domain/tasks/task';
import type { Model } from '../../onnx/graph/model';

/** The project with another task; null: not decided. @throws WorkbenchError usage, see checkTask */
export function withTask(file: ProjectFile, task: Task | null, model: Model): ProjectFile {
  if (task === null) return withoutTask(file);
  checkTask(task, model);
  const chosen: ProjectFile & { taskNotes?: readonly string[] } = { ...file, task: withAbsolutePaths(task) };
  delete chosen.taskNotes; // It was not guessed.
  return chosen;
}

/** Checks that the outputs that a task names exist. @throws WorkbenchError usage, which lists the outputs */
export function checkTask(task: Task, model: Model): void {
  const names = model.graph.output.map(({ name }) => name);
  const unknown = outputsOf(task).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new WorkbenchError(
    'usage',
    `The task ${task.kind} names the output "${unknown}", which the model does not have; its outputs are ` +
      outputNames(model),
  );
}

function outputNames(model: Model): string {
  return model.graph.output.map(({ name }) => `"${name}"`).join(', ');
}

/** The outputs of the model that a task names. */
export function outputsOf(task: Task): readonly string[] {
  switch (task.kind) {
    case 'detection':
      return task.decoder.outputs;
    case 'custom':
      return [];
    default:
      return task.output === undefined ? [] : [task.output];
  }
}

function withAbsolutePaths(task: Task): Task {
  if (task.kind !== 'custom' || task.metric.kind !== 'module') return task;
  return { ...task, metric: { ...task.metric, path: resolve(task.metric.path) } };
}
