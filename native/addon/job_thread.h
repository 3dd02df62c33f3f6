#pragma once

#include <napi.h>

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace calib::addon {

/** Work for a JobThread. */
struct Job {
  explicit Job(Napi::Env env) : deferred(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise::Deferred deferred;
  /** Objects whose memory `work` uses. */
  std::vector<Napi::ObjectReference> kept;
  /** Runs on the thread. What it throws rejects the promise. */
  std::function<void()> work;
  /** Makes the value of the promise, on the JavaScript thread. */
  std::function<Napi::Value(Napi::Env)> result;
  std::exception_ptr failure;
};

/**
 * A thread that runs one job at a time and settles its promise on the JavaScript thread. A thread of its own is used,
 * because the thread pool of Node.js has four threads for all workers together.
 */
class JobThread {
 public:
  explicit JobThread(Napi::Env env);
  /** Waits for the running job, as the end of the environment does. */
  ~JobThread();
  JobThread(const JobThread&) = delete;
  JobThread& operator=(const JobThread&) = delete;

  bool is_busy() const { return is_busy_; }
  /** Must not be called while a job runs. */
  Napi::Promise start(std::unique_ptr<Job> job);

 private:
  static void stop(void* thread);
  static void settle(Napi::Env env, Napi::Function callback, JobThread* thread, Job* job);
  using Completion = Napi::TypedThreadSafeFunction<JobThread, Job, settle>;

  void loop();

  Napi::Env env_;
  Completion completion_;
  /** Used on the JavaScript thread only. */
  bool is_busy_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::unique_ptr<Job> next_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace calib::addon
