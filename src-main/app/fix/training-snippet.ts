import { ownValue } from '../../../src-shared/base/records';
import { scaleOfThreshold } from '../../../src-shared/domain/histograms/thresholds';
import type { Model } from '../../onnx/graph/model';
import type { Trial } from '../../analysis/trials';

/** A quantized layer with weights, as training needs it. */
export interface TrainedLayer {
  readonly layer: string;
  /** Scale of its input: threshold / 127. */
  readonly scale: number;
}

/** The layers that read quantized values and have weights, with the scales of their inputs, in graph order. */
export function trainedLayers(model: Model, { thresholds }: Trial, quantized: ReadonlySet<string>): TrainedLayer[] {
  return model.graph.node.flatMap(({ name, opType, input: [input = ''] }): TrainedLayer[] => {
    const threshold = ownValue(thresholds, input);
    if (!quantized.has(name) || !WEIGHTED.includes(opType) || threshold === undefined) return [];
    return [{ layer: name, scale: scaleOfThreshold(threshold) }];
  });
}

const WEIGHTED: readonly string[] = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'];

/**
 * A PyTorch module for training with quantization that begins with these scales: activations with one learned scale per
 * tensor (LSQ, Esser et al. 2020, arXiv 1902.08153), weights with one scale per output channel.
 */
export function trainingSnippet(name: string, layers: readonly TrainedLayer[]): string {
  const scales = layers
    .map(({ layer, scale }) => `    ${JSON.stringify(layer)}: ${scale.toExponential(8)},`)
    .join('\n');
  const title = JSON.stringify(name).slice(1, -1);
  return `"""Training with quantization for ${title}, beginning with the scales that were found.

    from this_file import prepare
    left = prepare(model)            # fake quantization in front of every layer of SCALES
    ...train for a few epochs with a small learning rate, for example 1e-5; then export to ONNX and calibrate again

Run this file alone for a check with a small network.
"""
import torch
from torch import nn

# Layer of the ONNX model -> scale of its input (threshold / 127).
SCALES = {
${scales}
}


class _Round(torch.autograd.Function):
    """Rounds; the gradient passes unchanged."""

    @staticmethod
    def forward(ctx, x):
        return torch.round(x)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class FakeQuantize(nn.Module):
    """Symmetric INT8 with one learned scale, kept positive by its logarithm."""

    def __init__(self, scale):
        super().__init__()
        self.log_scale = nn.Parameter(torch.log(torch.tensor(float(scale))))

    def forward(self, x):
        scale = torch.exp(self.log_scale)
        return torch.clamp(_Round.apply(x / scale), -128, 127) * scale


def quantize_weight(weight, axis=0):
    """Symmetric INT8 with one scale for each output channel."""
    dims = [i for i in range(weight.dim()) if i != axis]
    scale = weight.detach().abs().amax(dim=dims, keepdim=True).clamp(min=1e-12) / 127
    return torch.clamp(_Round.apply(weight / scale), -127, 127) * scale


class Quantized(nn.Module):
    """A layer with fake-quantized input and weight."""

    def __init__(self, layer, scale):
        super().__init__()
        self.layer = layer
        self.input = FakeQuantize(scale)

    def forward(self, x):
        axis = 1 if isinstance(self.layer, (nn.ConvTranspose1d, nn.ConvTranspose2d)) else 0
        weight = quantize_weight(self.layer.weight, axis)
        return torch.func.functional_call(self.layer, {"weight": weight}, (self.input(x),))


def module_of(layer):
    """The module that torch.onnx names a layer after: /stem/stem.0/Conv -> stem.0."""
    parts = [part for part in layer.split("/") if part]
    return parts[-2] if len(parts) > 1 else None


def prepare(model, modules=None):
    """Puts fake quantization into the model.

    modules: layer of the ONNX model -> name of its module, where the names do not tell.
    Returns the layers that no module was found for.
    """
    named = dict(model.named_modules())
    left = []
    for layer, scale in SCALES.items():
        name = (modules or {}).get(layer) or module_of(layer)
        candidates = [own for own in named if name and (own == name or own.endswith("." + name))]
        module = named.get(candidates[0]) if candidates else None
        if module is None or getattr(module, "weight", None) is None:
            left.append(layer)
            continue
        path = candidates[0].split(".")
        parent = named[".".join(path[:-1])]
        setattr(parent, path[-1], Quantized(module, scale))
    return left


if __name__ == "__main__":
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3))
    chosen = dict(zip(list(SCALES)[:2], ["0", "2"]))
    left = prepare(network, chosen)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    images = torch.rand(4, 3, 16, 16)
    loss = network(images).square().mean()
    loss.backward()
    optimizer.step()
    print(f"{len(SCALES)} scales; one step of training done, loss {loss.item():.6f}")
`;
}
