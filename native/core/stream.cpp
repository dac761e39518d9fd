#include "core/stream.h"

#include <utility>

#include "core/contracts.h"

namespace selfjudge {

// Marks the place in the order of commands where work starts again.
class Stream::Recover : public Command {
 public:
  explicit Recover(std::optional<Fault>& poison) : poison_(poison) {}
  const char* name() const override { return "recover"; }
  int32_t run(const sj_backend&, const Fault*, sj_error&) override {
    poison_.reset();
    return SJ_OK;
  }

 private:
  std::optional<Fault>& poison_;
};

Stream::Stream(const sj_backend& backend) : backend_(backend), thread_([this] { work(); }) {}

Stream::~Stream() { stop(); }

void Stream::push(std::unique_ptr<Command> command) {
  bool wake;
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(command));
    wake = std::exchange(sleeping_, false);
  }
  ++pushed_;
  if (wake) wake_.notify_one();
}

void Stream::drain() {
  std::unique_lock lock(mutex_);
  drained_.wait(lock, [this] { return idle(); });
}

std::optional<Fault> Stream::fault() {
  if (!poisoned()) return std::nullopt;
  std::lock_guard lock(mutex_);
  return visible_;
}

void Stream::recover() {
  if (!poisoned()) return;
  {
    std::lock_guard lock(mutex_);
    visible_.reset();
    poisoned_.store(false, std::memory_order_release);
  }
  push(std::make_unique<Recover>(poison_));
}

void Stream::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_.store(true);
    sleeping_ = false;
  }
  wake_.notify_one();
  thread_.join();
  queue_.clear();
}

void Stream::work() {
  std::vector<std::unique_ptr<Command>> batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (queue_.empty() && !stopping_) {
        sleeping_ = true;
        wake_.wait(lock, [this] { return !queue_.empty() || stopping_; });
        sleeping_ = false;
      }
      if (stopping_) return;
      std::swap(batch, queue_);
    }
    for (auto& command : batch) {
      if (stopping_.load(std::memory_order_relaxed)) return;
      run_one(*command);
      command.reset();
      done_.fetch_add(1, std::memory_order_release);
    }
    batch.clear();
    std::lock_guard lock(mutex_);
    drained_.notify_all();
  }
}

void Stream::run_one(Command& command) {
  sj_error error{SJ_OK, 0, {}};
  const int32_t code = command.run(backend_, poison_ ? &*poison_ : nullptr, error);
  if (code == SJ_OK) return;
  error.message[sizeof error.message - 1] = 0;
  const char* op = error.earlier ? contract_of(static_cast<sj_op>(error.earlier - 1)).op : command.name();
  poison_ = Fault{op, done_.load(std::memory_order_relaxed) + 1, error.message};
  {
    std::lock_guard lock(mutex_);
    visible_ = poison_;
    poisoned_.store(true, std::memory_order_release);
  }
  command.failed(*poison_);
}

}  // namespace selfjudge
