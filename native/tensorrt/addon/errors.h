#pragma once

#include <napi.h>

#include <exception>
#include <vector>

#include "../core/message_log.h"

namespace calib::tensorrt::addon {

/** `{severity, message}[]` */
Napi::Array log_array(Napi::Env env, const std::vector<LogMessage>& log);

/**
 * The JavaScript value of a C++ exception: an Error with `code` and `log` for errors of core, or the value that
 * JavaScript itself threw.
 */
Napi::Value error_value(Napi::Env env, const std::exception_ptr& failure);

/** Throws the value of error_value as a JavaScript exception. */
[[noreturn]] void throw_error(Napi::Env env, const std::exception_ptr& failure);

/** Runs `body` and turns errors of core into a JavaScript Error with `code` and `log`. */
template <typename Body>
auto guarded(Napi::Env env, Body&& body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw_error(env, std::current_exception());
  }
}

}  // namespace calib::tensorrt::addon
