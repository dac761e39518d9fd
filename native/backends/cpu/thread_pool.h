// One process-wide pool: min(affinity, cgroup quota) threads, the calling (stream) thread is worker 0. One op
// holds the pool at a time. Tasks are claimed dynamically, so results must never depend on which worker runs
// a task.
#pragma once
#include <cstdint>
#include <functional>

namespace selfjudge::cpu {
int worker_count();
// Workers a parallel_for called here would find: 1 within a task of another.
int free_workers();
// Limits the workers used from now on (1 .. worker_count()); for tests of thread-count invariance.
void set_worker_limit(int workers);
// For tests of the same. Gathered, every job of two tasks and more is split, however small; its workers wait
// for each other before they begin, and each runs its own tasks alone. Returns how many jobs ran so until
// now.
int64_t gather_workers(bool gathered);
// Where the tasks of each worker begin in a parallel_for of `tasks` over `workers`: it runs its own in
// order, then what others have left.
inline int64_t first_task(int64_t tasks, int64_t worker, int64_t workers) { return tasks * worker / workers; }
// Calls body(task, worker) once for each task in [0, tasks); returns when all are done. `cost`: roughly a
// task's nanoseconds on one worker. Jobs too small to be worth waking others stay on the caller.
void parallel_for(int64_t tasks, const std::function<void(int64_t task, int worker)>& body,
                  int64_t cost = int64_t{1} << 20);
}  // namespace selfjudge::cpu
