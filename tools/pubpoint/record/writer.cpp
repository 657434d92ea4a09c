#include "pubpoint/record/writer.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "core/signals_blocked.hpp"

namespace wmpush::pubpoint {
namespace {

/// How long the end waits for a thread that should have nothing to do.
constexpr std::chrono::milliseconds kPatience{200};

}  // namespace

struct Writer::Queue {
  struct Item {
    std::size_t bytes;
    Work work;
  };

  explicit Queue(std::size_t most) : limit(most) {}

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return closing || !items.empty(); });
      if (items.empty()) break;
      Item item = std::move(items.front());
      items.pop_front();
      lock.unlock();
      item.work();
      item.work = nullptr;  // its memory is freed before its bytes are
      lock.lock();
      waiting -= item.bytes;
    }
    done = true;
    changed.notify_all();
  }

  const std::size_t limit;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Item> items;
  std::size_t waiting = 0;  // bytes, those of the work that is being done included
  bool closing = false;
  bool done = false;
};

Writer::Writer(std::size_t limit) : queue_(std::make_shared<Queue>(limit)) {
  const SignalsBlocked blocked;
  thread_ = std::thread([queue = queue_] { queue->run(); });
}

Writer::~Writer() {
  bool done = false;
  {
    std::unique_lock lock(queue_->mutex);
    queue_->closing = true;
    queue_->changed.notify_all();
    done = queue_->changed.wait_for(lock, kPatience, [&] { return queue_->done; });
  }
  if (done)
    thread_.join();
  else
    thread_.detach();
}

bool Writer::busy() const {
  const std::lock_guard lock(queue_->mutex);
  return queue_->waiting > queue_->limit / 2;
}

bool Writer::hand(std::size_t bytes, Work work) {
  const std::lock_guard lock(queue_->mutex);
  if (bytes > 0 && queue_->waiting + bytes > queue_->limit) return false;
  queue_->items.push_back({bytes, std::move(work)});
  queue_->waiting += bytes;
  if (queue_->items.size() == 1) queue_->changed.notify_all();
  return true;
}

}  // namespace wmpush::pubpoint
