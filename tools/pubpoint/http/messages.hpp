// HTTP messages: the head of a request in, a response out.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.hpp"

namespace wmpush::pubpoint {

/// The largest request head that is read.
inline constexpr std::size_t kMaxRequestHead = 8192;

/// The head of an HTTP request, parsed and not yet judged.
struct RequestHead {
  std::string method;
  std::string target;
  unsigned version = 11;  ///< 10 or 11
  std::vector<std::pair<std::string, std::string>> fields;

  /// Values of all fields of that name, in order; case of the name does not matter.
  std::vector<std::string_view> values(std::string_view name) const;
  /// The first of them; empty when there is none.
  std::string_view first(std::string_view name) const;
  /// Whether a comma-separated list in any of these has `token` (RFC 9110, 5.6.1).
  bool lists(std::string_view name, std::string_view token) const;
};

/// Takes bytes until a request head is complete.
class HeadReader {
 public:
  enum class Status {
    NeedMore,  ///< the input is used up
    Complete,  ///< `head` is set, the input begins with the body; the next call begins a new head
    NotHttp,
    TooLarge  ///< more than kMaxRequestHead bytes
  };
  Status next(Bytes& input, RequestHead& head);

  /// No byte of a head has been read.
  bool idle() const { return text_.empty(); }

 private:
  std::string text_;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

/// A response without a body: status line, `fields`, Content-Length: 0 and Date.
std::string make_response(int status, unsigned version, const Fields& fields);

}  // namespace wmpush::pubpoint
