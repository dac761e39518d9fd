// The commands of a stream. Each owns all it needs: JavaScript may drop every handle while it waits in the
// queue.
#pragma once
#include <functional>
#include <memory>

#include "core/allocator.h"
#include "core/contracts.h"
#include "core/stream.h"
#include "core/tree.h"

namespace selfjudge {

using Done = std::function<void(const Fault*)>;

class RunOp : public Command {
 public:
  RunOp(sj_op op, const Arguments& arguments, std::shared_ptr<const Tree> tree, const Block& workspace);
  const char* name() const override { return contract_of(op_).op; }
  int32_t run(const sj_backend& backend, const Fault* poison, sj_error& error) override;

 private:
  sj_op op_;
  Arguments arguments_;
  std::shared_ptr<const Tree> tree_;
  void* workspace_;
  size_t workspace_bytes_;
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

}  // namespace selfjudge
