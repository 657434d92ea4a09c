// A URL is read to what a request line can carry, its password shows nowhere, and a redirect leads
// to nothing worse.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cctype>
#include <string>

#include "fuzz/target.hpp"
#include "support/engine_driver.hpp"
#include "wmhttp/url.hpp"

namespace wmpush::fuzz {
namespace {

using wmhttp::PushUrl;

constexpr std::string_view kOption = "end_timeout";

bool is_option(std::string_view name) { return name == kOption; }

bool fits_a_request_line(std::string_view target) {
  return std::none_of(target.begin(), target.end(),
                      [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; });
}

void check_place(const wmhttp::Destination& place, std::string_view target) {
  require(!place.host.empty() && place.port != 0, "there is a host and a port");
  require(fits_a_request_line(place.authority()), "a host fits in a field");
  require(target.starts_with('/') && fits_a_request_line(target),
          "a target is a path that fits in a request line");
}

/// `text` with every letter and digit of what may be a password in it replaced by `by`: behind the
/// first ':' of user and host, up to the last '@', since a password may have a '/' in it by
/// mistake.
std::string with_password_of(std::string_view text, char by) {
  std::string changed(text);
  const std::size_t scheme = text.find("://");
  const std::size_t at = text.rfind('@');
  if (scheme == std::string_view::npos || at == std::string_view::npos) return changed;
  for (std::size_t i = std::min(text.find(':', scheme + 3), at); i < at; ++i)
    if (std::isalnum(static_cast<unsigned char>(changed[i])) != 0) changed[i] = by;
  return changed;
}

std::string message_of(const std::string& text) {
  PushUrl url;
  const Error error = wmhttp::parse_url(text, is_option, url);
  return error ? error.message : "shown as " + url.server.authority() + " and " + url.user;
}

void check(std::string_view text) {
  PushUrl url;
  const Error error = wmhttp::parse_url(text, is_option, url);
  if (error) {
    require(error.result == Result::E_INVALIDARG || error.result == Result::NS_E_INVALID_NAME,
            "a bad URL is invalid");
    require(!error.message.empty(), "the reason is told");
    const std::string one = with_password_of(text, 'Q'), two = with_password_of(text, 'Z');
    PushUrl ignored;
    if (wmhttp::parse_url(one, is_option, ignored))
      require(message_of(one) == message_of(two), "no message shows a password");
    return;
  }
  check_place(url.server, url.target);
  for (const auto& [name, value] : url.options)
    require(is_option(name), "only options are taken out of the query");
  const std::string shown = url.display();
  if (url.password) {
    PushUrl other = url;
    other.password = "another";
    require(other.display() == shown, "what is shown has no password");
  }
  // What is shown can be pushed to, where the user's name needs no escape.
  if (!url.user.empty()) return;
  PushUrl again;
  require(!wmhttp::parse_url(shown, is_option, again), "what is shown is a URL");
  require(again.server == url.server && again.target == url.target,
          "what is shown leads to the same place");
}

/// The same text as the Location of a redirect.
void check_redirect(std::string_view location) {
  if (location.find_first_of("\r\n") != std::string_view::npos) return;
  test::EngineDriver driver;
  driver.set_up("HTTP/1.1 302 Found\r\nServer: Cougar/9.6\r\nLocation: " + std::string(location) +
                "\r\n\r\n");
  const auto& engine = driver.engine;
  if (engine.state() == test::EngineDriver::State::Failed) {
    require(!engine.error().message.empty(), "a redirect that is not followed is explained");
    return;
  }
  require(engine.wants() == test::EngineDriver::Want::Connect, "a redirect is connected to");
  check_place(engine.server(), engine.target());
  require(engine.push_id() == "0", "no session is taken along");
}

}  // namespace

std::vector<std::vector<std::byte>> seeds() {
  std::vector<std::vector<std::byte>> seeds;
  for (const std::string_view text :
       {"wmpush://user:p%40ssword@server:8080/live?end_timeout=5&x=1", "http://[::1]:80/a/b?c",
        "wmpush://h/name;genre;b/comment", "//other/live", "../up/../live?x", "?only=query",
        "HTTP://Other.example/live#part", "mms://host/live", "wmpush://u:secret/x@h/live"}) {
    const Bytes bytes = as_bytes(text);
    seeds.emplace_back(bytes.begin(), bytes.end());
  }
  return seeds;
}

}  // namespace wmpush::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wmpush::fuzz;
  const std::string_view text = wmpush::as_text(input(data, size));
  check(text);
  check_redirect(text);
  return 0;
}
