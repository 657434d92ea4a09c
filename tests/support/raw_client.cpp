#include "support/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>

namespace wmpush::test {
namespace {

constexpr std::chrono::milliseconds kPatience{10'000};

bool wait_for(int socket, short events, std::chrono::milliseconds patience) {
  pollfd poll_fd{socket, events, 0};
  return ::poll(&poll_fd, 1, static_cast<int>(patience.count())) > 0;
}

}  // namespace

RawClient::RawClient(std::uint16_t port, const std::string& address) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (address.find(':') == std::string::npos) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &v4.sin_addr);
    std::copy_n(reinterpret_cast<const char*>(&v4), sizeof v4, reinterpret_cast<char*>(&storage));
    size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr);
    std::copy_n(reinterpret_cast<const char*>(&v6), sizeof v6, reinterpret_cast<char*>(&storage));
    size = sizeof v6;
  }
  socket_ = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&storage), size) != 0)
    throw std::system_error(errno, std::system_category(), "the test cannot connect");
}

RawClient::~RawClient() { close(); }

bool RawClient::send(std::string_view text) {
  while (!text.empty()) {
    if (!wait_for(socket_, POLLOUT, kPatience)) return false;
    const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) continue;
    if (sent < 0) {
      if (errno == ECONNRESET) ending_ = Ending::Reset;
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t RawClient::send_until_stalled(std::size_t limit, std::chrono::milliseconds patience) {
  const std::string block(64 * 1024, '\0');
  std::size_t total = 0;
  while (total < limit && wait_for(socket_, POLLOUT, patience)) {
    const ssize_t sent = ::send(socket_, block.data(), block.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) break;
    if (sent > 0) total += static_cast<std::size_t>(sent);
  }
  return total;
}

bool RawClient::receive(std::string& to, std::chrono::milliseconds patience) {
  if (ending_ != Ending::None || !wait_for(socket_, POLLIN, patience)) return false;
  char block[4096];
  const ssize_t size = ::recv(socket_, block, sizeof block, 0);
  if (size > 0) {
    to.append(block, static_cast<std::size_t>(size));
    return true;
  }
  ending_ = size == 0 ? Ending::Closed : Ending::Reset;
  return false;
}

std::string RawClient::read_response() {
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos)
    if (!receive(received_, kPatience)) return std::exchange(received_, {});
  std::string response = received_.substr(0, end + 4);
  received_.erase(0, end + 4);
  return response;
}

std::string RawClient::read(std::size_t size) {
  while (received_.size() < size && receive(received_, kPatience)) {
  }
  std::string taken = received_.substr(0, size);
  received_.erase(0, size);
  return taken;
}

std::string RawClient::read_to_end() {
  while (receive(received_, kPatience)) {
  }
  return std::exchange(received_, {});
}

bool RawClient::discard() {
  while (receive(received_, std::chrono::milliseconds(0))) received_.clear();
  received_.clear();
  return ending_ == Ending::None;
}

bool RawClient::silent_for(std::chrono::milliseconds time) {
  return received_.empty() && !receive(received_, time) && ending_ == Ending::None;
}

void RawClient::half_close() { ::shutdown(socket_, SHUT_WR); }

void RawClient::reset() {
  const linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void RawClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

RequestText RequestText::setup(std::string path, std::string push_id) {
  RequestText request;
  request.line_ = "POST " + std::move(path) + " HTTP/1.1";
  request.fields_ = {{"Content-Type", "application/x-wms-pushsetup"},
                     {"X-Accept-Authentication", "Negotiate, NTLM, Digest"},
                     {"User-Agent", "WMEncoder/12.0.7601.17514 test/1"},
                     {"Host", "localhost"},
                     {"Content-Length", "0"},
                     {"Connection", "Keep-Alive"},
                     {"Cache-Control", "no-cache"},
                     {"Cookie", "push-id=" + std::move(push_id)}};
  return request;
}

RequestText RequestText::start(std::string push_id, std::uint64_t length, std::string path) {
  RequestText request = setup(std::move(path), std::move(push_id));
  request.set("Content-Type", "application/x-wms-pushstart");
  request.set("Content-Length", std::to_string(length));
  return request;
}

RequestText& RequestText::set(std::string_view name, std::string value) {
  for (auto& [field, old] : fields_)
    if (field == name) {
      old = std::move(value);
      return *this;
    }
  throw std::logic_error("a request has no field " + std::string(name));
}

RequestText& RequestText::add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
  return *this;
}

RequestText& RequestText::remove(std::string_view name) {
  std::erase_if(fields_, [&](const auto& field) { return field.first == name; });
  return *this;
}

RequestText& RequestText::line(std::string request_line) {
  line_ = std::move(request_line);
  return *this;
}

RequestText& RequestText::body(std::string text) {
  body_ = std::move(text);
  return set("Content-Length", std::to_string(body_.size()));
}

std::string RequestText::text() const {
  std::string text = line_ + "\r\n";
  for (const auto& [name, value] : fields_) text += name + ": " + value + "\r\n";
  return text + "\r\n" + body_;
}

int status_of(std::string_view response) {
  int status = 0;
  const std::size_t space = response.find(' ');
  if (response.starts_with("HTTP/1.") && space != std::string_view::npos)
    std::from_chars(response.data() + space + 1, response.data() + response.size(), status);
  return status;
}

std::string field_of(std::string_view response, std::string_view name) {
  const std::string key = "\r\n" + std::string(name) + ": ";
  const std::size_t at = response.find(key);
  if (at == std::string_view::npos) return {};
  const std::size_t from = at + key.size();
  return std::string(response.substr(from, response.find("\r\n", from) - from));
}

std::string push_id_of(std::string_view response) {
  const std::string cookie = field_of(response, "Set-Cookie");
  return cookie.starts_with("push-id=") ? cookie.substr(8) : std::string();
}

std::string frame(wmhttp::FrameId id, Bytes payload, std::uint32_t reason) {
  std::array<std::byte, 8> head{};
  const std::size_t size = wmhttp::write_frame_head(id, payload.size(), reason, head);
  return std::string(as_text(Bytes(head).first(size))) + std::string(as_text(payload));
}

std::string frame(wmhttp::FrameId id, std::string_view payload, std::uint32_t reason) {
  return frame(id, as_bytes(payload), reason);
}

}  // namespace wmpush::test
