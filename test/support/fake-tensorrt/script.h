#pragma once

#include <NvInfer.h>

#include <sstream>
#include <string>
#include <vector>

namespace fake {

/**
 * What a fake model is and does. One statement a line:
 *   input NAME TYPE DIMS       DIMS: 1,3,-1 or - (scalar); TYPE: float32 float16 int8 int32 int64 bool int4
 *   output NAME TYPE DIMS      -1 takes the first input's dimension, ? is known only after a run (the count of positive
 * values) layer NAME [NODE]          a float layer, of the ONNX node NODE where that is another; `constant NAME` is a
 * constant parse-error CODE NODE OP TEXT      parse-fails (without an error) log SEVERITY TEXT          while building;
 * foreign-log: from another thread phases COUNT STEP_MS       steps that the build reports, `after-phases` of them
 * ignoring cancellation build-error TEXT           build-nothing (no engine, no word) context-error TEXT   run-error
 * TEXT   capture-error TEXT   shape-error TEXT
 *   kernel LAYER IMPLEMENTATION TACTIC BUILDER_MS RUN_MS    one of the kernels of a layer: the builder measures
 * BUILDER_MS, and a run takes RUN_MS longer with it   kernel-error TACTIC TEXT    no engine with this kernel
 */
struct Statement {
  std::string verb;
  std::string rest;
  std::istringstream words() const { return std::istringstream(rest); }
};

class Script {
 public:
  explicit Script(const std::string& text) : text_(text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const auto space = line.find(' ');
      statements_.push_back({line.substr(0, space), space == std::string::npos ? "" : line.substr(space + 1)});
    }
  }

  const std::string& text() const { return text_; }

  std::vector<Statement> all(const std::string& verb) const {
    std::vector<Statement> found;
    for (const Statement& statement : statements_) {
      if (statement.verb == verb) found.push_back(statement);
    }
    return found;
  }

  bool has(const std::string& verb) const { return !all(verb).empty(); }

 private:
  std::string text_;
  std::vector<Statement> statements_;
};

constexpr int kUnknownDim = -2;

struct IoDeclaration {
  std::string name;
  nvinfer1::DataType type;
  /** -1 dynamic, kUnknownDim known after the run. */
  std::vector<long> dims;
};

inline nvinfer1::DataType type_named(const std::string& name) {
  using nvinfer1::DataType;
  if (name == "float16") return DataType::kHALF;
  if (name == "int8") return DataType::kINT8;
  if (name == "int32") return DataType::kINT32;
  if (name == "int64") return DataType::kINT64;
  if (name == "bool") return DataType::kBOOL;
  if (name == "int4") return DataType::kINT4;
  return DataType::kFLOAT;
}

inline std::vector<IoDeclaration> declarations(const Script& script, const std::string& verb) {
  std::vector<IoDeclaration> list;
  for (const Statement& statement : script.all(verb)) {
    auto words = statement.words();
    std::string name, type, dims;
    words >> name >> type >> dims;
    IoDeclaration declaration{name, type_named(type), {}};
    std::istringstream parts(dims == "-" ? "" : dims);
    for (std::string part; std::getline(parts, part, ',');)
      declaration.dims.push_back(part == "?" ? kUnknownDim : std::stol(part));
    list.push_back(declaration);
  }
  return list;
}

inline nvinfer1::Dims dims_of(const std::vector<long>& values) {
  nvinfer1::Dims dims{};
  dims.nbDims = static_cast<int>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) dims.d[i] = values[i] == kUnknownDim ? -1 : values[i];
  return dims;
}

}  // namespace fake
