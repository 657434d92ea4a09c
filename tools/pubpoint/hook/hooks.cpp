#include "pubpoint/hook/hooks.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <stdexcept>
#include <utility>

#include "pubpoint/hook/hook_run.hpp"

namespace wmpush::pubpoint {
namespace {

namespace asio = boost::asio;
using What = HookAnswer::What;

std::string text_of(std::chrono::milliseconds time) { return std::to_string(time.count()) + " ms"; }

}  // namespace

std::string_view name_of(Hook hook) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(Hook::Count)> kNames{
      "on_push", "on_push_end", "on_watch", "on_record"};
  return kNames[static_cast<std::size_t>(hook)];
}

/// Makes the calls, in a thread of its own.
class Hooks::Worker {
 public:
  /// Ends what is under way.
  ~Worker() {
    thread_.stop([this] {
      for (auto& [number, call] : calls_) call.run->abandon();
      calls_.clear();
    });
  }

  /// `answered` is called in the worker's thread, and `slot` let go of there.
  void start(Job job, std::chrono::milliseconds timeout, std::shared_ptr<void> slot,
             std::function<void(HookAnswer)> answered) {
    asio::post(thread_.context(), [this, job = std::move(job), timeout, slot = std::move(slot),
                                   answered = std::move(answered)]() mutable {
      const std::uint64_t number = ++number_;
      const auto done = [this, number, answered](HookAnswer answer) {
        calls_.erase(number);
        answered(std::move(answer));
      };
      auto run = job.call->is_url()
                     ? HookRun::post(thread_, *job.call, job.facts, std::move(slot), done)
                     : HookRun::program(thread_, *job.call, job.facts, std::move(slot), done);
      Call& call = calls_
                       .emplace(number, Call{std::move(run),
                                             asio::steady_timer(thread_.context(), job.deadline)})
                       .first->second;
      call.deadline.async_wait([this, number, timeout, answered](const auto& error) {
        const auto late = calls_.find(number);
        if (error || late == calls_.end()) return;
        late->second.run->abandon();
        calls_.erase(late);
        answered({What::Failed, "there was no answer within " + text_of(timeout)});
      });
    });
  }

 private:
  struct Call {
    std::shared_ptr<HookRun> run;
    asio::steady_timer deadline;
  };

  std::uint64_t number_ = 0;
  std::map<std::uint64_t, Call> calls_;
  ClientThread thread_;  // the last: it uses the others
};

Hooks::Hooks(const HookSettings& settings, Post post) : post_(std::move(post)) { change(settings); }

Hooks::~Hooks() = default;

void Hooks::change(const HookSettings& settings) {
  decltype(calls_) calls;
  const std::array texts{&settings.on_push, &settings.on_push_end, &settings.on_watch,
                         &settings.on_record};
  static_assert(texts.size() == static_cast<std::size_t>(Hook::Count));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i]->empty()) continue;
    if (std::string wrong = HookCall::parse(*texts[i], calls[i].emplace()); !wrong.empty())
      throw std::invalid_argument(std::string(name_of(static_cast<Hook>(i))) + ": " + wrong);
  }
  calls_ = std::move(calls);
  settings_ = settings;
}

void Hooks::ask(Hook hook, HookFacts facts, Done done) {
  call(hook, std::move(facts), std::move(done));
}

void Hooks::tell(Hook hook, HookFacts facts, Done done) {
  ++telling_;
  call(hook, std::move(facts), [this, done = std::move(done)](const HookAnswer& answer) {
    done(answer);
    if (--telling_ == 0 && when_told_) std::exchange(when_told_, nullptr)();
  });
}

void Hooks::call(Hook hook, HookFacts facts, Done done) {
  if (waiting_.size() >= settings_.queue) {
    const std::string why = std::to_string(waiting_.size()) + " calls wait for their turn already";
    return post_([done = std::move(done), why] { done({What::Failed, why}); });
  }
  waiting_.push_back({std::make_shared<const HookCall>(*calls_[static_cast<std::size_t>(hook)]),
                      std::move(facts), std::move(done), Clock::now() + settings_.timeout});
  start_waiting();
}

void Hooks::start_waiting() {
  while (running_ < settings_.at_once && !waiting_.empty()) {
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    if (Clock::now() < job.deadline) {
      start(std::move(job));
      continue;
    }
    post_([done = std::move(job.done), timeout = settings_.timeout] {
      done({What::Failed, "its turn did not come within " + text_of(timeout)});
    });
  }
}

void Hooks::start(Job job) {
  if (!worker_) worker_ = std::make_unique<Worker>();
  ++running_;
  const std::shared_ptr<void> slot(nullptr,
                                   [this, post = post_](void*) { post([this] { slot_free(); }); });
  const auto answered = [post = post_, done = job.done](HookAnswer answer) {
    post([done, answer = std::move(answer)] { done(answer); });
  };
  worker_->start(std::move(job), settings_.timeout, slot, answered);
}

void Hooks::slot_free() {
  --running_;
  start_waiting();
}

void Hooks::when_told(std::function<void()> done) {
  if (telling_ == 0) return done();
  when_told_ = std::move(done);
}

}  // namespace wmpush::pubpoint
