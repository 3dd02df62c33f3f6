// The process in which child.ts runs a piece of a test: reads the task from stdin, writes {result} to stdout.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { TextEncoder } from 'node:util';

const { addonPath, fakes, code, input } = JSON.parse(readFileSync(0, 'utf8'));
const addon = createRequire(import.meta.url)(addonPath);

const library = () => addon.open({ nvinfer: fakes.nvinfer, parser: null });
const build = (script, overrides = {}, options = {}) => {
  const request = {
    model: new TextEncoder().encode(script.join('\n')),
    modelPath: '/models/fake.onnx',
    device: 0,
    typing: 'strong',
    ...overrides,
  };
  return library().build(request, options.onProgress ?? (() => undefined), options.token ?? addon.createCancelToken());
};
const engine = async (script, overrides) => library().load((await build(script, overrides)).engine, 0);

const kit = {
  addon,
  fakes,
  input,
  library,
  build,
  engine,
  told: async (script, overrides) => {
    const loaded = await engine(script, overrides);
    const told = JSON.parse(loaded.inspect());
    loaded.close();
    return told;
  },
  failure: async (action) => {
    try {
      await action();
      return { code: 'none', message: '', log: [] };
    } catch (error) {
      return { code: error.code, message: error.message, log: error.log };
    }
  },
};

// The text comes from the test beside this file.
const body = (0, eval)(`(${code})`);
const text = JSON.stringify({ result: await body(kit) });
process.stdout.write(text);
