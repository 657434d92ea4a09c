#include "wmhttp/message.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <charconv>
#include <utility>

#include "core/percent.hpp"

namespace wmpush::wmhttp {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view kPushSetupType = "application/x-wms-pushsetup";
constexpr std::string_view kPushStartType = "application/x-wms-pushstart";

boost::beast::string_view beast_view(std::string_view text) { return {text.data(), text.size()}; }

std::string text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// Put together in a string: a stream that runs out of memory cuts the text short and says nothing.
std::string request(const RequestContext& context, std::string_view type,
                    std::int64_t content_length, std::string_view body) {
  std::string text = "POST " + context.target + " HTTP/1.1\r\n";
  const auto set = [&](std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
  };
  set("Content-Type", type);
  set("User-Agent", context.user_agent);
  if (!context.authentication_schemes.empty())
    set("X-Accept-Authentication", context.authentication_schemes);
  set("Host", context.host);
  set("Content-Length", std::to_string(content_length));
  set("Connection", "Keep-Alive");
  set("Cache-Control", "no-cache");
  std::string cookie = "push-id=" + context.push_id;
  for (const auto& [name, value] : context.cookies) cookie += "; " + name + "=" + value;
  set("Cookie", cookie);
  if (!context.authorization.empty()) set("Authorization", context.authorization);
  if (!context.proxy_authorization.empty()) set("Proxy-Authorization", context.proxy_authorization);
  return text.append("\r\n").append(body);
}

/// "name=value; attributes" of a Set-Cookie.
std::pair<std::string, std::string> parse_cookie(std::string_view text) {
  text = text.substr(0, text.find(';'));
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {};
  const auto trim = [](std::string_view part) {
    const std::size_t first = part.find_first_not_of(" \t");
    if (first == std::string_view::npos) return std::string();
    return std::string(part.substr(first, part.find_last_not_of(" \t") - first + 1));
  };
  return {trim(text.substr(0, equals)), trim(text.substr(equals + 1))};
}

/// timeout=MILLISECONDS among the directives of a Pragma (2.2.1.5).
std::optional<std::chrono::milliseconds> parse_timeout(std::string_view pragma) {
  constexpr std::string_view kName = "timeout=";
  const std::size_t at = pragma.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  std::int64_t value = 0;
  const char* first = pragma.data() + at + kName.size();
  const auto [end, error] = std::from_chars(first, pragma.data() + pragma.size(), value);
  // More than can be counted.
  if (error == std::errc::result_out_of_range && *first != '-') return kMaxIdleTimeout;
  if (error != std::errc() || end == first || value <= 0) return std::nullopt;
  // A sum of times must not overflow, whatever a peer says.
  return std::chrono::milliseconds(std::min<std::int64_t>(value, kMaxIdleTimeout.count()));
}

void read_fields(const http::response_header<>& head, Response& response) {
  for (const auto& field : head) {
    const std::string value = text_of(field.value());
    const std::string name = text_of(field.name_string());
    switch (field.name()) {
      case http::field::server:
        response.server = value;
        break;
      case http::field::location:
        response.location = value;
        break;
      case http::field::via:
        response.via = true;
        break;
      case http::field::set_cookie: {
        auto cookie = parse_cookie(value);
        if (boost::beast::iequals(cookie.first, "push-id"))
          response.push_id = std::move(cookie.second);
        else if (!cookie.first.empty())
          response.cookies.push_back(std::move(cookie));
        break;
      }
      case http::field::pragma:
        if (const auto timeout = parse_timeout(value)) response.timeout = timeout;
        break;
      case http::field::www_authenticate:
        if (response.status == 401) response.challenges.push_back(value);
        break;
      case http::field::proxy_authenticate:
        if (response.status == 407) response.challenges.push_back(value);
        break;
      default:
        // Beast's list of names lacks this one.
        if (boost::beast::iequals(name, "Supported")) response.supported = value;
        break;
    }
  }
}

}  // namespace

std::string push_setup_request(const RequestContext& context, std::string_view body) {
  return request(context, kPushSetupType, static_cast<std::int64_t>(body.size()), body);
}

