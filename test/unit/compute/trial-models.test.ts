import { describe, expect, it } from 'vitest';
import { withLogits } from '../../../src-main/compute/trials/trial-models';
import { makeNode } from '../../../src-main/onnx/graph/make';
import { tinyModel } from '../../support/tiny-project';

const tiny = tinyModel();
const [logits] = tiny.graph.output;

function endingWith(opType: string): typeof tiny {
  const { graph } = tiny;
  if (!logits) throw new Error('the tiny model has an output');
  return {
    ...tiny,
    graph: {
      ...graph,
      node: [...graph.node, makeNode(opType, ['logits'], ['answer'], { name: 'last' })],
      output: [{ ...logits, name: 'answer' }],
    },
  };
}

describe('withLogits', () => {
  it.each(['Softmax', 'LogSoftmax'])('looks at what goes into a final %s', (opType) => {
    expect(withLogits(endingWith(opType)).graph.output.map(({ name }) => name)).toEqual(['logits']);
  });

  it('leaves every other output as it is', () => {
    expect(withLogits(tiny)).toEqual(tiny);
    expect(withLogits(endingWith('Sigmoid')).graph.output.map(({ name }) => name)).toEqual(['answer']);
  });
});
