#include "thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "cgroup.h"

namespace selfjudge::cpu {
namespace {

// Ops follow each other within microseconds, a sleeping worker needs tens of them to wake: a short wait
// spins, a longer one offers its CPU to others but stays awake as long as nobody takes it.
constexpr int kSpins = 200;
constexpr std::chrono::microseconds kAwake{100}, kTaken{5};
constexpr int64_t kWorthWaking = 4000;  // nanoseconds of work

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

int detect_workers() {
  cpu_set_t set;
  int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                          : int(std::thread::hardware_concurrency());
  if (const int granted = cgroup_cpus()) count = std::min(count, granted);
  return std::max(1, count);
}

thread_local int inside = -1;  // this thread's worker number while it runs tasks: a nested call stays on it

class Pool {
 public:
  int size() const { return size_; }
  void limit(int workers) { limit_ = std::clamp(workers, 1, size_); }
  int64_t gather(bool gathered) {
    gathered_ = gathered;
    return gathered_jobs_;
  }

  void run(int64_t tasks, const std::function<void(int64_t, int)>& body, int64_t cost) {
    if (tasks <= 0) return;
    const bool gathered = gathered_.load(std::memory_order_relaxed);
    if (inside >= 0 || tasks == 1 || (tasks * cost < kWorthWaking && !gathered))
      return run_inline(tasks, body, std::max(inside, 0));
    std::lock_guard lock(mutex_);
    const int wanted = int(std::min<int64_t>(limit_, tasks));
    const int participants = wanted > 1 ? std::min(wanted, start(wanted)) : 1;
    if (participants == 1) return run_inline(tasks, body, 0);
    body_ = &body;
    if (gathered) {
      gathered_jobs_++;
      arrived_.store(0, std::memory_order_relaxed);
    }
    for (int i = 0; i < participants; i++) {
      ranges_[i].next.store(first_task(tasks, i, participants), std::memory_order_relaxed);
      ranges_[i].end = first_task(tasks, i + 1, participants);
    }
    gate_.store((++jobs_ << 16) | kOpen, std::memory_order_release);
    // The number of participants travels in the ticket: a worker that wakes late sees both or neither.
    ticket_.store((jobs_ << 16) | (gathered ? kGathered : 0) | uint64_t(participants),
                  std::memory_order_release);
    ticket_.notify_all();
    work(0, participants, gathered);
    // Every task is taken. Who has not come by now, its CPU being busy with something else, is not waited
    // for.
    uint64_t gate = gate_.fetch_and(~kOpen, std::memory_order_acq_rel) & ~kOpen;
    for (; (gate & kInside) != 0; gate = gate_.load(std::memory_order_acquire)) wait_while_equal(gate_, gate);
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
            const int participants = int(seen & kMostWorkers);
            if (id >= participants || !enter(seen >> 16)) continue;
            work(id, participants, seen & kGathered);
            const uint64_t gate = gate_.fetch_sub(1, std::memory_order_acq_rel) - 1;
            if ((gate & (kOpen | kInside)) == 0) gate_.notify_one();
          }
        }).detach();
      } catch (const std::system_error&) {
        break;  // no more threads to be had: run with those there are
      }
      started_++;
    }
    return started_;
  }

  // Whether the job still has room for a worker; if so, it waits for this one.
  bool enter(uint64_t job) {
    uint64_t gate = gate_.load(std::memory_order_acquire);
    do {
      if (gate >> 16 != job || !(gate & kOpen)) return false;
    } while (!gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel));
    return true;
  }

  // A worker's own tasks follow each other, so that what one fetches ahead from memory is what the next one
  // needs; then it takes from what others have left. Gathered workers wait for each other before, and take
  // nothing.
  void work(int worker, int participants, bool gathered) {
    inside = worker;
    if (gathered) {
      arrived_.fetch_add(1, std::memory_order_relaxed);
      while (arrived_.load(std::memory_order_relaxed) < participants) sched_yield();
    }
    for (int i = 0; i < (gathered ? 1 : participants); i++) {
      Range& range = ranges_[(worker + i) % participants];
      for (int64_t t; (t = range.next.fetch_add(1, std::memory_order_relaxed)) < range.end;)
        (*body_)(t, worker);
    }
    inside = -1;
  }

  struct alignas(64) Range {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };

  // Of the gate: the job's number, whether more may enter, and how many workers (but the caller) are inside.
  static constexpr uint64_t kOpen = 0x8000, kInside = 0x7fff;
  // Of the ticket: whether the job's workers are gathered, and how many there are.
  static constexpr uint64_t kGathered = 0x8000, kMostWorkers = 0x7fff;

  const int size_ = std::min(detect_workers(), int(kMostWorkers));
  std::atomic<bool> gathered_{false};
  std::atomic<int64_t> gathered_jobs_{0};
  std::atomic<int> arrived_{0};
  std::atomic<int> limit_{size_};
  int started_ = 1;  // worker 0 is the caller
  std::mutex mutex_;
  uint64_t jobs_ = 0;
  const std::function<void(int64_t, int)>* body_ = nullptr;
  alignas(64) std::atomic<uint64_t> ticket_{0};
  const std::unique_ptr<Range[]> ranges_ = std::make_unique<Range[]>(size_t(size_));
  alignas(64) std::atomic<uint64_t> gate_{0};
};

Pool& pool() {
  static Pool& instance = *new Pool;  // never destroyed: detached workers use it until the process ends
  return instance;
}

}  // namespace

int worker_count() { return pool().size(); }
int free_workers() { return inside >= 0 ? 1 : pool().size(); }
void set_worker_limit(int workers) { pool().limit(workers); }
int64_t gather_workers(bool gathered) { return pool().gather(gathered); }
void parallel_for(int64_t tasks, const std::function<void(int64_t task, int worker)>& body, int64_t cost) {
  pool().run(tasks, body, cost);
}

}  // namespace selfjudge::cpu
