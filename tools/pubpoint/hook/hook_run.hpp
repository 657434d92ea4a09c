// One call of a hook, until it has answered or its time is over.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "pubpoint/client/client_thread.hpp"
#include "pubpoint/hook/hook_answer.hpp"
#include "pubpoint/hook/hook_call.hpp"
#include "pubpoint/hook/hook_facts.hpp"

namespace wmpush::pubpoint {

/// Belongs to a ClientThread, in which it does all of its work.
class HookRun {
 public:
  using Done = std::function<void(HookAnswer)>;

  virtual ~HookRun() = default;
  /// Ends it without an answer: `done` is not called any more, and forgotten.
  virtual void abandon() = 0;

  // They start. `done` is called once, some time later. `slot` is held until all of it is over,
  // which may be after the answer.
  static std::shared_ptr<HookRun> program(ClientThread& thread, const HookCall& call,
                                          const HookFacts& facts, std::shared_ptr<void> slot,
                                          Done done);
  static std::shared_ptr<HookRun> post(ClientThread& thread, const HookCall& call,
                                       const HookFacts& facts, std::shared_ptr<void> slot,
                                       Done done);
};

}  // namespace wmpush::pubpoint
