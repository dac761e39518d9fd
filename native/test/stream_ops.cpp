// Devices as environments use them, for the sanitizers: four threads, each with a device of its own over one
// pool of workers, enqueue ops, views, Programs and reads at random, dispose while commands wait, meet
// injected failures and recover. What is read is compared with the same arithmetic on the host.
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "core/device.h"
#include "core/error.h"
#include "include/ops.h"

namespace selfjudge {
namespace {

constexpr int64_t kSize = 48;
std::atomic<int> failures{0};

// A read under way: the stream writes into it from its own thread.
struct Pending {
  std::vector<float> values = std::vector<float>(kSize);
  float expected = 0;
  bool done = false, faulted = false;
};

class Environment {
 public:
  explicit Environment(uint32_t seed) : random_(seed), device_("cpu") {
    for (int i = 0; i < 3; ++i) live_.push_back(upload(float(i)));
  }

  void run(int actions) {
    for (int i = 0; i < actions; ++i) {
      try {
        act();
      } catch (const Error& error) {
        if (error.code != ErrorCode::OutOfMemory && error.code != ErrorCode::Fault) {
          std::printf("%s\n", error.what());
          ++failures;
        }
        recover();
      }
    }
    device_.fail_after(0, 0, false);
    settle();
    check();
    for (const Value& value : live_) device_.dispose(value.handle);
    if (device_.memory().live != 0) {
      std::printf("%zu bytes are still live\n", device_.memory().live);
      ++failures;
    }
  }

 private:
  struct Value {
    Handle handle;
    float each;  // of its elements
  };

  int below(int n) { return int(random_() % uint32_t(n)); }
  Value& pick() { return live_[size_t(below(int(live_.size())))]; }

  Value upload(float each) {
    const std::vector<float> values(kSize, each);
    const int64_t dims[] = {kSize};
    return {device_.upload(SJ_F32, dims, 1, values.data(), values.size(), false).handle, each};
  }

  Value add(const Value& a, const Value& b) {
    const Handle handles[] = {a.handle, b.handle, 0};
    TensorInfo output;
    device_.enqueue(SJ_OP_add, handles, nullptr, 0, &output);
    return {output.handle, a.each + b.each};
  }

  void fill(Value& x, float each) {
    const Handle handles[] = {x.handle};
    const double numbers[] = {each};
    device_.enqueue(SJ_OP_fill, handles, numbers, 0, nullptr);
    x.each = each;
  }

  void read(const Value& x) {
    auto pending = std::make_unique<Pending>();
    pending->expected = x.each;
    Pending* to = pending.get();
    device_.read(x.handle, to->values.data(), [this, to](const Fault* fault) {
      std::lock_guard lock(mutex_);
      to->faulted = fault != nullptr;
      to->done = true;
      changed_.notify_all();
    });
    reads_.push_back(std::move(pending));
  }

  // Recorded, run again, and dropped while both runs may still wait in the queue.
  void program() {
    Value& x = pick();
    device_.begin_program();
    Value y;
    try {
      y = add(x, x);
    } catch (...) {
      device_.cancel_program();
      throw;
    }
    const Handle handle = device_.end_program();
    try {
      device_.run_program(handle, {});
      read(y);
    } catch (...) {
      device_.dispose_program(handle);
      device_.dispose(y.handle);
      throw;
    }
    device_.dispose_program(handle);
    device_.dispose(y.handle);
  }

  void act() {
    switch (below(9)) {
      case 0:
        return live_.push_back(upload(float(below(9))));
      case 1:
      case 2:
        return live_.push_back(add(pick(), pick()));
      case 3:
        return fill(pick(), float(below(9)));
      case 4:
        return read(pick());
      case 5:
        return program();
      case 6:
        if (below(20) == 0) device_.fail_after(below(8), below(8), below(2) == 1);
        return;
      case 7:
        if (below(10) == 0) settle();
        return;
      default:
        if (live_.size() <= 2) return;
        device_.dispose(live_.front().handle);
        live_.pop_front();
    }
  }

  // After a failure nobody knows what tensors hold.
  void recover() {
    device_.fail_after(0, 0, false);
    settle();
    device_.recover();
    for (Value& value : live_) fill(value, value.each);
  }

  // Waits for every read, then compares.
  void settle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] {
      for (const auto& read : reads_)
        if (!read->done) return false;
      return true;
    });
    for (const auto& read : reads_) {
      if (read->faulted) continue;
      for (const float value : read->values) {
        if (value == read->expected) continue;
        std::printf("expected %g, received %g\n", double(read->expected), double(value));
        ++failures;
        break;
      }
    }
    reads_.clear();
  }

  void check() {
    for (const Value& value : live_) read(value);
    settle();
  }

  std::mt19937 random_;
  std::deque<Value> live_;
  std::vector<std::unique_ptr<Pending>> reads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Device device_;  // last: its stream ends before what reads write to
};

}  // namespace
}  // namespace selfjudge

int main(int argc, char** argv) {
  const int actions = argc > 1 ? std::atoi(argv[1]) : 2000;
  std::vector<std::thread> threads;
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([=] { selfjudge::Environment(seed).run(actions); });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("%s: %d failures\n", selfjudge::failures ? "FAILED" : "passed", selfjudge::failures.load());
  return selfjudge::failures != 0;
}
