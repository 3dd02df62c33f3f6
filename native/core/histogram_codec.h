#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "histogram.h"

namespace calib {

/**
 * Encodes one histogram as a record; the format is described in src-shared/domain/histograms/histogram-codec.ts, which
 * writes the same bytes. The form is canonical: equal content gives equal bytes, and every other encoding of the same
 * content is refused.
 */
std::vector<std::uint8_t> encode_histogram(const Histogram& histogram);

/** Throws Error(kRecordInvalid). */
Histogram decode_histogram(const std::uint8_t* bytes, std::size_t size);

}  // namespace calib
