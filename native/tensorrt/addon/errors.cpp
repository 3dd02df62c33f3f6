#include "errors.h"

#include <new>

#include "../core/codes.h"

namespace calib::tensorrt::addon {

namespace {

Napi::Error made(Napi::Env env, const char* code, const char* message, const std::vector<LogMessage>& log) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  error.Set("log", log_array(env, log));
  return error;
}

Napi::Error error_of(Napi::Env env, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Napi::Error& error) {
    return error;
  } catch (const LoggedError& error) {
    return made(env, error.code(), error.what(), error.log());
  } catch (const Error& error) {
    return made(env, error.code(), error.what(), {});
  } catch (const std::bad_alloc&) {
    return made(env, kOutOfMemory, "Not enough memory", {});
  } catch (const std::exception& error) {
    return made(env, kInternal, error.what(), {});
  } catch (...) {
    return made(env, kInternal, "A failure without a description", {});
  }
}

}  // namespace

Napi::Array log_array(Napi::Env env, const std::vector<LogMessage>& log) {
  Napi::Array list = Napi::Array::New(env, log.size());
  for (std::uint32_t i = 0; i < log.size(); ++i) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("severity", Napi::String::New(env, log[i].is_error ? "error" : "warning"));
    entry.Set("message", Napi::String::New(env, log[i].message));
    list[i] = entry;
  }
  return list;
}

Napi::Value error_value(Napi::Env env, const std::exception_ptr& failure) {
  return error_of(env, failure).Value();
}

void throw_error(Napi::Env env, const std::exception_ptr& failure) {
  throw error_of(env, failure);
}

}  // namespace calib::tensorrt::addon
