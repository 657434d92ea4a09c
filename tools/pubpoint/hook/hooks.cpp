#include "pubpoint/hook/hooks.hpp"

#include <algorithm>
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
  void start(Job job, std::chrono::milliseconds timeout, Clock::time_point deadline,
             std::shared_ptr<void> slot, std::function<void(HookAnswer)> answered) {
    asio::post(thread_.context(),
               [this, job = std::move(job), timeout, deadline, slot = std::move(slot),
                answered = std::move(answered)]() mutable {
                 const std::uint64_t number = ++number_;
                 try {
                   begin(number, job, timeout, deadline, std::move(slot), answered);
                 } catch (const std::exception& error) {
                   calls_.erase(number);
                   answered({What::Failed, std::string("it cannot be called: ") + error.what()});
                 }
               });
  }

 private:
  struct Call {
    std::shared_ptr<HookRun> run;
    asio::steady_timer deadline;
  };

  void begin(std::uint64_t number, const Job& job, std::chrono::milliseconds timeout,
             Clock::time_point deadline, std::shared_ptr<void> slot,
             const std::function<void(HookAnswer)>& answered) {
    asio::steady_timer timer(thread_.context(), deadline);
    const auto done = [this, number, answered](HookAnswer answer) {
      calls_.erase(number);
      answered(std::move(answer));
    };
    auto run = job.call->is_url()
                   ? HookRun::post(thread_, *job.call, job.facts, std::move(slot), done)
                   : HookRun::program(thread_, *job.call, job.facts, std::move(slot), done);
    Call& call = calls_.emplace(number, Call{std::move(run), std::move(timer)}).first->second;
    call.deadline.async_wait([this, number, timeout, answered](const auto& error) {
      const auto late = calls_.find(number);
      if (error || late == calls_.end()) return;
      late->second.run->abandon();
      calls_.erase(late);
      answered({What::Failed, "there was no answer within " + text_of(timeout)});
    });
  }

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
    HookCall call;
    if (std::string wrong = HookCall::parse(*texts[i], call, settings.folder); !wrong.empty())
      throw std::invalid_argument(std::string(name_of(static_cast<Hook>(i))) + ": " + wrong);
    calls[i] = std::make_shared<const HookCall>(std::move(call));
  }
  // Now, since there may be no more threads when the first call comes.
  if (!worker_ && std::ranges::any_of(calls, [](const auto& call) { return call != nullptr; }))
    worker_ = std::make_unique<Worker>();
  calls_ = std::move(calls);
  settings_ = settings;
}

Hooks::Job Hooks::job(Hook hook, HookFacts facts, Done done) const {
  return {calls_[static_cast<std::size_t>(hook)], std::move(facts), nullptr, std::move(done),
          Clock::now()};
}

void Hooks::ask(Hook hook, HookFacts facts, std::function<bool()> wanted, Done done) {
  // Who comes and goes at once takes nobody's place.
  if (asking_.size() >= settings_.queue)
    std::erase_if(asking_, [&](const Job& job) {
      if (job.wanted()) return false;
      fail(job, {});
      return true;
    });
  Job asked = job(hook, std::move(facts), std::move(done));
  asked.wanted = std::move(wanted);
  add(asking_, std::move(asked));
}

void Hooks::tell(Hook hook, HookFacts facts, Done done) {
  ++telling_;
  add(to_tell_, job(hook, std::move(facts), [this, done = std::move(done)](const auto& answer) {
        done(answer);
        if (--telling_ == 0 && when_told_) std::exchange(when_told_, nullptr)();
      }));
}

void Hooks::add(std::deque<Job>& waiting, Job job) {
  if (waiting.size() >= settings_.queue)
    return fail(job, std::to_string(waiting.size()) + " calls wait for their turn already");
  waiting.push_back(std::move(job));
  start_waiting();
}

void Hooks::fail(const Job& job, std::string why) {
  post_([done = job.done, why = std::move(why)] { done({What::Failed, why}); });
}

void Hooks::start_waiting() {
  const auto take = [](std::deque<Job>& waiting) {
    Job job = std::move(waiting.front());
    waiting.pop_front();
    return job;
  };
  while (running_ < settings_.at_once) {
    const auto now = Clock::now();
    if (!to_tell_.empty()) {
      start(take(to_tell_), settings_.tell_timeout, now + settings_.tell_timeout);
    } else if (!asking_.empty()) {
      Job job = take(asking_);
      const auto deadline = job.asked + settings_.timeout;
      if (!job.wanted())
        fail(job, {});
      else if (now >= deadline)
        fail(job, "its turn did not come within " + text_of(settings_.timeout));
      else
        start(std::move(job), settings_.timeout, deadline);
    } else {
      return;
    }
  }
}

void Hooks::start(Job job, std::chrono::milliseconds timeout, Clock::time_point deadline) {
  ++running_;
  const std::shared_ptr<void> slot(nullptr,
                                   [this, post = post_](void*) { post([this] { slot_free(); }); });
  const auto answered = [post = post_, done = job.done](HookAnswer answer) {
    post([done, answer = std::move(answer)] { done(answer); });
  };
  worker_->start(std::move(job), timeout, deadline, slot, answered);
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
