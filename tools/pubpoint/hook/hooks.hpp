// Asks and tells others what happens at the publishing points.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "pubpoint/hook/hook_answer.hpp"
#include "pubpoint/hook/hook_call.hpp"
#include "pubpoint/hook/hook_facts.hpp"
#include "pubpoint/hook/hook_settings.hpp"

namespace wmpush::pubpoint {

enum class Hook { Push, PushEnd, Watch, Record, Count };

/// "on_push"
std::string_view name_of(Hook hook);

/// Everything is called, and calls, in the server's thread. The calls themselves are made in a
/// thread of their own, which there is from the first one on: neither the start of a program nor a
/// slow name server holds a packet up.
class Hooks {
 public:
  using Clock = std::chrono::steady_clock;
  /// Has a function called in the server's thread; may be called from any thread, and after the
  /// server has gone, and then calls nothing.
  using Post = std::function<void(std::function<void()>)>;
  using Done = std::function<void(const HookAnswer&)>;

  /// Throws std::invalid_argument with the line of check_hook().
  Hooks(const HookSettings& settings, Post post);
  ~Hooks();
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  /// For calls from now on. Throws as the constructor does.
  void change(const HookSettings& settings);

  bool has(Hook hook) const { return calls_[static_cast<std::size_t>(hook)] != nullptr; }
  // Only when it has the hook. `done` is called once, later.

  /// Is answered within HookSettings::timeout, or a moment after. What is not `wanted` any more
  /// when its turn comes is not asked: an answer that failed, for no reason.
  void ask(Hook hook, HookFacts facts, std::function<bool()> wanted, Done done);
  /// Goes before what is asked.
  void tell(Hook hook, HookFacts facts, Done done);

  /// Calls `done` once when nobody is still to be told anything: at once when nobody is.
  void when_told(std::function<void()> done);

 private:
  struct Job {
    std::shared_ptr<const HookCall> call;
    HookFacts facts;
    std::function<bool()> wanted;  // null: it always is
    Done done;
    Clock::time_point asked;
  };
  class Worker;

  Job job(Hook hook, HookFacts facts, Done done) const;
  void add(std::deque<Job>& waiting, Job job);
  void start_waiting();
  void start(Job job, std::chrono::milliseconds timeout, Clock::time_point deadline);
  void fail(const Job& job, std::string why);
  void slot_free();

  HookSettings settings_;
  const Post post_;
  std::array<std::shared_ptr<const HookCall>, static_cast<std::size_t>(Hook::Count)> calls_;
  std::deque<Job> asking_;  // of those, what waits for its turn
  std::deque<Job> to_tell_;
  std::size_t running_ = 0;
  std::size_t telling_ = 0;
  std::function<void()> when_told_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace wmpush::pubpoint
