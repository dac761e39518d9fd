// One device of one environment: its stream, its memory and its handles. Used by one thread, the one that
// made it; only the commands it pushes run elsewhere.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/allocator.h"
#include "core/contracts.h"
#include "core/counters.h"
#include "core/handles.h"
#include "core/program.h"
#include "core/stream.h"
#include "core/tree.h"

namespace selfjudge {

// Memory with the number of handles that see it. When the last one goes, the block returns to the cache at
// once.
struct Storage {
  Block block;
  uint32_t handles;
  bool panels;
  std::shared_ptr<ProgramMemory> program;  // whose memory it is; null: the allocator's
};

struct TensorEntry {
  Storage* storage;
  sj_tensor tensor;  // with its address
};

struct TensorInfo {
  Handle handle = 0;  // 0: not produced
  sj_tensor tensor;
};

class Device {
 public:
  explicit Device(const std::string& kind);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const char* name() const { return backend_.name; }
  const char* path() const { return backend_.path(); }
  const char* description() const { return backend_.describe(); }

  // `handles` has one entry a tensor of the contract, 0 for absent ones and outputs. `outputs` gets one entry
  // an Out slot, in slot order. `tree` is 0 or a tree handle.
  void enqueue(sj_op op, const Handle* handles, const double* numbers, Handle tree, TensorInfo* outputs);

  TensorInfo empty(int32_t dtype, int32_t layout, const int64_t* dims, int rank);
  // `source` holds `count` elements, as many as the tensor; with `narrow` they are float32 and are rounded to
  // bf16. Not read after upload returns.
  TensorInfo upload(int32_t dtype, const int64_t* dims, int rank, const void* source, size_t count,
                    bool narrow);
  // A tensor that read() takes; throws whatever is against reading it, before anybody promises its values.
  sj_tensor readable(Handle handle);
  // Copies a readable tensor to `host` (bf16 widened to float32) in stream order, then calls `done` on the
  // stream thread. `host` must live until then, or until close() returns.
  void read(Handle handle, void* host, std::function<void(const Fault*)> done);
  // On the same memory. Of layout panels: whole panels, from row offset / K on.
  TensorInfo view(Handle handle, double offset, const int64_t* dims, int rank);
  Handle retain(Handle handle);
  void dispose(Handle handle);

  Handle tree(const int32_t* triples, size_t count);
  void dispose_tree(Handle handle);

  // Ops enqueued between begin and end run as always and are kept as a Program. What they make lies in memory
  // of its own, so run_program writes into the tensors that recording returned. Uploads and reads are refused
  // meanwhile.
  void begin_program();
  Handle end_program();
  void cancel_program();
  // `pairs` and `keys` are what each of its calls of tree_attention_pool reads this time, for the counters.
  // `reads` says what its calls of tree_attention_pool with that window read, for the counters; of others:
  // nothing.
  struct PoolReads {
    double window, pairs, keys;
  };
  void run_program(Handle handle, const std::vector<PoolReads>& reads);
  void dispose_program(Handle handle);

  void sync(std::function<void(const Fault*)> done);
  void recover() { stream_.recover(); }
  const MemoryCounters& memory() const { return allocator_.counters(); }
  void reset_peak() { allocator_.reset_peak(); }
  const Counters& counters() const { return counters_; }
  // For tests: the allocation and the command that many from now on (1: the next) fail; 0: none. Commands are
  // ops, uploads that wait their turn, reads, syncs and runs of Programs. `wait`: the failing command is
  // waited for, so that the very next call meets its fault.
  void fail_after(int64_t allocations, int64_t commands, bool wait);
  // Lets the running command finish and drops the rest; their callbacks are never called.
  void stop() { stream_.stop(); }

 private:
  void push(std::unique_ptr<Command> command);
  TensorEntry& find(Handle handle, const char* where, const char* argument);
  const std::shared_ptr<const Tree>& find_tree(Handle handle, const char* where);
  [[noreturn]] void throw_elsewhere(Handle handle, const char* where, const char* argument,
                                    const char* expected);
  void throw_if_poisoned();
  sj_tensor described(const char* where, int32_t dtype, int32_t layout, const int64_t* dims, int rank) const;
  Block allocate(size_t bytes, const char* where);
  TensorInfo create(const char* where, sj_tensor tensor, bool* fresh = nullptr);
  struct Recorded {
    std::shared_ptr<Program> program;
    std::shared_ptr<ProgramMemory> memory;
    std::vector<TensorEntry> inputs;  // kept alive
  };
  Recorded& find_program(Handle handle, const char* where);
  void release(Recorded& recorded);
  void refuse_while_recording(const char* where) const;
  Handle add(const char* where, TensorEntry entry);
  void release(TensorEntry entry);
  size_t bytes_of(const sj_tensor& tensor) const;
  Work work_of(const sj_call& call) const;

  const sj_backend& backend_;
  Stream stream_;
  Allocator allocator_;
  const uint32_t tensor_tag_, tree_tag_, program_tag_;
  HandleTable<TensorEntry> tensors_;
  HandleTable<std::shared_ptr<const Tree>> trees_;
  HandleTable<Recorded> programs_;
  std::optional<Recorded> recording_;
  Counters counters_;
  int64_t failing_command_ = 0;
  bool waits_for_failure_ = false;
};

}  // namespace selfjudge
