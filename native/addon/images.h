#pragma once

#include <napi.h>

namespace calib::addon {

/** [sync] resizeImage(data, width, height, channels, outWidth, outHeight): the bytes of the resized image. */
Napi::Value resize_image_of(const Napi::CallbackInfo& info);

/** [sync] imageValues(data, channels, sources, tables, isPlanar): the values of the bytes as floats. */
Napi::Value values_of_image(const Napi::CallbackInfo& info);

}  // namespace calib::addon
