#include "core/program.h"

#include <utility>

namespace selfjudge {

Program::~Program() {
  if (recording_) backend_.free_recording(recording_);
}

void Program::add(OpCall call, const Work& work) {
  if (call.op == SJ_OP_tree_attention_pool)
    pool_reads_.push_back(call.arguments);
  else
    work_[call.op].add(work);
  calls_.push_back(std::move(call));
}

int32_t Program::run_calls(sj_error& error) const {
  for (const OpCall& call : calls_) {
    if (const int32_t code = call.run(backend_, error)) return code;
  }
  return SJ_OK;
}

int32_t Program::run(sj_error& error) {
  if (!backend_.record_begin) return run_calls(error);
  if (!recording_) {
    if (const int32_t code = backend_.record_begin(&error)) return code;
    const int32_t code = run_calls(error);
    // Ends in any case: a stream left recording would take every later command.
    sj_error ended{SJ_OK, 0, {}};
    const int32_t end = backend_.record_end(&recording_, &ended);
    if (code != SJ_OK || end != SJ_OK) {
      if (code == SJ_OK) error = ended;
      if (recording_) backend_.free_recording(recording_);
      recording_ = nullptr;
      return code != SJ_OK ? code : end;
    }
  }
  return backend_.replay(recording_, &error);
}

ProgramMemory::~ProgramMemory() {
  for (const Block& block : blocks_) allocator_.release(block);
}

Block ProgramMemory::allocate(size_t bytes, const char* where) {
  // The smallest that fits, of those not over twice as large: by what they were asked for. What they hold
  // beyond that is chance, and not counted.
  auto best = free_.end();
  for (auto block = free_.begin(); block != free_.end(); ++block) {
    if (block->requested < bytes || block->requested > 2 * bytes + 1024) continue;
    if (best == free_.end() || block->requested < best->requested) best = block;
  }
  if (best != free_.end()) {
    const Block block = *best;
    free_.erase(best);
    return block;
  }
  blocks_.push_back(allocator_.allocate(bytes, where));
  return blocks_.back();
}

void ProgramMemory::give_back(const Block& block) {
  if (recording_) free_.push_back(block);
}

}  // namespace selfjudge
