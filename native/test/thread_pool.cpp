// The worker pool: every task runs once and is done at return, however late workers come, from several
// threads at once, and nested. What tasks write is plain memory, so ThreadSanitizer sees a loop that returns
// too early.
#include "../backends/cpu/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

namespace selfjudge::cpu {
namespace {

constexpr int64_t kMostTasks = 40, kLargeCost = 1 << 20;

// `loops` loops of 1 .. kMostTasks tasks; now and then a pause, long enough for workers to fall asleep.
// Returns how often a task ran less or more than once.
int64_t hammer(int loops, uint32_t seed) {
  std::vector<int> runs(kMostTasks);
  int64_t wrong = 0;
  for (int loop = 0; loop < loops; loop++) {
    seed = seed * 1664525 + 1013904223;
    const int64_t tasks = 1 + int64_t(seed >> 16) % kMostTasks;
    std::fill(runs.begin(), runs.end(), 0);
    parallel_for(
        tasks,
        [&](int64_t task, int) {
          // Of unequal lengths, so that the caller often ends while a worker is at its last task.
          for (volatile uint32_t i = (seed >> 8) * uint32_t(task + 1) % 1000; i > 0; i = i - 1) {
          }
          runs[size_t(task)]++;
        },
        kLargeCost);
    for (int64_t task = 0; task < kMostTasks; task++) wrong += runs[size_t(task)] != (task < tasks);
    if (loop % 200 == 0) std::this_thread::sleep_for(std::chrono::microseconds(seed % 400));
  }
  return wrong;
}

int64_t nested() {
  std::vector<int> runs(kMostTasks * kMostTasks);
  int64_t wrong = 0;
  parallel_for(kMostTasks, [&](int64_t outer, int worker) {
    parallel_for(kMostTasks, [&](int64_t inner, int same) {
      runs[size_t(outer * kMostTasks + inner)] += worker == same;
    });
  });
  for (const int count : runs) wrong += count != 1;
  return wrong;
}

// Gathered: also jobs too small to be worth it are split, each worker runs its own tasks and no other.
int64_t gathered() {
  std::vector<int> ran(kMostTasks);
  const int64_t before = gather_workers(true);
  int64_t wrong = 0;
  for (int64_t tasks = 2; tasks <= kMostTasks; tasks++) {
    const int64_t workers = std::min<int64_t>(worker_count(), tasks);
    parallel_for(
        tasks, [&](int64_t task, int worker) { ran[size_t(task)] = worker; }, 1);
    for (int64_t worker = 0; worker < workers; worker++)
      for (int64_t t = first_task(tasks, worker, workers); t < first_task(tasks, worker + 1, workers); t++)
        wrong += ran[size_t(t)] != worker;
  }
  const int64_t jobs = gather_workers(false) - before;
  return wrong + (jobs != (worker_count() > 1 ? kMostTasks - 1 : 0));
}

}  // namespace
}  // namespace selfjudge::cpu

int main() {
  using namespace selfjudge::cpu;
  const int64_t alone = hammer(20000, 1), inside = nested(), apart = gathered();
  std::vector<int64_t> wrong(4);
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < wrong.size(); i++)
    threads.emplace_back([&wrong, i] { wrong[i] = hammer(2000, i + 2); });
  for (std::thread& thread : threads) thread.join();
  int64_t together = 0;
  for (const int64_t count : wrong) together += count;
  std::printf("%d workers; wrong: alone %lld, nested %lld, gathered %lld, four threads %lld\n",
              worker_count(), (long long)alone, (long long)inside, (long long)apart, (long long)together);
  return alone + inside + apart + together == 0 ? 0 : 1;
}
