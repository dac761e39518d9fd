#include "core/device.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/bf16.h"
#include "core/commands.h"
#include "core/error.h"
#include "core/registry.h"
#include "core/tensor.h"

namespace selfjudge {
namespace {

// SELFJUDGE_POISON=1: memory that is new or given back is overwritten. For tests: costs a pass over memory
// each time.
bool poisons() {
  const char* value = std::getenv("SELFJUDGE_POISON");
  return value && std::strcmp(value, "1") == 0;
}

}  // namespace

Device::Device(const std::string& kind)
    : backend_(open_backend(kind)),
      stream_(backend_),
      allocator_(
          backend_, [this] { stream_.drain(); },
          [this](Block block) { stream_.push(std::make_unique<FreeBlock>(block, backend_)); },
          poisons() ? std::function<void(Block)>(
                          [this](Block block) { stream_.push(std::make_unique<PoisonBlock>(block)); })
                    : nullptr),
      tensor_tag_(take_tag()),
      tree_tag_(take_tag()),
      program_tag_(take_tag()),
      tensors_(tensor_tag_),
      trees_(tree_tag_),
      programs_(program_tag_) {}

Device::~Device() {
  stop();
  if (recording_) release(*recording_);
  programs_.each([this](Recorded& recorded) { release(recorded); });
  tensors_.each([this](TensorEntry& entry) { release(entry); });
  for (const uint32_t tag : {tensor_tag_, tree_tag_, program_tag_}) give_tag_back(tag);
}

void Device::push(std::unique_ptr<Command> command) {
  const bool fails = failing_command_ && --failing_command_ == 0;
  if (fails) command = std::make_unique<InjectedFault>(std::move(command));
  stream_.push(std::move(command));
  if (fails && waits_for_failure_) stream_.drain();
}

void Device::fail_after(int64_t allocations, int64_t commands, bool wait) {
  allocator_.fail_after(allocations);
  failing_command_ = commands;
  waits_for_failure_ = wait;
}

void Device::throw_if_poisoned() {
  if (!stream_.poisoned()) return;
  if (const auto fault = stream_.fault()) throw Error::fault(*fault);
}

TensorEntry& Device::find(Handle handle, const char* where, const char* argument) {
  const auto [lookup, entry] = tensors_.find(handle);
  if (lookup == Lookup::Found) return *entry;
  if (lookup == Lookup::Disposed) throw Error::disposed(where, argument, "a disposed tensor");
  throw_elsewhere(handle, where, argument, "a tensor");
}

// For a handle that is not in the table it was looked for in: another kind of this device, or a stranger.
void Device::throw_elsewhere(Handle handle, const char* where, const char* argument, const char* expected) {
  const char* kind = tensors_.find(handle).first != Lookup::Foreign    ? "a tensor"
                     : trees_.find(handle).first != Lookup::Foreign    ? "a tree"
                     : programs_.find(handle).first != Lookup::Foreign ? "a program"
                                                                       : nullptr;
  if (kind) throw Error::wrong_argument(where, argument, expected, kind);
  throw Error::foreign(where, argument);
}

const std::shared_ptr<const Tree>& Device::find_tree(Handle handle, const char* where) {
  const auto [lookup, tree] = trees_.find(handle);
  if (lookup == Lookup::Found) return *tree;
  if (lookup == Lookup::Disposed) throw Error::disposed(where, "tree", "a disposed tree");
  throw_elsewhere(handle, where, "tree", "a tree");
}

size_t Device::bytes_of(const sj_tensor& tensor) const {
  return tensor.layout == SJ_PANELS ? backend_.panel_bytes(tensor.dtype, tensor.dims[0], tensor.dims[1])
                                    : row_bytes(tensor);
}

Work Device::work_of(const sj_call& call) const {
  const Contract& contract = contract_of(static_cast<sj_op>(call.op));
  Work work{1, contract.flops ? contract.flops(call) : 0, 0};
  for (size_t i = 0; i < contract.n_tensors; ++i) {
    if (!call.tensors[i].data) continue;
    const Role role = contract.tensors[i].role;
    const bool twice = role == Role::InOut || role == Role::InOutOptional;
    const double whole = static_cast<double>(bytes_of(call.tensors[i])) * (twice ? 2 : 1);
    work.bytes += contract.bytes ? contract.bytes(call, static_cast<int>(i), whole) : whole;
  }
  return work;
}

sj_tensor Device::described(const char* where, int32_t dtype, int32_t layout, const int64_t* dims,
                            int rank) const {
  if (rank < 1 || rank > kMaxRank) {
    throw Error::wrong_argument(where, "shape", "1 to 3 dimensions", std::to_string(rank));
  }
  double elements = 1;
  for (int i = 0; i < rank; ++i) {
    if (dims[i] < 1) {
      throw Error::wrong_argument(where, "shape", "every dimension at least 1 (nothing may be empty)",
                                  shape_text(dims, rank));
    }
    elements *= static_cast<double>(dims[i]);
  }
  if (elements > 0x1p46)
    throw Error::wrong_argument(where, "shape", "at most 2^46 elements", shape_text(dims, rank));
  if (layout == SJ_PANELS && rank != 2) {
    throw Error::wrong_argument(where, "shape", "a matrix [N, K] for layout panels", shape_text(dims, rank));
  }
  if (layout == SJ_PANELS && dtype == SJ_I32) {
    throw Error::wrong_argument(where, "dtype", "float32 or bf16 for layout panels", "int32");
  }
  return describe(dtype, layout, dims, rank);
}

Handle Device::add(const char* where, TensorEntry entry) {
  const Handle handle = tensors_.add(entry);
  if (handle) {
    ++entry.storage->handles;
    return handle;
  }
  if (entry.storage->handles == 0) {
    ++entry.storage->handles;
    release(entry);
  }
  throw Error::out_of_memory(where, "a free tensor handle", "none: 4194303 are live");
}

// While a Program is being recorded, from its own memory.
Block Device::allocate(size_t bytes, const char* where) {
  return recording_ ? recording_->memory->allocate(bytes, where) : allocator_.allocate(bytes, where);
}

TensorInfo Device::create(const char* where, sj_tensor tensor, bool* fresh) {
  const Block block = allocate(bytes_of(tensor), where);
  if (fresh) *fresh = block.fresh;
  tensor.data = block.data;
  const bool panels = tensor.layout == SJ_PANELS;
  if (panels) allocator_.count_packed(block.requested, true);
  const auto memory = recording_ ? recording_->memory : nullptr;
  return {add(where, {new Storage{block, 0, panels, memory}, tensor}), tensor};
}

void Device::release(TensorEntry entry) {
  Storage* storage = entry.storage;
  if (--storage->handles) return;
  if (storage->panels) allocator_.count_packed(storage->block.requested, false);
  if (storage->program)
    storage->program->give_back(storage->block);
  else
    allocator_.release(storage->block);
  delete storage;
}

void Device::enqueue(sj_op op, const Handle* handles, const double* numbers, Handle tree_handle,
                     TensorInfo* outputs) {
  const Contract& contract = contract_of(op);
  throw_if_poisoned();
  Arguments arguments;
  for (size_t i = 0; i < contract.n_tensors; ++i) {
    const TensorSpec& spec = contract.tensors[i];
    if (handles[i] == 0) {
      arguments.tensors[i] = absent();
    } else if (spec.role == Role::Out) {
      throw Error::wrong_argument(contract.op, spec.name, "null (the call allocates it)", "a tensor");
    } else {
      arguments.tensors[i] = find(handles[i], contract.op, spec.name).tensor;
    }
  }
  std::copy_n(numbers, contract.n_numbers, arguments.numbers);
  std::shared_ptr<const Tree> tree;
  sj_tree tree_view;
  if (tree_handle) {
    tree = find_tree(tree_handle, contract.op);
    tree_view = tree->view();
  }
  check_call(op, arguments, tree ? &tree_view : nullptr);

  // Outputs and workspace. On out-of-memory what was made so far goes back.
  int made = 0;
  Block workspace;
  Work work;
  try {
    for (size_t i = 0; i < contract.n_tensors; ++i) {
      if (contract.tensors[i].role != Role::Out) continue;
      outputs[made] = {};
      if (arguments.produced & (1u << i)) {
        outputs[made] = create(contract.op, arguments.tensors[i]);
        arguments.tensors[i] = outputs[made].tensor;
      }
      ++made;
    }
    const sj_call call = make_call(op, arguments, tree ? &tree_view : nullptr);
    if (const size_t bytes = backend_.workspace(&call)) workspace = allocate(bytes, contract.op);
    work = work_of(call);
  } catch (...) {
    for (int i = 0; i < made; ++i) {
      if (outputs[i].handle) dispose(outputs[i].handle);
    }
    throw;
  }
  counters_[op].add(work);
  if (recording_) {
    for (size_t i = 0; i < contract.n_tensors; ++i) {
      if (!handles[i]) continue;
      const TensorEntry input = find(handles[i], contract.op, contract.tensors[i].name);
      if (input.storage->program == recording_->memory) continue;  // its own
      ++input.storage->handles;
      recording_->inputs.push_back(input);
    }
    recording_->program->add({op, arguments, tree, workspace}, work);
  }
  push(std::make_unique<RunOp>(OpCall{op, arguments, std::move(tree), workspace}));
  // Whoever gets this memory next runs after this command.
  if (!workspace.data) return;
  if (recording_)
    recording_->memory->give_back(workspace);
  else
    allocator_.release(workspace);
}

TensorInfo Device::empty(int32_t dtype, int32_t layout, const int64_t* dims, int rank) {
  return create("empty", described("empty", dtype, layout, dims, rank));
}

TensorInfo Device::upload(int32_t dtype, const int64_t* dims, int rank, const void* source, size_t count,
                          bool narrow) {
  const sj_tensor tensor = described("upload", dtype, SJ_ROWS, dims, rank);
  if (count != static_cast<size_t>(elements_of(tensor))) {
    throw Error::wrong_argument("upload", "data", "as many elements as shape " + shape_text(dims, rank),
                                std::to_string(count));
  }
  refuse_while_recording("upload");
  throw_if_poisoned();
  const size_t bytes = row_bytes(tensor);
  bool fresh = false;
  const TensorInfo info = create("upload", tensor, &fresh);
  // A block from the cache may still be in use by commands in the queue: then the write takes its turn, from
  // a copy.
  const bool direct = fresh || (!backend_.asynchronous && stream_.idle());
  std::unique_ptr<char[]> staging;
  if (narrow || !direct) {
    staging.reset(new char[bytes]);
    if (narrow) {
      const float* wide = static_cast<const float*>(source);
      uint16_t* bits = reinterpret_cast<uint16_t*>(staging.get());
      for (int64_t i = 0, n = elements_of(tensor); i < n; ++i) bits[i] = float_to_bf16(wide[i]);
    } else {
      std::memcpy(staging.get(), source, bytes);
    }
    source = staging.get();
  }
  if (!direct) {
    push(std::make_unique<Write>(info.tensor.data, std::move(staging), bytes));
    return info;
  }
  sj_error error{SJ_OK, 0, {}};
  int32_t code = backend_.copy_in(info.tensor.data, source, bytes, &error);
  if (code == SJ_OK && backend_.asynchronous) code = backend_.sync(&error);  // other threads will use it
  if (code != SJ_OK) {
    dispose(info.handle);
    throw Error::internal("upload", error.message);
  }
  return info;
}

void Device::read(Handle handle, void* host, std::function<void(const Fault*)> done) {
  push(std::make_unique<Read>(host, find(handle, "read", "handle").tensor, std::move(done)));
}

sj_tensor Device::readable(Handle handle) {
  const sj_tensor tensor = find(handle, "read", "handle").tensor;
  if (tensor.layout != SJ_ROWS)
    throw Error::wrong_argument("read", "handle", "layout rows (unpack first)", "panels");
  refuse_while_recording("read");
  return tensor;
}

TensorInfo Device::view(Handle handle, double offset, const int64_t* dims, int rank) {
  const TensorEntry entry = find(handle, "view", "handle");
  const bool panels = entry.tensor.layout == SJ_PANELS;
  sj_tensor tensor = described("view", entry.tensor.dtype, entry.tensor.layout, dims, rank);
  const int64_t size = elements_of(entry.tensor), count = elements_of(tensor);
  const int64_t columns = entry.tensor.dims[1];
  if (panels && dims[1] != columns) {
    throw Error::wrong_argument("view", "shape",
                                "rows of a packed weight, " + std::to_string(columns) + " wide",
                                shape_text(dims, rank));
  }
  const int64_t step = panels ? SJ_PANEL_ROWS * columns : 1;
  if (!(offset >= 0 && offset <= static_cast<double>(size)) ||
      std::fmod(offset, static_cast<double>(step)) != 0) {
    throw Error::wrong_argument(
        "view", "offset",
        (panels ? "a multiple of " + std::to_string(step) + " (" + std::to_string(SJ_PANEL_ROWS) + " rows)"
                : std::string("an integer")) +
            " in [0, " + std::to_string(size) + "]",
        std::to_string(offset));
  }
  const int64_t start = static_cast<int64_t>(offset);
  if (start + count > size) {
    throw Error::wrong_argument("view", "shape",
                                "at most " + std::to_string(size - start) + " elements from offset " +
                                    std::to_string(start) + " of " + std::to_string(size),
                                shape_text(dims, rank) + " = " + std::to_string(count));
  }
  // What does not end with the weight ends with a panel: the columns past a panel's rows are zero.
  if (panels && start + count < size && dims[0] % SJ_PANEL_ROWS != 0) {
    throw Error::wrong_argument("view", "shape",
                                "a multiple of " + std::to_string(SJ_PANEL_ROWS) + " rows, or all to the end",
                                shape_text(dims, rank));
  }
  const size_t bytes = panels ? backend_.panel_bytes(tensor.dtype, start / columns, columns)
                              : static_cast<size_t>(start) * size_of(tensor.dtype);
  tensor.data = static_cast<char*>(entry.tensor.data) + bytes;
  return {add("view", {entry.storage, tensor}), tensor};
}

Handle Device::retain(Handle handle) {
  const TensorEntry entry = find(handle, "retain", "handle");
  return add("retain", entry);
}

void Device::dispose(Handle handle) {
  find(handle, "dispose", "handle");
  release(tensors_.remove(handle));
}

Handle Device::tree(const int32_t* triples, size_t count) {
  const Handle handle = trees_.add(Tree::from(triples, count));
  if (!handle) throw Error::out_of_memory("tree", "a free tree handle", "none: 4194303 are live");
  return handle;
}

void Device::dispose_tree(Handle handle) {
  find_tree(handle, "disposeTree");
  trees_.remove(handle);
}

void Device::refuse_while_recording(const char* where) const {
  if (!recording_) return;
  throw Error::wrong_argument(where, "device", "no Program being recorded (a Program holds ops alone)",
                              "one in recording");
}

void Device::begin_program() {
  refuse_while_recording("beginProgram");
  throw_if_poisoned();
  recording_ = Recorded{std::make_shared<Program>(backend_), std::make_shared<ProgramMemory>(allocator_), {}};
}

Handle Device::end_program() {
  if (!recording_) {
    throw Error::wrong_argument("endProgram", "device", "a Program being recorded", "none");
  }
  recording_->memory->recorded();
  const Handle handle = programs_.add(*recording_);
  if (!handle) {
    cancel_program();
    throw Error::out_of_memory("endProgram", "a free program handle", "none: 4194303 are live");
  }
  recording_.reset();
  return handle;
}

void Device::cancel_program() {
  if (!recording_) return;
  Recorded recorded = std::move(*recording_);
  recording_.reset();
  recorded.memory->recorded();
  release(recorded);
}

// The memory goes back to the cache when the last tensor in it does; whoever gets it runs after what is
// queued.
void Device::release(Recorded& recorded) {
  for (const TensorEntry& input : recorded.inputs) release(input);
  recorded.inputs.clear();
  recorded.memory.reset();
}

Device::Recorded& Device::find_program(Handle handle, const char* where) {
  const auto [lookup, recorded] = programs_.find(handle);
  if (lookup == Lookup::Found) return *recorded;
  if (lookup == Lookup::Disposed) throw Error::disposed(where, "program", "a disposed program");
  throw_elsewhere(handle, where, "program", "a program");
}

void Device::run_program(Handle handle, const std::vector<PoolReads>& reads) {
  refuse_while_recording("runProgram");
  throw_if_poisoned();
  const std::shared_ptr<Program>& program = find_program(handle, "runProgram").program;
  for (size_t op = 0; op < counters_.size(); ++op) counters_[op].add(program->work()[op]);
  for (Arguments arguments : program->pool_reads()) {
    auto& numbers = arguments.numbers;
    const auto read = std::find_if(reads.begin(), reads.end(), [&](const PoolReads& one) {
      return one.window == numbers[ops::tree_attention_pool::WINDOW];
    });
    numbers[ops::tree_attention_pool::PAIRS] = read == reads.end() ? 0 : read->pairs;
    numbers[ops::tree_attention_pool::KEYS] = read == reads.end() ? 0 : read->keys;
    counters_[SJ_OP_tree_attention_pool].add(
        work_of(make_call(SJ_OP_tree_attention_pool, arguments, nullptr)));
  }
  push(std::make_unique<RunProgram>(program));
}

void Device::dispose_program(Handle handle) {
  find_program(handle, "disposeProgram");
  Recorded recorded = programs_.remove(handle);
  stream_.push(std::make_unique<DropProgram>(std::move(recorded.program)));
  release(recorded);
}

void Device::sync(std::function<void(const Fault*)> done) { push(std::make_unique<Sync>(std::move(done))); }

}  // namespace selfjudge