std::string push_start_head(const RequestContext& context, std::int64_t content_length) {
  return request(context, kPushStartType, content_length, {});
}

Error push_setup_body(std::string_view path, bool auto_destroy, std::string& body) {
  body.clear();
  if (path.empty()) return {};
  const auto invalid = [](std::string message) {
    return Error{Result::E_INVALIDARG, 0, 0, std::move(message)};
  };
  if (path.front() != '/')
    return invalid("template_url '" + std::string(path) +
                   "' is not an absolute path: write it with a '/' in front");
  for (const char c : path)
    if (c == '"' || c == '\r' || c == '\n' || c == '\0')
      return invalid("template_url has a quote or a line break in it, which no server can be sent");
  const std::string encoded = percent_encoded(path, [](char c) { return c > ' ' && c < '\x7F'; });
  body = "Template-URL: \"" + encoded + "\"\r\nAutoDestroy: " + (auto_destroy ? "1" : "0") + "\r\n";
  return {};
}

std::string Response::status_text() const {
  return std::to_string(status) + (reason.empty() ? "" : " " + reason);
}

bool Response::from_media_server() const {
  for (const std::string_view product : {"Cougar/", "Rex/"})
    if (boost::beast::iequals(beast_view(server).substr(0, product.size()), beast_view(product)) &&
        server.size() > product.size() && server[product.size()] >= '0' &&
        server[product.size()] <= '9')
      return true;
  return false;
}

/// Reads past a body whose length shows only on the way (RFC 9112, 7.1). Not by Beast, whose
/// parser asserts where a size is near the largest number.
class ResponseReader::ChunkedBody {
 public:
  /// Takes what belongs to the body from the front of `input`. False: that is no chunked body.
  bool skip(Bytes& input) {
    while (!input.empty() && place_ != Place::Done) {
      if (place_ == Place::Data) {
        const std::uint64_t count = std::min<std::uint64_t>(left_, input.size());
        left_ -= count;
        input = input.subspan(static_cast<std::size_t>(count));
        if (left_ == 0) place_ = Place::DataEnd;
        continue;
      }
      const auto c = static_cast<char>(input.front());
      input = input.subspan(1);
      if (c != '\n') {
        line_ += c;
        if (line_.size() > kMaxResponseHead) return false;
      } else {
        if (line_.ends_with('\r')) line_.pop_back();
        if (!take_line()) return false;
        line_.clear();
      }
    }
    return true;
  }
  bool done() const { return place_ == Place::Done; }

 private:
  enum class Place { Size, Data, DataEnd, Trailer, Done };

  bool take_line() {
    switch (place_) {
      case Place::Size: {
        const char* const first = line_.data();
        const auto [end, error] = std::from_chars(first, first + line_.size(), left_, 16);
        // Behind the size there may be extensions.
        const std::string_view rest(end, static_cast<std::size_t>(first + line_.size() - end));
        const bool good =
            rest.empty() || rest.front() == ';' || rest.front() == ' ' || rest.front() == '\t';
        place_ = left_ == 0 ? Place::Trailer : Place::Data;
        return error == std::errc() && good;
      }
      case Place::DataEnd:
        place_ = Place::Size;
        return line_.empty();
      case Place::Trailer:
        if (line_.empty()) place_ = Place::Done;
        return true;
      case Place::Data:
      case Place::Done:
        break;
    }
    return true;
  }

  Place place_ = Place::Size;
  std::uint64_t left_ = 0;  // of this chunk's data
  std::string line_;        // what has come of it
};

ResponseReader::ResponseReader() = default;
ResponseReader::~ResponseReader() = default;
ResponseReader::ResponseReader(ResponseReader&&) noexcept = default;
ResponseReader& ResponseReader::operator=(ResponseReader&&) noexcept = default;

void ResponseReader::reset() {
  head_.clear();
  malformed_.clear();
  interim_ = 0;
  body_left_ = body_skipped_ = 0;
  chunked_.reset();
}

