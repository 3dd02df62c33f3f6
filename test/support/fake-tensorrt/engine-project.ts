import { delimiter, join } from 'node:path';
import { startCalib, type CalibOutcome } from '../calib-process';
import { useCalibratedProject, type ProjectFiles } from '../project-fixture';
import { tinyModel } from '../tiny-project';
import { FAKES, prepareFakes } from './libraries';

/** What the stand-in of TensorRT makes of the model: it reads the lines in its documentation text. */
export const SCRIPT = ['', 'input input float32 -1,3,16,16', 'output logits float32 -1,3', 'layer conv0', ''].join(
  '\n',
);
/** Of the stand-in: GPU time of a run as a graph. */
export const GRAPH_MS = 0.1;

/** The project of `useEngineProject`, and commands that find the stand-ins of TensorRT and of the driver. */
export interface EngineProject extends ProjectFiles {
  readonly env: (more?: NodeJS.ProcessEnv) => NodeJS.ProcessEnv;
  /** Runs a command with `--json`, with more variables of the environment. */
  readonly calib: (args: readonly string[], more?: NodeJS.ProcessEnv) => Promise<CalibOutcome>;
  /** Its JSON. @throws Error with what the command printed, if it fails */
  readonly json: <T>(...args: readonly string[]) => Promise<T>;
  readonly jsonWith: <T>(more: NodeJS.ProcessEnv, ...args: readonly string[]) => Promise<T>;
  /** The arguments of a command on the project, with two variants in TensorRT. */
  readonly onGpu: (command: string, ...flags: readonly string[]) => readonly string[];
}

/**
 * Calibrates a small project before the tests of a file and removes it after them.
 * @param script what the stand-in of TensorRT makes of its model
 */
export function useEngineProject(script = SCRIPT): EngineProject {
  const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => {
    const inherited = process.env['LD_LIBRARY_PATH'];
    return {
      CALIB_HOME: join(files.dir, 'home'),
      CALIB_TENSORRT: FAKES.tensorrt,
      LD_LIBRARY_PATH: [FAKES.driver, ...(inherited ? [inherited] : [])].join(delimiter),
      ...more,
    };
  };
  const calib = (args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<CalibOutcome> =>
    startCalib([...args, '--json'], { env: env(more) }).outcome;
  const jsonWith = async <T>(more: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<T> => {
    const { code, stdout, stderr } = await calib(args, more);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as T;
  };
  const json = <T>(...args: readonly string[]): Promise<T> => jsonWith<T>({}, ...args);
  const model = tinyModel();
  const files = useCalibratedProject({
    images: 40,
    model: { ...model, graph: { ...model.graph, docString: script } },
    run: json,
    before: prepareFakes,
  });
  const onGpu = (command: string, ...flags: readonly string[]): readonly string[] => [
    ...[command, files.project, '--backend', 'tensorrt', '--variants', 'fp32,int8-minmax'],
    ...flags,
  ];
  return { ...files, env, calib, json, jsonWith, onGpu };
}
