#pragma once

#include <cuda.h>

/** Whether the calling thread has a current context. */
extern "C" bool fake_cuda_has_context();
/**
 * Work of the GPU: done at once (200 us on the stream's clock), or kept for the graph that the stream is capturing.
 * `destroy` frees `argument` once it is not needed any more.
 */
extern "C" void fake_cuda_launch(CUstream stream, void (*work)(void*), void (*destroy)(void*), void* argument);
/** Time of the GPU in addition to that of a run: on the stream's clock, or of the graph that it is capturing. */
extern "C" void fake_cuda_spend(CUstream stream, double ms);
extern "C" bool fake_cuda_is_capturing(CUstream stream);
/** Notes a use without a current context, for the report. */
extern "C" void fake_cuda_violation(char const* what);
