import { describe, expect, it } from 'vitest';
import { parseEngineLayers, summarizeEngine } from '../../../../src-shared/domain/engines/engine-layers';

const ONNX = ['/f/Conv', '/f/Relu', '/fc/Gemm', 'a+b'];

/** The same three layers in both dialects of the inspector. */
const JOINED = {
  Layers: [
    {
      Name: 'input_QuantizeLinear',
      LayerType: 'Reformat',
      Inputs: [{ 'Format/Datatype': 'Row major linear FP32' }],
      Outputs: [{ 'Format/Datatype': 'Thirty-two wide channel vectorized row major Int8 format' }],
      Metadata: '',
    },
    {
      Name: 'w + /f/Conv + /f/Relu',
      LayerType: 'CaskConvolution',
      TacticName: 'sm80_x',
      Inputs: [{ 'Format/Datatype': 'Thirty-two wide channel vectorized row major Int8 format' }],
      Outputs: [{ 'Format/Datatype': 'Channel major FP16 format where channel % 8 == 0' }],
      Metadata: '[ONNX Layer: /f/Conv]\u001e[ONNX Layer: /f/Relu]',
    },
    {
      Name: 'PWN(/fc/Gemm)',
      LayerType: 'gemm',
      Inputs: [{ 'Format/Datatype': 'Row major linear FP32' }],
      Outputs: [],
      Metadata: '',
    },
  ],
};
const APART = {
  Layers: [
    {
      Name: 'input_QuantizeLinear',
      LayerType: 'Reformat',
      Inputs: [{ Name: 'input', Format: 'kLINEAR', Datatype: 'FP32' }],
      Outputs: [{ Name: 'input_quantized', Format: 'kCHW32', Datatype: 'Int8' }],
    },
    {
      Name: 'w + /f/Conv + /f/Relu',
      LayerType: 'CaskConvolution',
      TacticName: 'sm80_x',
      Inputs: [{ Datatype: 'Int8' }],
      Outputs: [{ Datatype: 'Half' }],
      Metadata: '[ONNX Layer: /f/Conv]\u001e[ONNX Layer: /f/Relu]',
    },
    { Name: 'PWN(/fc/Gemm)', LayerType: 'gemm', Inputs: [{ Datatype: 'Float' }], Outputs: [] },
  ],
};

describe('parseEngineLayers', () => {
  it.each([
    ['format and type in one text', JOINED],
    ['format and type apart', APART],
  ])('reads %s', (_, inspected) => {
    const layers = parseEngineLayers(JSON.stringify(inspected), ONNX);
    expect(
      layers.map(({ type, outputType, isReformat, onnxLayers }) => [type, outputType, isReformat, onnxLayers]),
    ).toEqual([
      ['fp32', 'int8', true, []],
      ['int8', 'fp16', false, ['/f/Conv', '/f/Relu']],
      ['fp32', 'other', false, ['/fc/Gemm']],
    ]);
    expect(layers[1]).toMatchObject({ kind: 'CaskConvolution', tactic: 'sm80_x', medianMs: null });
  });

  it('tells the tensors where the engine does, and gives a conversion no layer that it is named after', () => {
    const [first] = parseEngineLayers(JSON.stringify(APART), ONNX);
    expect(first).toMatchObject({ inputs: ['input'], outputs: ['input_quantized'] });
    const copy = {
      Layers: [
        {
          Name: 'Reformatting CopyNode for Input Tensor 0 to /f/Conv + /f/Relu',
          LayerType: 'Reformat',
          Inputs: [],
          Outputs: [],
        },
      ],
    };
    expect(parseEngineLayers(JSON.stringify(copy), ONNX)).toMatchObject([
      { isReformat: true, onnxLayers: [], inputs: [] },
    ]);
  });

  it('knows layers by name only where the engine tells no more', () => {
    expect(
      parseEngineLayers('{"Layers": ["/f/Conv + /f/Relu", "a+b"]}', ONNX).map(({ onnxLayers }) => onnxLayers),
    ).toEqual([['/f/Conv', '/f/Relu'], ['a+b']]);
    expect(parseEngineLayers('{}', ONNX)).toEqual([]);
  });

  it('is summed up by type, conversions apart', () => {
    const layers = parseEngineLayers(JSON.stringify(JOINED), ONNX).map((layer, i) => ({
      ...layer,
      medianMs: (i + 1) / 8,
    }));
    expect(summarizeEngine(layers)).toEqual({
      layers: { int8: 1, fp16: 0, fp32: 1, other: 0 },
      reformats: 1,
      totalMs: 0.75,
      reformatMs: 0.125,
    });
    expect(summarizeEngine(parseEngineLayers(JSON.stringify(JOINED), ONNX))).toMatchObject({
      totalMs: null,
      reformatMs: null,
    });
  });
});
