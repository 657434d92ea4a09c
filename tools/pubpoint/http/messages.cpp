#include "pubpoint/http/messages.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/write.hpp>
#include <ctime>
#include <limits>
#include <sstream>

#include "pubpoint/http/field_text.hpp"

namespace wmpush::pubpoint {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::size_t kLongestMethod = 16;

/// Whether what is here can still become a request line: a peer that speaks something else, and
/// never sends the end of a head, is told so at once.
bool may_be_http(std::string_view text) {
  const std::size_t space = text.substr(0, kLongestMethod).find(' ');
  if (space == 0) return false;
  const std::string_view method = text.substr(0, std::min(space, kLongestMethod));
  if (space == std::string_view::npos && text.size() >= kLongestMethod) return false;
  return std::all_of(method.begin(), method.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; });
}

bool parse(const std::string& text, RequestHead& head) {
  http::request_parser<http::empty_body> parser;
  parser.body_limit(
      std::numeric_limits<std::uint64_t>::max());  // who serves it looks at the length
  parser.header_limit(kMaxRequestHead + 1);
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(text), error);
  if (error || !parser.is_header_done()) return false;
  const auto& message = parser.get();
  head = {};
  head.method = std::string(message.method_string());
  head.target = std::string(message.target());
  head.version = message.version();
  for (const auto& field : message)
    head.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
  return head.version == 10 || head.version == 11;
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text, size};
}

}  // namespace

std::vector<std::string_view> RequestHead::values(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [field, value] : fields)
    if (same(field, name)) found.emplace_back(value);
  return found;
}

std::string_view RequestHead::first(std::string_view name) const {
  const auto all = values(name);
  return all.empty() ? std::string_view() : all.front();
}

bool RequestHead::lists(std::string_view name, std::string_view token) const {
  for (std::string_view value : values(name))
    while (!value.empty()) {
      const std::size_t end = std::min(value.find(','), value.size());
      if (same(trimmed(value.substr(0, end)), token)) return true;
      value.remove_prefix(std::min(end + 1, value.size()));
    }
  return false;
}

HeadReader::Status HeadReader::next(Bytes& input, RequestHead& head) {
  const std::size_t before = text_.size();
  const std::size_t searched = before - std::min(before, kEndOfHead.size() - 1);
  text_ += as_text(input.first(std::min(input.size(), kMaxRequestHead + 1 - before)));
  if (!may_be_http(text_)) return Status::NotHttp;
  const std::size_t end = text_.find(kEndOfHead, searched);
  if (end == std::string::npos) {
    input = {};
    return text_.size() > kMaxRequestHead ? Status::TooLarge : Status::NeedMore;
  }
  text_.resize(end + kEndOfHead.size());
  if (text_.size() > kMaxRequestHead) return Status::TooLarge;
  input = input.subspan(text_.size() - before);
  const bool good = parse(text_, head);
  text_.clear();
  return good ? Status::Complete : Status::NotHttp;
}

std::string make_response(int status, unsigned version, const Fields& fields) {
  http::response<http::empty_body> response;
  response.version(version);
  response.result(static_cast<unsigned>(status));
  for (const auto& [name, value] : fields) response.set(name, value);
  response.set(http::field::content_length, "0");
  response.set(http::field::date, http_date());
  std::ostringstream text;
  text << response;
  return text.str();
}

}  // namespace wmpush::pubpoint
