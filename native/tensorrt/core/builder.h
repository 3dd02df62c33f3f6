#pragma once

#include "build_request.h"
#include "library.h"

namespace calib::tensorrt {

/**
 * Builds one engine; takes seconds to minutes, on the calling thread except for threads that TensorRT starts itself.
 * Throws build-failed, out-of-memory, cancelled, wrong-argument, library-missing (no parser), and the errors of the
 * driver; errors are LoggedErrors if TensorRT reported messages.
 */
BuiltEngine build_engine(Library& library, const BuildRequest& request, const ProgressCallback& on_progress,
                         const CancelFlags& cancel);

}  // namespace calib::tensorrt
