import { WorkbenchError } from '../../src-shared/base/errors';
import { parse, SchemaError } from '../../src-shared/base/schema';
import {
  ACTIVATIONS,
  BOX_FORMS,
  BOX_UNITS,
  DECODERS,
  decoderChangeSchema,
  type DecoderChange,
} from '../../src-shared/domain/tasks/decoder';
import type { OptionSpec } from './options';

const EXAMPLE = '--decoder yolov8:boxForm=cxcywh,nmsIou=0.65';
const NAMES: readonly string[] = Object.keys(decoderChangeSchema.entries);
/** Parameters that are lists; their items are separated by +. */
const LISTS: readonly string[] = ['outputs', 'strides'];
const TEXTS: readonly string[] = ['outputs', 'boxForm', 'boxUnit', 'activation', 'columns', 'background', 'kind'];
/** `none` is one of the values of this parameter; it takes the others away. */
const WITH_NONE: readonly string[] = ['activation'];

/** The option --decoder of commands that set the task. */
export const decoderOption: OptionSpec<DecoderChange> = {
  value: 'SPEC',
  description:
    'how the outputs of a detector become boxes: a layout, or parameters, or LAYOUT:NAME=VALUE,...; what is not given ' +
    'is guessed from the outputs',
  parse: (given) => parseDecoder(given),
};

/** The text for `details` of a command with this option. */
export const DECODER_DETAILS = `Layouts of --decoder: ${DECODERS.join(', ')}.
Parameters: outputs (names, separated by +), boxForm (${BOX_FORMS.join(', ')}), boxUnit (${BOX_UNITS.join(', ')}),
activation (${ACTIVATIONS.join(', ')}), strides (8+16+32), background (first, last), classOffset, classes, columns,
minScore, nmsIou, classAgnostic, maxDetections; none takes a parameter away.
Example: ${EXAMPLE}`;

interface TaskValues {
  readonly task?: string;
  readonly decoder?: DecoderChange;
  readonly metric?: string;
  readonly 'metric-command'?: string;
}

/** A decoder belongs to the task detection, which it implies. @throws WorkbenchError usage */
export function requireDetection(values: TaskValues): void {
  const { task, decoder, metric, 'metric-command': command } = values;
  if (decoder === undefined) return;
  if (metric !== undefined || command !== undefined)
    throw new WorkbenchError('usage', 'Expected --decoder (task detection) or a metric (task custom), found both');
  if (task === undefined || task === 'detection') return;
  throw new WorkbenchError('usage', `--decoder belongs to the task detection, found --task ${task}`, {
    hint: 'Leave --task out, or put the decoder into the task file.',
  });
}

/** @throws WorkbenchError usage */
export function parseDecoder(given: string): DecoderChange {
  const [layout = '', ...others] = given.split(':');
  // Parameters alone keep the guessed layout.
  const isParameters = layout.includes('=');
  const parameters = isParameters ? given : others.join(':');
  const fields: [string, unknown][] = isParameters ? [] : [['kind', layout.trim()]];
  for (const part of parameters.split(',').filter((text) => text.trim() !== '')) {
    const at = part.indexOf('=');
    const name = part.slice(0, at).trim();
    if (at < 0 || !NAMES.includes(name)) {
      throw new WorkbenchError(
        'usage',
        `Expected parameters of a decoder as NAME=VALUE, found "${part}"; the names are ` + NAMES.join(', '),
        { hint: `Example: ${EXAMPLE}` },
      );
    }
    fields.push([name, valueOf(name, part.slice(at + 1).trim())]);
  }
  try {
    return parse(decoderChangeSchema, Object.fromEntries(fields));
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new WorkbenchError('usage', `The decoder "${given}" is not usable: ${error.message}`, {
      hint: `Example: ${EXAMPLE}`,
    });
  }
}

function valueOf(name: string, text: string): unknown {
  if (text === 'none' && !WITH_NONE.includes(name)) return null;
  if (LISTS.includes(name)) return text.split('+').map((item) => scalarOf(name, item.trim()));
  return scalarOf(name, text);
}

function scalarOf(name: string, text: string): unknown {
  if (TEXTS.includes(name)) return text;
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}
