#include "support/forward_proxy.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>

namespace wmpush::test {
namespace {

constexpr std::string_view kVia = "Via: 1.1 the-tests (forward_proxy)\r\n";

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

void send_at_once(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// Appends what is there; false at the end of the connection.
bool receive(int socket, std::string& to) {
  char block[65536];
  const ssize_t size = ::recv(socket, block, sizeof block, 0);
  if (size > 0) to.append(block, static_cast<std::size_t>(size));
  return size > 0;
}

/// Which of two descriptors can be read; none when the proxy stops.
struct Readable {
  bool first = false;
  bool second = false;
};
Readable wait_for(int first, int second, int stop) {
  pollfd entries[] = {{first, POLLIN, 0}, {second, POLLIN, 0}, {stop, POLLIN, 0}};
  if (::poll(entries, 3, -1) <= 0 || entries[2].revents != 0) return {};
  return {entries[0].revents != 0, entries[1].revents != 0};
}

std::string field(std::string_view head, std::string_view name) {
  const std::string key = "\r\n" + std::string(name) + ": ";
  const std::size_t at = head.find(key);
  if (at == head.npos) return {};
  const std::size_t from = at + key.size();
  return std::string(head.substr(from, head.find("\r\n", from) - from));
}

std::uint64_t length_of(std::string_view head) {
  const std::string text = field(head, "Content-Length");
  std::uint64_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

}  // namespace

void forget_proxies() {
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"})
    ::unsetenv(name);
}

struct ForwardProxy::Request {
  std::string head;
  std::string method;
  std::string target;  // as it came
  std::string path;
  std::uint16_t port = 0;  // of the origin
  std::uint64_t length = 0;

  bool wants_tunnel() const { return method == "CONNECT"; }

  /// False: it is nothing that a proxy can work with.
  bool parse() {
    constexpr std::string_view kLoopback = "http://127.0.0.1:";
    const std::size_t space = head.find(' ');
    const std::size_t end = head.find(" HTTP/1.1\r\n");
    if (end == head.npos || space >= end) return false;
    method = head.substr(0, space);
    target = head.substr(space + 1, end - space - 1);
    if (wants_tunnel()) {
      const std::size_t colon = target.rfind(':') + 1;
      std::from_chars(target.data() + colon, target.data() + target.size(), port);
      return port != 0 && field(head, "Host") == target;
    }
    if (!target.starts_with(kLoopback)) return false;
    const std::string authority = target.substr(7, target.find('/', 7) - 7);
    const std::string digits = authority.substr(kLoopback.size() - 7);
    path = target.substr(7 + authority.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), port);
    length = length_of(head);
    return port != 0 && path.starts_with('/') && field(head, "Host") == authority;
  }

  /// As the origin gets it.
  std::string forwarded() const {
    std::string text = method + " " + path + head.substr(head.find(" HTTP/1.1\r\n"));
    const std::size_t at = text.find("Proxy-Authorization: ");
    if (at != text.npos) text.erase(at, text.find("\r\n", at) + 2 - at);
    return text.insert(text.find("\r\n") + 2, kVia);
  }
};

ForwardProxy::ForwardProxy(Settings settings)
    : settings_(std::move(settings)), gatekeeper_(settings_.authentication) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::pipe2(stop_, O_CLOEXEC) != 0 || ::bind(listener_, generic(address), size) != 0 ||
      ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::system_error(errno, std::system_category(), "the test's proxy cannot listen");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_clients(); });
}

ForwardProxy::~ForwardProxy() {
  ::close(stop_[1]);
  acceptor_.join();
  for (std::thread& client : clients_) client.join();
  ::close(stop_[0]);
  ::close(listener_);
}

std::string ForwardProxy::url(const std::string& credentials) const {
  return "http://" + credentials + (credentials.empty() ? "" : "@") +
         "127.0.0.1:" + std::to_string(port_);
}

std::vector<pubpoint::Attempt> ForwardProxy::attempts() const {
  const std::lock_guard lock(mutex_);
  return attempts_;
}

std::vector<std::string> ForwardProxy::heads() const {
  const std::lock_guard lock(mutex_);
  return heads_;
}

std::vector<std::string> ForwardProxy::breaches() const {
  const std::lock_guard lock(mutex_);
  return breaches_;
}

void ForwardProxy::breach(std::string text) {
  const std::lock_guard lock(mutex_);
  breaches_.push_back(std::move(text));
}

void ForwardProxy::accept_clients() {
  while (wait_for(listener_, -1, stop_[0]).first) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    ++client_connections_;
    send_at_once(client);
    clients_.emplace_back([this, client] { serve(client); });
  }
}

void ForwardProxy::serve(int client) {
  std::string input;
  while (serve_request(client, input)) {
  }
  // What is left unread would turn the close into a reset, which could overtake the last answer.
  ::shutdown(client, SHUT_WR);
  std::string ignored;
  while (wait_for(client, -1, stop_[0]).first && receive(client, ignored)) ignored.clear();
  ::close(client);
}

