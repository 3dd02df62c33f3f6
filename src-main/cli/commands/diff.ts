import { basename, dirname, resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatMs } from '../../../src-shared/base/units';
import type { WorkbenchApi } from '../../../src-shared/contract/api';
import type { EngineView } from '../../../src-shared/contract/views';
import { diffEngines, type EngineDifference, type EngineSide } from '../../../src-shared/domain/engines/engine-diff';
import { defineCommand, EXIT_OK } from '../command';
import { flag } from '../options';
import type { Block } from '../output';

/** One of the engines, as JSON. */
type Compared = Pick<EngineView, 'variant' | 'gpu' | 'tensorrt' | 'batch' | 'createdAt' | 'isCurrent'> & {
  readonly totalMs: number | null;
};

interface DiffResult {
  readonly a: Compared;
  readonly b: Compared;
  /** Sorted by what b loses. */
  readonly differences: readonly EngineDifference[];
}

export const diff = defineCommand({
  name: 'diff',
  summary: 'compare two TensorRT engines of a project, layer by layer',
  positionals: ['PROJECT', 'A', 'B'],
  options: { csv: flag('print CSV: one line for each group of layers') },
  details: `A and B are variants that were built (fp16, int8, mixed, ...), engines of the last tuning (tuning:fp16,
tuning:int8, ...), or paths of engines as calib build and calib tune print them, also of another project: its layers are
compared by their names. Layers that share a kernel in one of the engines form one group; conversions are charged to the layers that they
serve. Groups are sorted by the time that B loses against A.`,
  async run({ csv }, [project = '', a = '', b = ''], { api, print }) {
    const projectPath = resolve(project);
    const model = await api.getModel({ projectPath, target: 'tensorrt' });
    const engineA = await engineOf(api, projectPath, a);
    const engineB = await engineOf(api, projectPath, b);
    const result: DiffResult = {
      a: comparedOf(engineA),
      b: comparedOf(engineB),
      differences: diffEngines(model.layers, engineA, engineB),
    };
    print(result, csv ? asCsv : asText);
    return EXIT_OK;
  },
});

/** @throws WorkbenchError not-found if the project has no such engine */
async function engineOf(api: WorkbenchApi, ownPath: string, name: string): Promise<EngineView> {
  const isPath = name.endsWith('.engine');
  const variant = isPath ? basename(dirname(resolve(name))) : name;
  // PROJECT/engines/KEY/model.engine
  const projectPath = isPath ? dirname(dirname(dirname(resolve(name)))) : ownPath;
  const { engine, variants } = await api.getEngineLayers({ projectPath, variant });
  if (engine !== null) return engine;
  const known = variants.length === 0 ? 'none' : variants.join(', ');
  throw new WorkbenchError('not-found', `The project has no TensorRT engine of ${name}; it has: ${known}`, {
    hint: `Build it: calib build ${projectPath} --backend tensorrt --variants ${name}`,
  });
}

function comparedOf({ variant, gpu, tensorrt, batch, createdAt, isCurrent, summary }: EngineView): Compared {
  return { variant, gpu, tensorrt, batch, createdAt, isCurrent, totalMs: summary.totalMs };
}

const ms = (value: number): string => (value === 0 ? '' : formatMs(value));
const typesOf = ({ types }: EngineSide): string => types.join(' ');

function asText({ a, b, differences }: DiffResult): Block[] {
  const describe = ({ variant, gpu, tensorrt, batch, totalMs }: Compared): string =>
    `${variant}: ${gpu}, TensorRT ${tensorrt}, batch ${batch}, ${totalMs === null ? 'not profiled' : formatMs(totalMs)}`;
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
      ]),
    },
  ];
}

const CSV_HEADER =
  'layers,ops,a_types,b_types,a_ms,b_ms,a_conversion_ms,b_conversion_ms,lost_ms,a_kernels,b_kernels,a_tactics,b_tactics';

function asCsv({ differences }: DiffResult): Block[] {
  const side = ({ kernels }: EngineSide, what: 'name' | 'tactic'): string =>
    kernels.map((kernel) => kernel[what]).join('; ');
  return [
    CSV_HEADER,
    ...differences.map(({ layers, ops, a, b, lostMs }) =>
      [
        layers.join('; '),
        ops.join('; '),
        typesOf(a),
        typesOf(b),
        ...[a.ms, b.ms, a.conversionMs, b.conversionMs, lostMs].map((value) => value.toFixed(6)),
        side(a, 'name'),
        side(b, 'name'),
        side(a, 'tactic'),
        side(b, 'tactic'),
      ]
        .map(csvField)
        .join(','),
    ),
  ];
}

/** RFC 4180. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
