#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "histogram.h"

namespace calib {

/**
 * The record of one histogram; the format is described in
 * src-shared/domain/histograms/histogram-codec.ts, which writes the same bytes.
 * Canonical: equal content gives equal bytes, and every other spelling of the same content is refused.
 */
std::vector<std::uint8_t> encode_histogram(const Histogram& histogram);

/** Throws Error(kRecordInvalid). */
Histogram decode_histogram(const std::uint8_t* bytes, std::size_t size);

}  // namespace calib
