// One native thread that runs a device's commands in the order they were pushed.
//
// The first command that fails poisons the stream: later work is skipped, waiters are told the fault, and the
// fault is visible to the pushing side until recover().
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/error.h"
#include "include/backend.h"

namespace selfjudge {

class Command {
 public:
  virtual ~Command() = default;
  virtual const char* name() const = 0;
  // Runs on the stream thread. `poison` is the fault of an earlier command: the command must then do no work,
  // only tell whoever waits. Returns an sj_code, filling `error` when it is not SJ_OK.
  virtual int32_t run(const sj_backend& backend, const Fault* poison, sj_error& error) = 0;
  // Told after a failed run.
  virtual void failed(const Fault&) {}
};

class Stream {
 public:
  explicit Stream(const sj_backend& backend);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // The pushing side: one thread.
  void push(std::unique_ptr<Command> command);
  bool idle() const { return done_.load(std::memory_order_acquire) == pushed_; }
  void drain();
  // The fault that poisons the stream, if any.
  std::optional<Fault> fault();
  bool poisoned() const { return poisoned_.load(std::memory_order_acquire); }
  // Commands pushed from now on run again; those pushed before are still skipped. No effect without a fault.
  void recover();
  // Lets the running command finish, drops the rest, joins the thread. What is pushed afterwards never runs.
  void stop();

 private:
  class Recover;
  void work();
  void run_one(Command& command);

  const sj_backend& backend_;
  std::mutex mutex_;
  std::condition_variable wake_, drained_;
  std::vector<std::unique_ptr<Command>> queue_;
  bool sleeping_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> poisoned_{false};
  std::optional<Fault> visible_;  // guarded by mutex_
  std::optional<Fault> poison_;   // the stream thread's own
  uint64_t pushed_ = 0;
  std::atomic<uint64_t> done_{0};
  std::thread thread_;
};

}  // namespace selfjudge
