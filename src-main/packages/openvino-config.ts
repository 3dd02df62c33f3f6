import { list, object, parse, SchemaError, unknown } from '../../src-shared/base/schema';
import { WorkbenchError } from '../../src-shared/base/errors';

const configSchema = object({ model_config_list: list(object({ config: unknown })) });

/** Without it, OpenVINO computes layers that are not in INT8 in bfloat16 on processors that have it. */
const PLUGIN_CONFIG = { INFERENCE_PRECISION_HINT: 'f32' };

/**
 * config.json of OpenVINO Model Server for a folder of models that is mounted at /models, with this model in it. Other
 * models of the file stay.
 * @param before the text of the file; null if there is none
 * @throws WorkbenchError usage if the file is no such configuration
 */
export function withOpenvinoModel(before: string | null, name: string): string {
  const config = { name, base_path: `/models/${name}`, target_device: 'CPU', plugin_config: PLUGIN_CONFIG };
  const own = { config };
  const others = before === null ? [] : modelsOf(before).filter(({ config }) => nameOf(config) !== name);
  return `${JSON.stringify({ model_config_list: [...others, own] }, null, 1)}\n`;
}

function modelsOf(text: string): readonly { readonly config: unknown }[] {
  try {
    return parse(configSchema, JSON.parse(text)).model_config_list;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof SchemaError)) throw error;
    throw new WorkbenchError('usage', `config.json is no configuration of OpenVINO Model Server: ${error.message}`, {
      hint: 'Name another folder with -o.',
    });
  }
}

function nameOf(config: unknown): unknown {
  return typeof config === 'object' && config !== null && 'name' in config ? config.name : undefined;
}
