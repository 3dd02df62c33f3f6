import { describe, expect, it } from 'vitest';
import { DataType } from '../../../src-main/onnx/graph/model';
import { makeValueInfo } from '../../../src-main/onnx/graph/make';
import { tritonConfig, type TritonServing } from '../../../src-main/packages/triton-config';

const SERVING: TritonServing = {
  backend: 'onnxruntime',
  instances: 2,
  maxBatch: 16,
  queueDelayUs: 250,
  preferredBatches: [],
  warmup: [],
  labels: null,
};
const graph = (batch: string | number) => ({
  input: [makeValueInfo('images', DataType.FLOAT, [batch, 3, 'h', 8])],
  output: [makeValueInfo('scores', DataType.FLOAT, [batch, 4]), makeValueInfo('ids', DataType.INT64, [batch, 'n'])],
});

describe('the configuration for Triton', () => {
  it('batches over an open first axis', () => {
    const text = tritonConfig('net', graph('N'), SERVING);
    expect(text).toContain('max_batch_size: 16\n');
    expect(text).toContain('dims: [ 3, -1, 8 ]');
    expect(text).toContain('data_type: TYPE_INT64\n    dims: [ -1 ]');
    expect(text).toContain('count: 2\n    kind: KIND_CPU');
    expect(text).toContain('max_queue_delay_microseconds: 250');
    expect(text).not.toContain('preferred_batch_size');
    // Larger ones than the most that is joined would never be made.
    const preferred = tritonConfig('net', graph('N'), { ...SERVING, preferredBatches: [4, 16, 32] });
    expect(preferred).toContain('preferred_batch_size: [ 4, 16 ]\n  max_queue_delay_microseconds: 250');
  });

  it('gives whole shapes of a model with a fixed batch, and no batching', () => {
    const text = tritonConfig('net', graph(1), SERVING);
    expect(text).toContain('max_batch_size: 0\n');
    expect(text).toContain('dims: [ 1, 3, -1, 8 ]');
    expect(text).not.toContain('dynamic_batching');
  });

  it('serves engines on GPUs', () => {
    const text = tritonConfig('net', graph('N'), { ...SERVING, backend: 'tensorrt' });
    expect(text).toContain('platform: "tensorrt_plan"');
    expect(text).toContain('kind: KIND_GPU');
  });

  it('warms up with the values of an image, without its batch axis', () => {
    const warmup = [{ name: 'images', dtype: 'float32' as const, dims: [1, 3, 4, 8], file: 'image-0' }];
    const text = tritonConfig('net', graph('N'), { ...SERVING, warmup });
    expect(text).toMatch(/key: "images"\s+value \{\s+data_type: TYPE_FP32\s+dims: \[ 3, 4, 8 \]/);
    expect(tritonConfig('net', graph(1), { ...SERVING, warmup })).toContain('dims: [ 1, 3, 4, 8 ]');
  });

  it('names the file with the labels of an output', () => {
    const text = tritonConfig('net', graph('N'), { ...SERVING, labels: { output: 'scores', file: 'labels.txt' } });
    expect(text.match(/label_filename/g)).toHaveLength(1);
    expect(text).toMatch(/name: "scores"[^}]*label_filename: "labels.txt"/);
  });

  it('escapes names as the text format of protobuf does', () => {
    expect(tritonConfig('a"b\\ü', graph('N'), SERVING)).toContain('name: "a\\042b\\134\\303\\274"\n');
  });
});
