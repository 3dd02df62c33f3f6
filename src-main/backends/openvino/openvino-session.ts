import type { OpenvinoType } from '../../../native/index';
import { float16ToFloat32 } from '../../onnx/graph/fp16';
import type { Feed } from '../feeds';
import {
  toInt32,
  type IntegerData,
  type ModelSession,
  type OpenvinoVariant,
  type OutputTensor,
} from '../runnable-variant';
import { compileModel, type OpenvinoModel } from './openvino-model';
import { translatedAsync } from './runtime';

/**
 * A model in OpenVINO, run batch by batch. It is compiled for the sizes of the first batch, which is fastest; if
 * another batch has other sizes, once more with open sizes, which takes all of them.
 */
export class OpenvinoSession implements ModelSession {
  private fixed: { readonly model: OpenvinoModel; readonly shapes: string } | null = null;
  private open: OpenvinoModel | null = null;

  constructor(
    private readonly variant: OpenvinoVariant,
    private readonly threads: number,
  ) {}

  async run(feeds: readonly Feed[]): Promise<OutputTensor[]> {
    const model = await this.modelFor(feeds);
    const outputs = await translatedAsync(model.native.infer(model.feedsOf(feeds)));
    return outputs.map(({ dtype, dims, bytes }, i) =>
      outputOf({ name: model.outputNames[i] ?? '', dims }, dtype, bytes),
    );
  }

  close(): Promise<void> {
    this.fixed?.model.native.close();
    this.open?.native.close();
    return Promise.resolve();
  }

  private async modelFor(feeds: readonly Feed[]): Promise<OpenvinoModel> {
    const shapes = feeds.map(({ name, dims }) => `${name} ${dims.join('x')}`).join(' ');
    const settings = { variant: this.variant, threads: this.threads, streams: 1 };
    this.fixed ??= { shapes, model: await compileModel({ ...settings, shapesOf: feeds }) };
    if (shapes === this.fixed.shapes) return this.fixed.model;
    this.open ??= await compileModel(settings);
    return this.open;
  }
}

const INTEGER_ARRAYS = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
} as const;

function outputOf(output: Pick<OutputTensor, 'name' | 'dims'>, dtype: OpenvinoType, bytes: ArrayBuffer): OutputTensor {
  switch (dtype) {
    case 'float32':
      return { ...output, data: new Float32Array(bytes) };
    case 'float16':
      return { ...output, data: Float32Array.from(new Uint16Array(bytes), float16ToFloat32) };
    case 'float64':
    case 'other':
      return { ...output, data: null };
    default: {
      const integers: IntegerData = new INTEGER_ARRAYS[dtype](bytes);
      return { ...output, data: null, integers: toInt32(integers) };
    }
  }
}
