"""Writes the table of ONNX operators and which of their float inputs and outputs may be float16.

Usage: python3 test/support/float16_types.py > src-main/quantization/float16-types.json

Needs the Python package onnx. The table holds facts of the operator schemas only: for every operator of the default
domain and every version of its definition, the positions of the parameters that can be float32 but cannot become
float16 together with the inputs. An output whose type an attribute decides (Cast, ConstantOfShape, RandomNormal)
counts as one that cannot. "removed" marks the version in which an operator was deprecated.
"""

import json

import onnx
from onnx import defs

FLOAT, HALF = "tensor(float)", "tensor(float16)"


def float_only(schema):
    """Positions by kind, see above; empty kinds are left out."""
    if schema.deprecated:
        return "removed"
    half_inputs = {each.type_str for each in schema.inputs if HALF in each.types}
    inputs = [i for i, each in enumerate(schema.inputs) if FLOAT in each.types and HALF not in each.types]
    floats = [(i, each) for i, each in enumerate(schema.outputs) if FLOAT in each.types]
    outputs = [i for i, each in floats if HALF not in each.types]
    own = [i for i, each in floats if HALF in each.types and each.type_str not in half_inputs]
    found = {"inputs": inputs, "outputs": outputs, "own": own}
    return {name: positions for name, positions in found.items() if positions}


def table():
    operators = {}
    for schema in defs.get_all_schemas_with_history():
        if schema.domain == "":
            operators.setdefault(schema.name, {})[schema.since_version] = float_only(schema)
    return {name: dict(sorted(versions.items())) for name, versions in sorted(operators.items())}


def row(name, versions):
    """One operator on one line, or one version a line where that would be too long."""
    line = f"    {json.dumps(name)}: {json.dumps(versions)}"
    if len(line) < 120:
        return line
    inner = ",\n".join(f"      {json.dumps(str(version))}: {json.dumps(found)}" for version, found in versions.items())
    return f"    {json.dumps(name)}: {{\n{inner}\n    }}"


def main():
    lines = [row(name, versions) for name, versions in table().items()]
    source = f"operator schemas of the Python package onnx {onnx.__version__}"
    print("{")
    print(f'  "source": {json.dumps(source)},')
    print(f'  "latestOpset": {defs.onnx_opset_version()},')
    print('  "floatOnly": {')
    print(",\n".join(lines))
    print("  }\n}")


if __name__ == "__main__":
    main()
