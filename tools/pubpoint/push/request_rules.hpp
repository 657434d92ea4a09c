// What a publishing point asks of a request before it looks at the body: rules C01 to C09.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pubpoint/http/messages.hpp"
#include "pubpoint/limit_counts.hpp"
#include "pubpoint/server.hpp"

namespace wmpush::pubpoint {

/// The largest PushSetup body: two lines, one of them a path.
inline constexpr std::uint64_t kMaxSetupBody = 4096;
/// The largest Content-Length of a PushStart (C09).
inline constexpr std::uint64_t kMaxPushStartLength = 2147483647;
inline constexpr std::size_t kMaxPushId = 255;

/// A request that keeps the rules.
struct PushRequest {
  enum class Kind { Setup, Start };
  Kind kind = Kind::Setup;
  std::string path;     ///< percent-decoded, without a query
  std::string push_id;  ///< empty: there was none
  std::string user_agent;
  std::uint64_t content_length = 0;
  unsigned version = 11;
};

/// A request that is not granted: the status of the answer, and the rule behind it.
struct Refusal {
  int status = 400;
  Breach breach;
  std::optional<Limit> limit{};  ///< that was met
};

struct Verdict {
  PushRequest request;
  int status = 0;  ///< 0: in order
  std::vector<Breach> breaches;
};

/// Whether a request means to be one of a push, right or wrong: by its Content-Type, or by who
/// sends it.
bool is_push(const RequestHead& head);

Verdict judge(const RequestHead& head);

/// The body of a PushSetup.
struct SetupDirectives {
  std::string template_path;  ///< percent-decoded; empty: none
  bool auto_destroy = false;
};

/// Rule C08.
std::optional<Breach> parse_setup_body(std::string_view body, SetupDirectives& directives);

}  // namespace wmpush::pubpoint
