#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fake_nvinfer.h"
#include "json.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace fake {

/** The kernel that a built engine has for a layer. */
struct TakenKernel {
  std::string layer;
  std::string tactic;
  double run_ms;
};

/** Every input and output is one vector of floats. */
class KernelFormat final : public IAlgorithmIOInfo {
 public:
  KernelFormat() { mImpl = &impl_; }

 private:
  struct Impl final : AlgorithmIOInfoStub {
    DataType getDataType() const noexcept override { return DataType::kFLOAT; }
    Dims getStrides() const noexcept override { return dims_of({1}); }
    std::int64_t getVectorizedDim() const noexcept override { return -1; }
    std::int64_t getComponentsPerElement() const noexcept override { return 1; }
  } impl_;
};

class KernelVariant final : public IAlgorithmVariant {
 public:
  KernelVariant(std::int64_t implementation, std::int64_t tactic) {
    impl_.implementation = implementation;
    impl_.tactic = tactic;
    mImpl = &impl_;
  }

 private:
  struct Impl final : AlgorithmVariantStub {
    std::int64_t getImplementation() const noexcept override { return implementation; }
    std::int64_t getTactic() const noexcept override { return tactic; }
    std::int64_t implementation = 0, tactic = 0;
  } impl_;
};

class Kernel final : public IAlgorithm {
 public:
  Kernel(std::int64_t implementation, std::int64_t tactic, float builder_ms, double run_ms)
      : run_ms(run_ms), tactic(std::to_string(tactic)), variant_(implementation, tactic) {
    impl_.ms = builder_ms;
    impl_.variant = &variant_;
    impl_.format = &format_;
    mImpl = &impl_;
  }
  const double run_ms;
  const std::string tactic;

 private:
  struct Impl final : AlgorithmStub {
    IAlgorithmVariant const& getAlgorithmVariant() const noexcept override { return *variant; }
    float getTimingMSec() const noexcept override { return ms; }
    IAlgorithmIOInfo const* getAlgorithmIOInfoByIndex(std::int32_t index) const noexcept override {
      return index < 2 ? format : nullptr;
    }
    float ms = 0.0F;
    KernelVariant* variant = nullptr;
    KernelFormat* format = nullptr;
  } impl_;
  KernelVariant variant_;
  KernelFormat format_;
};

class KernelContext final : public IAlgorithmContext {
 public:
  explicit KernelContext(std::string layer) {
    impl_.layer = std::move(layer);
    mImpl = &impl_;
  }

 private:
  struct Impl final : AlgorithmContextStub {
    char const* getName() const noexcept override { return layer.c_str(); }
    std::int32_t getNbInputs() const noexcept override { return 1; }
    std::int32_t getNbOutputs() const noexcept override { return 1; }
    std::string layer;
  } impl_;
};

/** Takes the kernel of each layer that the builder measured as fastest, among those that the selector leaves. */
inline std::vector<TakenKernel> take_kernels(const Script& script, IAlgorithmSelector* selector) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::unique_ptr<Kernel>>> kernels;
  for (const Statement& statement : script.all("kernel")) {
    auto words = statement.words();
    std::string layer;
    std::int64_t implementation = 0, tactic = 0;
    float builder_ms = 0.0F;
    double run_ms = 0.0;
    words >> layer >> implementation >> tactic >> builder_ms >> run_ms;
    if (kernels.count(layer) == 0) order.push_back(layer);
    kernels[layer].push_back(std::make_unique<Kernel>(implementation, tactic, builder_ms, run_ms));
  }
  std::vector<TakenKernel> taken;
  std::vector<std::unique_ptr<KernelContext>> contexts;
  std::vector<IAlgorithmContext const*> reported_contexts;
  std::vector<IAlgorithm const*> reported;
  for (const std::string& layer : order) {
    const KernelContext& context = *contexts.emplace_back(std::make_unique<KernelContext>(layer));
    std::vector<IAlgorithm const*> offered;
    for (const auto& kernel : kernels[layer]) offered.push_back(kernel.get());
    std::vector<std::int32_t> selection(offered.size());
    std::int32_t count = 0;
    if (selector != nullptr)
      count = selector->selectAlgorithms(context, offered.data(), static_cast<std::int32_t>(offered.size()),
                                         selection.data());
    Kernel const* best = nullptr;
    for (std::size_t i = 0; i < offered.size(); ++i) {
      const bool is_left = count == 0 || std::find(selection.begin(), selection.begin() + count,
                                                   static_cast<std::int32_t>(i)) != selection.begin() + count;
      auto const* kernel = static_cast<Kernel const*>(offered[i]);
      if (is_left && (best == nullptr || kernel->getTimingMSec() < best->getTimingMSec())) best = kernel;
    }
    taken.push_back({layer, best->tactic, best->run_ms});
    reported_contexts.push_back(&context);
    reported.push_back(best);
  }
  if (selector != nullptr && !reported.empty())
    selector->reportAlgorithms(reported_contexts.data(), reported.data(), static_cast<std::int32_t>(reported.size()));
  return taken;
}

/** `"Layers":[...]` as the inspector lists them. */
inline std::string told_layers(const std::vector<TakenKernel>& taken) {
  std::string text;
  for (const TakenKernel& kernel : taken) {
    text += (text.empty() ? "" : ",") + std::string("{\"Name\":") + quoted(kernel.layer) +
            ",\"LayerType\":\"CaskConvolution\",\"TacticName\":" + quoted(kernel.tactic) +
            ",\"RunMs\":" + std::to_string(kernel.run_ms) + "}";
  }
  return "\"Layers\":[" + text + "]";
}

}  // namespace fake

#pragma GCC diagnostic pop
