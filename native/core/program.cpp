#include "core/program.h"

#include <utility>

namespace selfjudge {
namespace {

// The packed weight that a call reads as a whole, or null. An embedding reads a few rows of its table.
const sj_tensor* weight_of(const OpCall& call) {
  if (call.op == SJ_OP_embedding) return nullptr;
  const Contract& contract = contract_of(call.op);
  for (size_t i = 0; i < contract.n_tensors; i++) {
    const sj_tensor& tensor = call.arguments.tensors[i];
    if (tensor.data && tensor.layout == SJ_PANELS) return &tensor;
  }
  return nullptr;
}

}  // namespace

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

void Program::find_next_weights() {
  next_weights_.resize(calls_.size());
  const sj_tensor* next = nullptr;
  // Twice, because a Program is run again and again: after its last weight comes its first.
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = calls_.size(); i-- > 0;) {
      next_weights_[i] = next;
      if (const sj_tensor* weight = weight_of(calls_[i])) next = weight;
    }
}

int32_t Program::run_calls(sj_error& error) {
  if (next_weights_.empty()) find_next_weights();
  for (size_t i = 0; i < calls_.size(); i++)
    if (const int32_t code = calls_[i].run(backend_, error, next_weights_[i])) return code;
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
