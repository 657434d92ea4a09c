// One call of a hook, until it has answered or its time is over.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>  // before Asio's work, which forgets it (Boost 1.74)

#include "pubpoint/hook/hook_answer.hpp"
#include "pubpoint/hook/hook_call.hpp"
#include "pubpoint/hook/hook_facts.hpp"

namespace wmpush::pubpoint {

/// Belongs to the thread of one io_context, in which it does all of its work.
class HookRun {
 public:
  using Done = std::function<void(HookAnswer)>;

  virtual ~HookRun() = default;
  /// Ends it without an answer: `done` is not called any more, and forgotten.
  virtual void abandon() = 0;

  // They start. `done` is called once, some time later. `slot` is held until all of it is over,
  // which may be after the answer.
  static std::shared_ptr<HookRun> program(boost::asio::io_context& context, const HookCall& call,
                                          const HookFacts& facts, std::shared_ptr<void> slot,
                                          Done done);
  /// `tls`: the authorities that are trusted.
  static std::shared_ptr<HookRun> post(boost::asio::io_context& context,
                                       boost::asio::ssl::context& tls, const HookCall& call,
                                       const HookFacts& facts, std::shared_ptr<void> slot,
                                       Done done);
};

}  // namespace wmpush::pubpoint
