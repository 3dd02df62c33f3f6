#include "tensor_counts.h"

#include <limits>
#include <string>

#include "blocked_shape.h"
#include "error.h"
#include "float_bits.h"

namespace calib {

namespace {

constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15U;
constexpr std::uint32_t kNan = 0x7fc00000U;

/** Bits in which all NaNs are equal. */
std::uint32_t identity_of(float value) {
  const std::uint32_t bits = bits_of(value);
  return (bits & ~kSignBit) > kInfinityBits ? kNan : bits;
}

std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * kMix;
  return hash ^ (hash >> 29);
}

std::uint64_t hash_of(std::uint64_t hash, const float* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) hash = mixed(hash, identity_of(values[i]) + 1U);
  return hash;
}

}  // namespace

std::size_t TensorView::count() const {
  std::size_t product = 1;
  for (const std::int64_t dim : dims) product *= static_cast<std::size_t>(dim);
  return product;
}

std::vector<float> row_major(const TensorView& view) {
  if (view.block == 1) return {view.values, view.values + view.count()};
  const BlockedShape shape(view.dims, view.block);
  std::vector<float> values(view.count());
  std::size_t at = 0;
  for (std::size_t image = 0; image < shape.images; ++image) {
    for (std::size_t channel = 0; channel < shape.channels; ++channel) {
      const float* group = view.values + (image * shape.groups() + channel / view.block) * shape.group_size();
      for (std::size_t i = 0; i < shape.inner; ++i) values[at++] = group[i * view.block + channel % view.block];
    }
  }
  return values;
}

TensorCounts::TensorCounts(std::size_t tensors, std::vector<std::int64_t> axes)
    : axes_(std::move(axes)), channels_(tensors) {
  if (axes_.size() != tensors) throw Error(kInvalidArgument, "Expected one channel axis for each tensor");
}

void TensorCounts::begin(CountRequest request) {
  if (request.slots == 0 || request.groups.size() > request.slots || request.is_split.size() != tensors())
    throw Error(kInvalidArgument, "Expected at most one group for each slot and one kind for each tensor");
  request_ = std::move(request);
  for (const std::size_t group : request_.groups)
    if (group >= groups_.size()) groups_.resize(group + 1, std::vector<Histogram>(tensors()));
  const std::size_t entries = request_.groups.size() * tensors();
  found_.amax.assign(entries, std::numeric_limits<float>::quiet_NaN());
  found_.non_finite.assign(entries, 0);
}

void TensorCounts::add(std::size_t tensor, const TensorView& view) {
  const std::size_t count = view.count();
  const std::size_t pieces = request_.is_split[tensor] != 0 ? request_.slots : 1;
  if (count % pieces != 0) {
    throw Error(kInvalidArgument, "Expected the values of tensor " + std::to_string(tensor) + " in " +
                                      std::to_string(pieces) + " equal pieces, found " + std::to_string(count));
  }
  if (view.block > 1 && (pieces > 1 || !ChannelMaxima::reads_blocks(axes_[tensor], view.dims.size()))) {
    const std::vector<float> values = row_major(view);
    add(tensor, {values.data(), view.dims});
    return;
  }
  const std::int64_t size = static_cast<std::int64_t>(count / pieces);
  for (std::size_t image = 0; image < request_.groups.size(); ++image) {
    if (pieces == 1)
      add_piece(image, tensor, view);
    else
      add_piece(image, tensor, {view.values + static_cast<std::int64_t>(image) * size, {size}});
  }
  // Slots without an image of their own repeat one, so that they do not change the maxima.
  if (axes_[tensor] != ChannelMaxima::kNone) channels_[tensor].add(view.values, view.dims, view.block, axes_[tensor]);
}

void TensorCounts::add_piece(std::size_t image, std::size_t tensor, const TensorView& view) {
  Histogram& histogram = groups_[request_.groups[image]][tensor];
  const std::uint64_t before = histogram.non_finite_count();
  const std::size_t at = image * tensors() + tensor;
  found_.amax[at] = view.block == 1 ? accumulator_.add(histogram, view.values, view.count())
                                    : accumulator_.add_blocked(histogram, view.values, {view.dims, view.block});
  found_.non_finite[at] = histogram.non_finite_count() != before ? 1 : 0;
}

void TensorCounts::clear() {
  for (auto& group : groups_)
    for (Histogram& histogram : group) histogram.clear();
  for (ChannelMaxima& maxima : channels_) maxima.clear();
}

Fingerprint fingerprint_of(const float* values, std::size_t count, std::size_t slots) {
  Fingerprint found;
  found.count = count;
  const std::size_t head = count % slots == 0 ? count / slots * (slots - 1) : 0;
  found.head = hash_of(count, values, head);
  found.whole = hash_of(found.head, values + head, count - head);
  return found;
}

}  // namespace calib
