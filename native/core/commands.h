// The commands of a stream. Each owns all it needs: JavaScript may drop every handle while it waits in the
// queue.
#pragma once
#include <functional>
#include <memory>
#include <utility>

#include "core/allocator.h"
#include "core/contracts.h"
#include "core/stream.h"
#include "core/tree.h"

namespace selfjudge {

using Done = std::function<void(const Fault*)>;

// A checked call of an op with all it needs; Programs keep them.
struct OpCall {
  sj_op op;
  Arguments arguments;
  std::shared_ptr<const Tree> tree;
  Block workspace;

  int32_t run(const sj_backend& backend, sj_error& error, const sj_tensor* next_weight = nullptr) const;
};

class RunOp : public Command {
 public:
  explicit RunOp(OpCall call) : call_(std::move(call)) {}
  const char* name() const override { return contract_of(call_.op).op; }
  int32_t run(const sj_backend& backend, const Fault* poison, sj_error& error) override {
    return poison ? SJ_OK : call_.run(backend, error);
  }

 private:
  OpCall call_;
};

// Host bytes to device memory.
class Write : public Command {
 public:
  Write(void* device, std::unique_ptr<char[]> host, size_t bytes);
  const char* name() const override { return "upload"; }
  int32_t run(const sj_backend& backend, const Fault* poison, sj_error& error) override;

 private:
  void* device_;
  std::unique_ptr<char[]> host_;
  size_t bytes_;
};

// Device memory to host memory; bf16 is widened to float32 there.
class Read : public Command {
 public:
  Read(void* host, const sj_tensor& tensor, Done done);
  const char* name() const override { return "read"; }
  int32_t run(const sj_backend& backend, const Fault* poison, sj_error& error) override;
  void failed(const Fault& fault) override { done_(&fault); }

 private:
  void* host_;
  sj_tensor tensor_;
  Done done_;
};

class Sync : public Command {
 public:
  explicit Sync(Done done) : done_(std::move(done)) {}
  const char* name() const override { return "sync"; }
  int32_t run(const sj_backend& backend, const Fault* poison, sj_error& error) override;
  void failed(const Fault& fault) override { done_(&fault); }

 private:
  Done done_;
};

// Gives a block back to the backend once every command before this one has run.
class FreeBlock : public Command {
 public:
  explicit FreeBlock(const Block& block, const sj_backend& backend) : block_(block), backend_(backend) {}
  // Freed here, so a command that is dropped unrun frees its block too.
  ~FreeBlock() override { backend_.free(block_.data, block_.bytes); }
  const char* name() const override { return "free"; }
  int32_t run(const sj_backend&, const Fault*, sj_error&) override { return SJ_OK; }

 private:
  Block block_;
  const sj_backend& backend_;
};

// Overwrites a block with bytes that are NaN as float32 and bf16, and -1 as int32: what reads memory that
// nobody wrote, or that was given back, shows.
class PoisonBlock : public Command {
 public:
  explicit PoisonBlock(const Block& block) : block_(block) {}
  const char* name() const override { return "poison"; }
  int32_t run(const sj_backend& backend, const Fault* poison, sj_error& error) override;

 private:
  Block block_;
};

// Fails in the place of another command, as that one.
class InjectedFault : public Command {
 public:
  explicit InjectedFault(std::unique_ptr<Command> instead) : instead_(std::move(instead)) {}
  const char* name() const override { return instead_->name(); }
  int32_t run(const sj_backend& backend, const Fault* poison, sj_error& error) override;
  void failed(const Fault& fault) override { instead_->failed(fault); }

 private:
  std::unique_ptr<Command> instead_;
};

}  // namespace selfjudge
