#include "tensor_counts.h"

#include <algorithm>
#include <cmath>
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

Added add_view(Accumulator& accumulator, const CountTarget& target, const TensorView& view) {
  if (view.block == 1) return accumulator.add(target, view.values, view.count());
  return accumulator.add_blocked(target, view.values, {view.dims, view.block});
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

TensorCounts::TensorCounts(std::vector<std::int64_t> axes, const std::vector<Derived>& derived)
    : axes_(std::move(axes)),
      pair_of_source_(axes_.size(), kNoPair),
      pair_of_clamped_(axes_.size(), kNoPair),
      channels_(axes_.size()) {
  for (const Derived& each : derived) {
    const bool is_known =
        each.tensor < tensors() && !each.sources.empty() &&
        std::all_of(each.sources.begin(), each.sources.end(), [&](std::size_t source) { return source < tensors(); });
    if (!is_known) throw Error(kInvalidArgument, "Expected derived tensors and their sources to exist");
    if (each.high == Derived::kJoined) {
      joined_.push_back(each);
      continue;
    }
    const std::size_t source = each.sources.front();
    if (each.sources.size() > 1 || pair_of_source_[source] != kNoPair || !(each.high > 0.0F))
      throw Error(kInvalidArgument, "Expected one source for each limited tensor, and a limit above 0");
    pair_of_source_[source] = pair_of_clamped_[each.tensor] = limits_.size();
    clamped_tensors_.push_back(each.tensor);
    limits_.push_back(each.high);
  }
}

Histogram TensorCounts::histogram(std::size_t group, std::size_t tensor) const {
  const Group& counts = groups_.at(group);
  if (pair_of_source_.at(tensor) != kNoPair) return counts.pairs[pair_of_source_[tensor]].source();
  if (pair_of_clamped_[tensor] != kNoPair) return counts.pairs[pair_of_clamped_[tensor]].clamped();
  const auto joins = [&](const Derived& each) { return each.tensor == tensor; };
  const auto joined = std::find_if(joined_.begin(), joined_.end(), joins);
  if (joined == joined_.end()) return counts.histograms[tensor];
  Histogram sum;
  for (const std::size_t source : joined->sources) sum.merge(histogram(group, source));
  return sum;
}

void TensorCounts::begin(CountRequest request) {
  if (request.slots == 0 || request.groups.size() > request.slots || request.is_split.size() != tensors())
    throw Error(kInvalidArgument, "Expected at most one group for each slot and one kind for each tensor");
  request_ = std::move(request);
  if (request_.slots > 1 && !(limits_.empty() && joined_.empty()))
    throw Error(kInvalidArgument, "Expected one slot, because tensors are derived from others");
  Group empty{std::vector<Histogram>(tensors()), std::vector<ClampedHistogram>(limits_.size())};
  for (std::size_t pair = 0; pair < limits_.size(); ++pair) empty.pairs[pair].high = limits_[pair];
  for (const std::size_t group : request_.groups)
    if (group >= groups_.size()) groups_.resize(group + 1, empty);
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
  if (pair_of_source_[tensor] != kNoPair) {
    add_clamped(image, tensor, view, pair_of_source_[tensor]);
    return;
  }
  Histogram& histogram = groups_[request_.groups[image]].histograms[tensor];
  const std::uint64_t before = histogram.non_finite_count();
  const std::size_t at = image * tensors() + tensor;
  found_.amax[at] = add_view(accumulator_, histogram, view).amax;
  found_.non_finite[at] = histogram.non_finite_count() != before ? 1 : 0;
}

void TensorCounts::add_clamped(std::size_t image, std::size_t tensor, const TensorView& view, std::size_t index) {
  ClampedHistogram& pair = groups_[request_.groups[image]].pairs[index];
  const std::uint64_t before = pair.all.non_finite_count();
  const std::uint64_t clamped_before = pair.clamped_non_finite_count();
  const std::uint64_t infinities_before = pair.positive_infinities;
  const Added added = add_view(accumulator_, pair, view);
  const std::size_t source = image * tensors() + tensor;
  const std::size_t clamped = image * tensors() + clamped_tensors_[index];
  found_.amax[source] = added.amax;
  found_.non_finite[source] = pair.all.non_finite_count() != before ? 1 : 0;
  // A limited infinity is the limit.
  const bool has_limit = std::isfinite(pair.high) && pair.positive_infinities != infinities_before;
  found_.amax[clamped] = has_limit ? pair.high : std::min(added.largest, pair.high);
  found_.non_finite[clamped] = pair.clamped_non_finite_count() != clamped_before ? 1 : 0;
}

ImageCounts TensorCounts::take() {
  for (std::size_t image = 0; image < request_.groups.size(); ++image) {
    for (const Derived& each : joined_) {
      const std::size_t row = image * tensors();
      found_.amax[row + each.tensor] = found_.amax[row + each.sources.front()];
      for (const std::size_t source : each.sources) {
        float& amax = found_.amax[row + each.tensor];
        // NaN, of a tensor that is not float32, stays.
        if (found_.amax[row + source] > amax || std::isnan(found_.amax[row + source])) amax = found_.amax[row + source];
        found_.non_finite[row + each.tensor] |= found_.non_finite[row + source];
      }
    }
  }
  return std::move(found_);
}

void TensorCounts::clear() {
  for (Group& group : groups_) {
    for (Histogram& histogram : group.histograms) histogram.clear();
    for (ClampedHistogram& pair : group.pairs) pair.clear();
  }
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
