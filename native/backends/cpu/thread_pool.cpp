#include "thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

namespace selfjudge::cpu {
namespace {

// Ops follow each other within microseconds, a sleeping worker needs tens of them to wake: a short wait
// spins, a longer one offers its CPU to others but stays awake as long as nobody takes it.
constexpr int kSpins = 200;
constexpr std::chrono::microseconds kAwake{100}, kTaken{5};
constexpr int64_t kWorthWaking = 10000;  // nanoseconds of work

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

template <class T>
void wait_while_equal(std::atomic<T>& value, T old) {
  for (int i = 0; i < kSpins; i++) {
    if (value.load(std::memory_order_acquire) != old) return;
    relax();
  }
  const auto start = std::chrono::steady_clock::now();
  for (auto before = start; before - start < kAwake;) {
    sched_yield();
    if (value.load(std::memory_order_acquire) != old) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - before > kTaken) break;
    before = now;
  }
  value.wait(old, std::memory_order_acquire);
}

// CPUs granted by one cgroup folder, 0 when it sets no limit (or has no such file).
int folder_quota(const std::string& folder, bool v2) {
  long long quota = -1, period = 0;
  if (v2) {
    if (FILE* f = std::fopen((folder + "/cpu.max").c_str(), "r")) {
      if (std::fscanf(f, "%lld %lld", &quota, &period) != 2) quota = -1;  // "max 100000": no limit
      std::fclose(f);
    }
  } else {
    for (auto [name, value] : {std::pair{"/cpu.cfs_quota_us", &quota}, {"/cpu.cfs_period_us", &period}})
      if (FILE* f = std::fopen((folder + name).c_str(), "r")) {
        if (std::fscanf(f, "%lld", value) != 1) quota = -1;
        std::fclose(f);
      }
  }
  return quota > 0 && period > 0 ? int(std::max<long long>(1, (quota + period - 1) / period)) : 0;
}

// The tightest quota from this process's cgroup up to the root: a parent's limit binds its children.
int cgroup_quota() {
  int limit = 0;
  auto tighten = [&](int quota) {
    if (quota) limit = limit ? std::min(limit, quota) : quota;
  };
  FILE* f = std::fopen("/proc/self/cgroup", "r");
  if (!f) return 0;
  char line[4096];
  while (std::fgets(line, sizeof line, f)) {  // id:controllers:path, version 2 has no controllers
    line[std::strcspn(line, "\n")] = 0;
    const char* controllers = std::strchr(line, ':');
    const char* path = controllers ? std::strchr(controllers + 1, ':') : nullptr;
    if (!path) continue;
    const std::string list(controllers + 1, path);
    const bool v2 = list.empty();
    if (!v2 && ("," + list + ",").find(",cpu,") == std::string::npos) continue;
    const std::string root = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu";
    for (std::string folder = path;; folder.resize(folder.rfind('/'))) {  // "/a/b", "/a", ""
      tighten(folder_quota(root + folder, v2));
      if (folder.rfind('/') == std::string::npos) break;
    }
  }
  std::fclose(f);
  return limit;
}

int detect_workers() {
  cpu_set_t set;
  int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                          : int(std::thread::hardware_concurrency());
  if (const int quota = cgroup_quota()) count = std::min(count, quota);
  return std::max(1, count);
}

thread_local int inside = -1;  // this thread's worker number while it runs tasks: a nested call stays on it

class Pool {
 public:
  int size() const { return size_; }
  void limit(int workers) { limit_ = std::clamp(workers, 1, size_); }

  void run(int64_t tasks, const std::function<void(int64_t, int)>& body, int64_t cost) {
    if (tasks <= 0) return;
    if (inside >= 0 || tasks == 1 || tasks * cost < kWorthWaking)
      return run_inline(tasks, body, std::max(inside, 0));
    std::lock_guard lock(mutex_);
    const int wanted = int(std::min<int64_t>(limit_, tasks));
    const int participants = wanted > 1 ? std::min(wanted, start(wanted)) : 1;
    if (participants == 1) return run_inline(tasks, body, 0);
    body_ = &body;
    tasks_ = tasks;
    next_.store(0, std::memory_order_relaxed);
    running_.store(participants - 1, std::memory_order_relaxed);
    // The number of participants travels in the ticket: a worker that wakes late sees both or neither.
    ticket_.store((++jobs_ << 16) | uint64_t(participants), std::memory_order_release);
    ticket_.notify_all();
    work(0);
    for (int left; (left = running_.load(std::memory_order_acquire)) != 0;) wait_while_equal(running_, left);
  }

 private:
  static void run_inline(int64_t tasks, const std::function<void(int64_t, int)>& body, int worker) {
    const int before = inside;
    inside = worker;
    for (int64_t t = 0; t < tasks; t++) body(t, worker);
    inside = before;
  }

  // Threads are detached and the pool is never destroyed: exit needs no join. Returns the workers there are.
  int start(int wanted) {
    while (started_ < wanted) {
      try {
        std::thread([this, id = started_, seen = ticket_.load()]() mutable {
          for (;;) {
            wait_while_equal(ticket_, seen);
            seen = ticket_.load(std::memory_order_acquire);
            if (id >= int(seen & 0xffff)) continue;
            work(id);
            if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_one();
          }
        }).detach();
      } catch (const std::system_error&) {
        break;  // no more threads to be had: run with those there are
      }
      started_++;
    }
    return started_;
  }

  void work(int worker) {
    inside = worker;
    for (int64_t t; (t = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) (*body_)(t, worker);
    inside = -1;
  }

  const int size_ = std::min(detect_workers(), 0xffff);
  std::atomic<int> limit_{size_};
  int started_ = 1;  // worker 0 is the caller
  std::mutex mutex_;
  uint64_t jobs_ = 0;
  const std::function<void(int64_t, int)>* body_ = nullptr;
  int64_t tasks_ = 0;
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<int64_t> next_{0};
  alignas(64) std::atomic<int> running_{0};
};

Pool& pool() {
  static Pool& instance = *new Pool;  // never destroyed: detached workers use it until the process ends
  return instance;
}

}  // namespace

int worker_count() { return pool().size(); }
int free_workers() { return inside >= 0 ? 1 : pool().size(); }
void set_worker_limit(int workers) { pool().limit(workers); }
void parallel_for(int64_t tasks, const std::function<void(int64_t task, int worker)>& body, int64_t cost) {
  pool().run(tasks, body, cost);
}

}  // namespace selfjudge::cpu