/// One request and its response; false when the connection is to be closed.
bool ForwardProxy::serve_request(int client, std::string& input) {
  std::size_t end = 0;
  while ((end = input.find("\r\n\r\n")) == input.npos)
    if (!wait_for(client, -1, stop_[0]).first || !receive(client, input)) return false;
  Request request;
  request.head = input.substr(0, end + 4);
  input.erase(0, end + 4);
  const bool understood = request.parse();
  pubpoint::Gatekeeper::Admission admission;
  {
    const std::lock_guard lock(mutex_);
    heads_.push_back(request.head);
    admission =
        gatekeeper_.admit(field(request.head, "Proxy-Authorization"), request.method,
                          request.target, pubpoint::Right::Push, "/", pubpoint::Clock::now());
    if (admission.attempted) attempts_.push_back(admission.attempt);
  }
  if (!admission.breach.empty()) breach(admission.breach);
  if (!understood) {
    breach("no request for a proxy: " + request.head);
    send_all(client, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return false;
  }
  if (!admission.granted) return challenge(client, request, input, admission.challenge);

  const int origin = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  send_at_once(origin);
  bool kept = false;
  if (::connect(origin, generic(loopback(request.port)), sizeof(sockaddr_in)) != 0) {
    send_all(client, "HTTP/1.1 503 Service Unavailable\r\nServer: forward_proxy/1.0\r\n" +
                         std::string(kVia) + "Content-Length: 0\r\nConnection: close\r\n\r\n");
  } else {
    ++origin_connections_;
    if (request.wants_tunnel()) {
      if (send_all(client, "HTTP/1.1 200 Connection established\r\nContent-Length: 17\r\n\r\n"))
        tunnel(client, origin, input);
      ::close(origin);
      return false;
    }
    kept = send_all(origin, request.forwarded()) && relay(client, origin, input, request.length);
  }
  ::close(origin);
  return kept;
}

bool ForwardProxy::challenge(int client, const Request& request, std::string& input,
                             const std::string& challenges) {
  constexpr std::uint64_t kMostToSkip = 65536;
  const bool close = settings_.close_after_challenge || request.length > kMostToSkip;
  if (!send_all(client,
                "HTTP/1.1 407 Proxy Authentication Required\r\n"
                "Server: forward_proxy/1.0\r\nProxy-Authenticate: " +
                    challenges + "\r\nContent-Length: 0\r\n" +
                    (close ? "Connection: close\r\n" : "") + "\r\n") ||
      close)
    return false;
  while (input.size() < request.length)
    if (!wait_for(client, -1, stop_[0]).first || !receive(client, input)) return false;
  input.erase(0, request.length);
  return true;
}

/// Whatever comes, both ways.
void ForwardProxy::tunnel(int client, int origin, std::string& input) const {
  std::string output;
  for (bool open = send_all(origin, input); open;) {
    const Readable readable = wait_for(client, origin, stop_[0]);
    if (!readable.first && !readable.second) return;
    input.clear();
    output.clear();
    open = (!readable.first || (receive(client, input) && send_all(origin, input))) &&
           (!readable.second || (receive(origin, output) && send_all(client, output)));
  }
  input.clear();
}

/// The body one way, the response the other, until both are complete.
bool ForwardProxy::relay(int client, int origin, std::string& input, std::uint64_t body_left) {
  std::string output;
  std::optional<std::uint64_t> response_left;  // once its head is out
  while (true) {
    const std::size_t part = std::min<std::uint64_t>(input.size(), body_left);
    // An origin that takes no more may have answered: that is read below.
    if (part > 0) send_all(origin, std::string_view(input).substr(0, part));
    input.erase(0, part);
    body_left -= part;
    if (body_left == 0 && response_left == 0) return true;

    const Readable readable = wait_for(body_left > 0 ? client : -1, origin, stop_[0]);
    if (!readable.first && !readable.second) return false;
    if (readable.second) {
      if (!receive(origin, output)) {
        // squid's words for an origin that closed without an answer.
        if (!response_left)
          send_all(client, "HTTP/1.1 502 Bad Gateway\r\nServer: forward_proxy/1.0\r\n" +
                               std::string(kVia) +
                               "Content-Length: 0\r\nConnection: close\r\n\r\n");
        return false;
      }
      const std::size_t end = output.find("\r\n\r\n");
      if (!response_left && end != output.npos) {
        response_left = length_of(std::string_view(output).substr(0, end + 4)) + end + 4;
        output.insert(output.find("\r\n") + 2, kVia);
        *response_left += kVia.size();
      }
      if (response_left) {
        if (!send_all(client, output)) return false;
        *response_left -= std::min<std::uint64_t>(*response_left, output.size());
        output.clear();
      }
    }
    if (readable.first && !receive(client, input)) return false;
  }
}

}  // namespace wmpush::test
