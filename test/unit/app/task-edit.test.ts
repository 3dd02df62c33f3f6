import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withTask } from '../../../src-main/app/projects/task-edit';
import { tinyModel } from '../../support/tiny-project';
import { projectIn } from './project-files';

const project = projectIn('/data');
const [output = ''] = tinyModel().graph.output.map(({ name }) => name);

describe('withTask', () => {
  it('takes a task of an output that the model has, and forgets it again', () => {
    const named = withTask(project, { kind: 'embedding', output }, tinyModel());
    expect(named.task).toEqual({ kind: 'embedding', output });
    expect(withTask(named, null, tinyModel())).toEqual(project);
  });
  it('refuses an output that the model does not have, and lists those that it has', () => {
    expect(() => withTask(project, { kind: 'embedding', output: 'features' }, tinyModel())).toThrow(
      new RegExp(`"features", which the model does not have; its outputs are "${output}"`),
    );
  });
  it('makes the path of a metric absolute', () => {
    const { task } = withTask(project, { kind: 'custom', metric: { kind: 'module', path: 'metric.mjs' } }, tinyModel());
    expect(task).toMatchObject({ metric: { path: join(process.cwd(), 'metric.mjs') } });
  });
});
