// One process-wide pool: min(affinity, cgroup quota) threads, the calling (stream) thread is worker 0. One op holds
// the pool at a time. Tasks are claimed dynamically, so results must never depend on which worker runs a task.
#pragma once
#include <cstdint>
#include <functional>

namespace selfjudge::cpu {
int worker_count();
// Limits the workers used from now on (1 .. worker_count()); for tests of thread-count invariance.
void set_worker_limit(int workers);
// Calls body(task, worker) once for each task in [0, tasks); returns when all are done.
void parallel_for(int64_t tasks, const std::function<void(int64_t task, int worker)>& body);
}  // namespace selfjudge::cpu
