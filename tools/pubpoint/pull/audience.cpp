#include "pubpoint/pull/audience.hpp"

#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>

#include "pubpoint/pull/channel.hpp"

namespace wmpush::pubpoint {
namespace {

namespace asio = boost::asio;
constexpr std::chrono::seconds kTick{1};

}  // namespace

/// One thread and its viewers.
class Audience::Stage {
 public:
  Stage(std::size_t queue, std::function<void(std::shared_ptr<ViewerRecord>)> over)
      : queue_(queue), over_(std::move(over)), work_(context_.get_executor()), timer_(context_) {
    tick();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Stage() { stop(); }

  asio::io_context& context() { return context_; }

  /// In this thread only, from here on.
  Channel& channel(const std::string& point) {
    auto& channel = channels_[point];
    if (!channel) channel = std::make_unique<Channel>(queue_);
    return *channel;
  }
  void take(const std::string& point, const Item& item) {
    if (!channel(point).take(item)) return;
    asio::post(context_, [this, point] {
      if (const auto found = channels_.find(point); found != channels_.end()) found->second->pump();
    });
  }
  void change_queue(std::size_t queue) {
    queue_ = queue;
    for (const auto& [point, channel] : channels_) channel->change_queue(queue);
  }
  void forget(const std::string& point) {
    const auto found = channels_.find(point);
    if (found == channels_.end()) return;
    found->second->dismiss();
    channels_.erase(found);
  }
  void join(ClientSocket::Released released, Viewer::Wishes wishes,
            std::shared_ptr<ViewerRecord> record) {
    ClientSocket socket(context_.get_executor(), std::move(released));
    if (!socket.is_open()) return over_(std::move(record));
    Channel& its = channel(record->point);
    its.join(std::move(socket), std::move(wishes), record,
             [this, record](Viewer&) { over_(record); });
  }

  void stop() {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] {
      for (const auto& [point, channel] : channels_) channel->dismiss();
      context_.stop();
    });
    thread_.join();
  }

 private:
  void tick() {
    timer_.expires_after(kTick);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      for (const auto& [point, channel] : channels_) channel->check_timers(Clock::now());
      tick();
    });
  }

  std::size_t queue_;
  const std::function<void(std::shared_ptr<ViewerRecord>)> over_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  std::map<std::string, std::unique_ptr<Channel>> channels_;
  std::thread thread_;
};

namespace {

/// Hands items over to a thread.
template <typename Stage>
class StageSink : public ItemSink {
 public:
  StageSink(Stage& stage, std::string point) : stage_(stage), point_(std::move(point)) {}
  void take(const Item& item) override {
    asio::post(stage_.context(),
               [this_stage = &stage_, point = point_, item] { this_stage->take(point, item); });
  }

 private:
  Stage& stage_;
  const std::string point_;
};

}  // namespace

Audience::Audience(Limits limits, std::function<void(std::shared_ptr<ViewerRecord>)> over) {
  for (std::size_t i = 0; i < limits.threads; ++i)
    stages_.push_back(std::make_unique<Stage>(limits.queue, over));
}

Audience::~Audience() = default;

std::vector<std::shared_ptr<ItemSink>> Audience::sinks(const std::string& point) {
  std::vector<std::shared_ptr<ItemSink>> sinks;
  for (const auto& stage : stages_)
    sinks.push_back(std::make_shared<StageSink<Stage>>(*stage, point));
  return sinks;
}

void Audience::join(ClientSocket::Released socket, Viewer::Wishes wishes,
                    std::shared_ptr<ViewerRecord> record) {
  Stage& stage = *stages_[next_++ % stages_.size()];
  asio::post(stage.context(), [&stage, socket = std::move(socket), wishes = std::move(wishes),
                               record = std::move(record)]() mutable {
    stage.join(std::move(socket), std::move(wishes), std::move(record));
  });
}

void Audience::on_each(const std::function<void(Stage&)>& what) {
  for (const auto& stage : stages_)
    asio::post(stage->context(), [what, &its = *stage] { what(its); });
}

void Audience::select(const std::string& point, std::uint32_t client_id,
                      const PullRequest& request) {
  on_each([=](Stage& stage) { stage.channel(point).select(client_id, request); });
}

void Audience::close_viewer(const std::string& point, std::uint64_t number,
                            const std::string& because) {
  on_each([=](Stage& stage) { stage.channel(point).close_viewer(number, because); });
}

void Audience::change_queue(std::size_t queue) {
  on_each([=](Stage& stage) { stage.change_queue(queue); });
}

void Audience::forget(const std::string& point) {
  on_each([=](Stage& stage) { stage.forget(point); });
}

void Audience::stop() {
  for (const auto& stage : stages_) stage->stop();
}

}  // namespace wmpush::pubpoint
