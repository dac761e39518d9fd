// A Program: calls recorded once and run again as one command, with the same tensors. A backend that can
// (CUDA graphs) replays it as a whole; otherwise the calls run one after the other, so a Program equals eager
// to the bit.
#pragma once
#include <memory>
#include <vector>

#include "core/allocator.h"
#include "core/commands.h"
#include "core/counters.h"
#include "core/stream.h"

namespace selfjudge {

// The recorded calls; shared by the commands that run them. Lives and dies on the stream thread once it has
// been run.
class Program {
 public:
  explicit Program(const sj_backend& backend) : backend_(backend) {}
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void add(OpCall call, const Work& work);
  // The work of a run, but for the calls that read a pool: theirs depends on what is in it by then.
  const Counters& work() const { return work_; }
  const std::vector<Arguments>& pool_reads() const { return pool_reads_; }
  int32_t run(sj_error& error);

 private:
  int32_t run_calls(sj_error& error);
  void find_next_weights();

  const sj_backend& backend_;
  std::vector<OpCall> calls_;
  std::vector<const sj_tensor*> next_weights_;  // of each call; empty until the first run
  Counters work_;
  std::vector<Arguments> pool_reads_;
  void* recording_ = nullptr;
};

// Memory that belongs to a Program: what is given back while it records serves its later calls, and all of it
// stays put until the Program and every tensor in it are gone. JavaScript thread only.
class ProgramMemory {
 public:
  explicit ProgramMemory(Allocator& allocator) : allocator_(allocator) {}
  ~ProgramMemory();
  ProgramMemory(const ProgramMemory&) = delete;
  ProgramMemory& operator=(const ProgramMemory&) = delete;

  Block allocate(size_t bytes, const char* where);
  void give_back(const Block& block);
  void recorded() { recording_ = false; }

 private:
  Allocator& allocator_;
  bool recording_ = true;
  std::vector<Block> blocks_, free_;
};

// Runs a Program; also keeps it alive until then.
class RunProgram : public Command {
 public:
  explicit RunProgram(std::shared_ptr<Program> program) : program_(std::move(program)) {}
  const char* name() const override { return "program"; }
  int32_t run(const sj_backend&, const Fault* poison, sj_error& error) override {
    return poison ? SJ_OK : program_->run(error);
  }

 private:
  std::shared_ptr<Program> program_;
};

// The last holder of a Program, so that it dies after all its runs and on the stream thread.
class DropProgram : public Command {
 public:
  explicit DropProgram(std::shared_ptr<Program> program) : program_(std::move(program)) {}
  const char* name() const override { return "disposeProgram"; }
  int32_t run(const sj_backend&, const Fault*, sj_error&) override { return SJ_OK; }

 private:
  std::shared_ptr<Program> program_;
};

}  // namespace selfjudge
