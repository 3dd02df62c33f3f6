// usage: stubs.mjs NvInferImpl.h OUT.h. Writes a class `XStub` for every interface `VX` of TensorRT: each method aborts
// with its name, so that a fake overrides only what it serves, and a call of anything else says what is missing.
import { readFileSync, writeFileSync } from 'node:fs';

const [, , headerPath, outPath] = process.argv;
const INTERFACES = [
  'HostMemory',
  'Runtime',
  'OptimizationProfile',
  'CudaEngine',
  'ExecutionContext',
  'EngineInspector',
  'Tensor',
  'Layer',
  'NetworkDefinition',
  'TimingCache',
  'BuilderConfig',
  'AlgorithmIOInfo',
  'AlgorithmVariant',
  'AlgorithmContext',
  'Algorithm',
  'Builder',
];

const header = readFileSync(headerPath, 'utf8').replaceAll(/\/\/.*$/gm, '');

function stubOf(name) {
  const body = new RegExp(`class V${name} : public VRoot\\s*\\{([\\s\\S]*?)\\n\\};?`).exec(header)?.[1];
  if (body === undefined) throw new Error(`${headerPath} has no class V${name}`);
  const methods = [...body.matchAll(/virtual\s+([^;]*?)\s*=\s*0\s*;/g)].map(([, declaration]) => {
    const signature = declaration.replaceAll(/\s+/g, ' ').replaceAll(/TRT_[A-Z]+ /g, '');
    const method = /([A-Za-z0-9_]+)\s*\(/.exec(signature)?.[1];
    return `  ${signature} override { unserved("V${name}::${method}"); }`;
  });
  return `class ${name}Stub : public nvinfer1::apiv::V${name} {\n public:\n${methods.join('\n')}\n};\n`;
}

writeFileSync(
  outPath,
  `// Made by stubs.mjs.
#pragma once
#include <NvInfer.h>
#include <cstdio>
#include <cstdlib>

namespace fake {
using namespace nvinfer1;
[[noreturn]] inline void unserved(char const* method) {
  std::fprintf(stderr, "The fake TensorRT does not serve %s\\n", method);
  std::abort();
}
${INTERFACES.map(stubOf).join('\n')}
}  // namespace fake
`,
);
