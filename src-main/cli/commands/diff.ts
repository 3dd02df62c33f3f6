import { basename, dirname, resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatMs } from '../../../src-shared/base/units';
import type { WorkbenchApi } from '../../../src-shared/contract/api';
import {
  compareEngines,
  comparisonCsv,
  type ComparedEngineView,
  type EngineComparison,
  type NamedEngine,
} from '../../../src-shared/contract/engine-comparison';
import type { EngineSide } from '../../../src-shared/domain/engines/engine-diff';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { defineCommand, EXIT_OK, present } from '../command';
import { flag } from '../options';
import type { Block } from '../output';

export const diff = defineCommand({
  name: 'diff',
  summary: 'compare two engines, of variants or of recorded runs, layer by layer',
  positionals: ['PROJECT', 'A', 'B'],
  options: { csv: flag('print CSV: one line for each group of layers') },
  details: `A and B are variants with a TensorRT engine (fp16, int8, mixed, ...); variants whose layers were timed on ONNX
Runtime or OpenVINO by calib bench --layers (ort-cpu:int8, openvino:int8, or int8 if it has no TensorRT engine); engines
of the last tuning (tuning:fp16); paths of engines as calib build and calib tune print them, also of another project; or
recorded runs: RUN or RUN:VARIANT, where RUN is an id or the folder of a run, and the variant is the shipped one by
default.
Layers of two projects are compared by their names. Layers that share a kernel in one of the engines form one group;
conversions are charged to the layers that they serve. Groups are sorted by the time that B loses against A.`,
  async run({ csv }, [project = '', a = '', b = ''], { api, print }) {
    const projectPath = resolve(project);
    const [first, second] = [await engineOf(api, projectPath, a), await engineOf(api, projectPath, b)];
    const isOfRun = first.model !== undefined && second.model !== undefined;
    const current = isOfRun ? [] : (await api.getModel({ projectPath, target: 'tensorrt' })).layers;
    const result = compareEngines(first, second, current);
    print(result, csv ? asCsv : asText);
    return EXIT_OK;
  },
});

/**
 * @throws WorkbenchError not-found if the project or the run has no such engine, usage if the name is that of no
 *   variant
 */
async function engineOf(api: WorkbenchApi, ownPath: string, name: string): Promise<NamedEngine> {
  const [, runPath = '', runId = '', runVariant] = RUN.exec(name) ?? [];
  if (runId !== '') {
    // FOLDER/RUN, where FOLDER is the folder runs of a project or a history of several
    const projectPath = runPath === '' ? ownPath : resolve(runPath);
    const found = await api.getEngineLayers({ projectPath, runId, ...present({ variant: runVariant }) });
    if (found.engine !== null) return { engine: found.engine, runId, model: found.model };
    throw new WorkbenchError('not-found', `Run ${runId} has no layer times of ${runVariant ?? 'its shipped variant'}`, {
      hint:
        found.variants.length === 0
          ? 'Runs record them if they benchmark; a simulation of TensorRT on ort-cpu is not timed.'
          : `It has those of ${found.variants.join(', ')}.`,
    });
  }
  const isPath = name.endsWith('.engine');
  const variant = isPath ? basename(dirname(resolve(name))) : name;
  // PROJECT/engines/KEY/model.engine
  const projectPath = isPath ? dirname(dirname(dirname(resolve(name)))) : ownPath;
  const { engine, variants } = await api.getEngineLayers({ projectPath, variant });
  if (engine !== null) return { engine };
  // A name that no variant has cannot be built.
  if (!isPath && !name.includes(':')) parseVariant(name);
  const known = variants.length === 0 ? 'none' : variants.join(', ');
  throw new WorkbenchError('not-found', `The project has no engine of ${name} with times of layers; it has: ${known}`, {
    hint:
      `Build it: calib build ${projectPath} --backend tensorrt --variants ${name}; or time it on ONNX Runtime or OpenVINO: ` +
      `calib bench ${projectPath} --layers --target onnxruntime --variants ${name} (for OpenVINO --backend openvino ` +
      'in place of the target)',
  });
}

/** A run, alone or behind its folder, and a variant. */
const RUN = /^(?:(.*)\/)?(\d{8}T\d{9}Z-[0-9a-f]{6})(?:\/?$|:(.+)$)/;

const ms = (value: number): string => (value === 0 ? '' : formatMs(value));
const typesOf = ({ types }: EngineSide): string => types.join(' ');

function asText({ a, b, differences }: EngineComparison): Block[] {
  const describe = ({ runId, variant, device, runtime, batch, totalMs }: ComparedEngineView): string =>
    `${runId === undefined ? '' : `${runId} `}${variant}: ${device}, ${runtime}, batch ${batch}, ` +
    (totalMs === null ? 'not profiled' : formatMs(totalMs));
  return [
    `A ${describe(a)}`,
    `B ${describe(b)}`,
    {
      columns: [
        { title: 'layers' },
        { title: 'op' },
        { title: 'A runs in' },
        { title: 'B runs in' },
        { title: 'A', align: 'right' },
        { title: 'B', align: 'right' },
        { title: 'conversions A', align: 'right' },
        { title: 'conversions B', align: 'right' },
        { title: 'B - A', align: 'right' },
        { title: 'converted in B' },
      ],
      rows: differences.map(({ layers, ops, a: own, b: other, lostMs }) => [
        layers.length > 2 ? `${layers[0] ?? ''} ... ${layers.at(-1) ?? ''} (${layers.length})` : layers.join(' + '),
        ops.join(' '),
        typesOf(own),
        typesOf(other),
        ms(own.ms),
        ms(other.ms),
        ms(own.conversionMs),
        ms(other.conversionMs),
        ms(lostMs),
        other.converted.length > 3
          ? `${other.converted.slice(0, 2).join(' ')} and ${other.converted.length - 2} more`
          : other.converted.join(' '),
      ]),
    },
  ];
}

function asCsv({ differences }: EngineComparison): Block[] {
  return comparisonCsv(differences);
}
