#include "kernel_selector.h"

#if NV_TENSORRT_MAJOR < 11

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace calib::tensorrt {

namespace {

using nvinfer1::IAlgorithm;
using nvinfer1::IAlgorithmContext;

/** Type, vectorization and strides of each input and output, for example `1:1x8:100352,1,1568,56`. */
std::string formats_of(const IAlgorithmContext& context, const IAlgorithm& algorithm) {
  std::string text;
  for (std::int32_t i = 0; i < context.getNbInputs() + context.getNbOutputs(); ++i) {
    const nvinfer1::IAlgorithmIOInfo* io = algorithm.getAlgorithmIOInfoByIndex(i);
    if (io == nullptr) continue;
    if (!text.empty()) text += ' ';
    text += std::to_string(static_cast<int>(io->getDataType())) + ':' + std::to_string(io->getVectorizedDim()) + 'x' +
            std::to_string(io->getComponentsPerElement()) + ':';
    const nvinfer1::Dims strides = io->getStrides();
    for (int k = 0; k < strides.nbDims; ++k) text += (k == 0 ? "" : ",") + std::to_string(strides.d[k]);
  }
  return text;
}

/** Implementation and tactic, in hexadecimal digits. */
std::string kernel_of(const IAlgorithm& algorithm) {
  const nvinfer1::IAlgorithmVariant& variant = algorithm.getAlgorithmVariant();
  char text[40];
  std::snprintf(text, sizeof text, "%" PRIx64 ":%" PRIx64, static_cast<std::uint64_t>(variant.getImplementation()),
                static_cast<std::uint64_t>(variant.getTactic()));
  return text;
}

}  // namespace

KernelSelector::KernelSelector(const std::vector<KernelChoice>& choices) {
  for (const KernelChoice& choice : choices) choices_[choice.layer] = choice;
}

std::int32_t KernelSelector::selectAlgorithms(const IAlgorithmContext& context, const IAlgorithm* const* algorithms,
                                              std::int32_t count, std::int32_t* selection) noexcept {
  LayerKernels layer{context.getName(), {}, std::nullopt};
  const auto asked = choices_.find(layer.layer);
  std::int32_t selected = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    OfferedKernel kernel{formats_of(context, *algorithms[i]), kernel_of(*algorithms[i]),
                         static_cast<double>(algorithms[i]->getTimingMSec())};
    if (asked != choices_.end() && asked->second.formats == kernel.formats && asked->second.kernel == kernel.kernel)
      selection[selected++] = i;
    layer.offered.push_back(std::move(kernel));
  }
  const auto known = index_of_.find(layer.layer);
  if (known != index_of_.end()) {
    layers_[known->second] = std::move(layer);
  } else if (!layer.offered.empty()) {
    index_of_[layer.layer] = layers_.size();
    layers_.push_back(std::move(layer));
  }
  if (selected > 0) return selected;
  for (std::int32_t i = 0; i < count; ++i) selection[i] = i;
  return count;
}

void KernelSelector::reportAlgorithms(const IAlgorithmContext* const* contexts, const IAlgorithm* const* algorithms,
                                      std::int32_t count) noexcept {
  for (std::int32_t i = 0; i < count; ++i) {
    const auto found = index_of_.find(contexts[i]->getName());
    if (found == index_of_.end()) continue;
    LayerKernels& layer = layers_[found->second];
    const std::string formats = formats_of(*contexts[i], *algorithms[i]);
    const std::string kernel = kernel_of(*algorithms[i]);
    const auto taken = std::find_if(layer.offered.begin(), layer.offered.end(), [&](const OfferedKernel& offered) {
      return offered.formats == formats && offered.kernel == kernel;
    });
    if (taken != layer.offered.end()) layer.chosen = static_cast<std::size_t>(taken - layer.offered.begin());
  }
}

std::vector<LayerKernels> KernelSelector::layers() const {
  return layers_;
}

}  // namespace calib::tensorrt

#endif