ResponseReader::Status ResponseReader::give_up(Status status, std::string what) {
  malformed_ = std::move(what);
  return given_up_ = status;
}

/// What of `input` belongs to the body of the last response is passed over.
ResponseReader::Status ResponseReader::skip_body(Bytes& input) {
  const std::size_t before = input.size();
  input = input.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, before)));
  body_left_ -= before - input.size();
  if (chunked_) {
    if (!chunked_->skip(input))
      return give_up(Status::Malformed, "a chunked body that cannot be parsed");
    if (chunked_->done()) chunked_.reset();
  }
  body_skipped_ += before - input.size();
  if (body_skipped_ > kMaxResponseBody)
    return give_up(Status::Excessive,
                   "a response body of more than " + std::to_string(kMaxResponseBody) + " bytes");
  return Status::NeedMore;
}

ResponseReader::Status ResponseReader::next(Bytes& input, Response& response) {
  if (!malformed_.empty()) return given_up_;
  while (!input.empty()) {
    if (const Status status = skip_body(input); status != Status::NeedMore) return status;
    if (input.empty()) break;

    // The head is collected whole: the parser wants it in one piece, and where a server sends it
    // line by line there is nothing to gain from parsing it line by line.
    const std::size_t before = head_.size();
    head_ += as_text(input);
    const std::size_t from = before < 3 ? 0 : before - 3;
    const std::size_t end = head_.find("\r\n\r\n", from);
    constexpr std::string_view kVersion = "HTTP/";
    if (std::string_view(head_).substr(0, kVersion.size()) != kVersion.substr(0, head_.size())) {
      return give_up(Status::Malformed,
                     "something that is not HTTP: '" + head_.substr(0, 40) + "'");
    }
    if (std::min(end, head_.size()) > kMaxResponseHead)
      return give_up(Status::Excessive,
                     "a response head of more than " + std::to_string(kMaxResponseHead) + " bytes");
    if (end == std::string::npos) {
      input = {};
      break;
    }
    input = input.subspan(end + 4 - before);
    head_.resize(end + 4);
    // Counted before anything is kept of them.
    const auto lines = static_cast<std::size_t>(std::count(head_.begin(), head_.end(), '\n'));
    if (lines > kMaxHeaderFields + 2)  // the status line and the empty one
      return give_up(Status::Excessive, "a response of more than " +
                                            std::to_string(kMaxHeaderFields) + " header fields");

    http::response_parser<http::empty_body> parser;
    parser.header_limit(kMaxResponseHead + 4);
    parser.skip(true);
    boost::beast::error_code error;
    parser.put(boost::asio::buffer(head_), error);
    if (error || !parser.is_header_done())
      return give_up(Status::Malformed,
                     "an HTTP response that cannot be parsed (" + error.message() + ")");
    response = Response{};
    response.status = static_cast<int>(parser.get().result_int());
    response.reason = text_of(parser.get().reason());
    response.keep_alive = parser.get().keep_alive();
    read_fields(parser.get(), response);
    head_.clear();
    if (response.status < 100)
      return give_up(Status::Malformed,
                     "an HTTP response of the status " + std::to_string(response.status));
    if (response.status / 100 == 1) {  // 100 Continue and the like are no answer
      if (++interim_ <= kMaxInterim) continue;
      return give_up(Status::Excessive, "more than " + std::to_string(kMaxInterim) +
                                            " responses of the kind '" + response.status_text() +
                                            "' and no answer behind them");
    }
    interim_ = 0;
    body_skipped_ = 0;
    const bool has_body = response.status != 204 && response.status != 304;
    body_left_ = has_body ? parser.content_length().value_or(0) : 0;
    if (has_body && parser.chunked()) chunked_ = std::make_unique<ChunkedBody>();
    // An error page whose end is the connection's.
    if (has_body && response.status >= 300 && !parser.chunked() && !parser.content_length())
      response.keep_alive = false;
    return Status::Response;
  }
  return Status::NeedMore;
}

}  // namespace wmpush::wmhttp
