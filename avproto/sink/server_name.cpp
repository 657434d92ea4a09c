// Asks who is there, without a request of the push protocol.
#include <algorithm>
#include <array>
#include <utility>

#include "net/connection.hpp"
#include "sink/dialer.hpp"
#include "sink/options.hpp"
#include "sink/session_log.hpp"
#include "sink/session_route.hpp"
#include "wmhttp/message.hpp"
#include "wmhttp/url.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush {
namespace {

using net::Clock;
using net::Connection;
using net::InterruptCheck;
using net::Readiness;
using net::Time;

/// Once, or until `deadline`.
Error wait(Connection& connection, bool to_send, Time deadline, const InterruptCheck& interrupted) {
  net::Wait wait = connection.wait(to_send);
  wait.until = std::min(wait.until, deadline);
  switch (net::wait_for(wait, interrupted)) {
    case Readiness::Ready:
      return {};
    case Readiness::TimedOut:
      if (wait.until < deadline) return {};
      return {Result::NS_E_TIMEOUT, 0, 0,
              "no answer to an OPTIONS: the server may speak nothing but the push protocol"};
    case Readiness::Interrupted:
      break;
  }
  return {Result::NS_E_SHUTDOWN, 0, 0, "interrupted"};
}

Error connect(Dialer& dialer, const InterruptCheck& interrupted) {
  while (true) {
    if (Error error = dialer.perform(Clock::now())) return error;
    if (dialer.done()) return {};
    if (net::wait_for(dialer.wait(), interrupted) == Readiness::Interrupted)
      return {Result::NS_E_SHUTDOWN, 0, 0, "interrupted"};
  }
}

Error send(Connection& connection, std::string_view request, Time deadline,
           const InterruptCheck& interrupted) {
  Bytes rest = as_bytes(request);
  while (!rest.empty()) {
    std::size_t count = 0;
    const std::array parts{rest};
    if (Error error = connection.send(parts, count)) return error;
    rest = rest.subspan(count);
    if (count > 0) continue;
    if (Error error = wait(connection, true, deadline, interrupted)) return error;
  }
  return {};
}

Error receive(Connection& connection, Time deadline, const InterruptCheck& interrupted,
              wmhttp::Response& response) {
  wmhttp::ResponseReader reader;
  std::array<std::byte, 4096> buffer;
  while (true) {
    if (Error error = wait(connection, false, deadline, interrupted)) return error;
    Bytes received;
    bool closed = false;
    if (Error error = connection.receive(buffer, received, closed)) return error;
    if (closed)
      return {Result::NS_E_CONNECTION_FAILURE, 0, 0,
              "it closed the connection without an answer to an OPTIONS: it may speak nothing but "
              "the push protocol"};
    switch (reader.next(received, response)) {
      case wmhttp::ResponseReader::Status::NeedMore:
        break;
      case wmhttp::ResponseReader::Status::Response:
        return {};
      case wmhttp::ResponseReader::Status::Malformed:
      case wmhttp::ResponseReader::Status::Excessive:
        return {Result::NS_E_INCOMPATIBLE_PUSH_SERVER, 0, 0,
                "it sent " + reader.malformed() + ": check host and port"};
    }
  }
}

}  // namespace

Error ask_server_name(std::string_view url, const wmpush_options& options, ServerName& name) {
  name = {};
  wmhttp::PushUrl parsed;
  const auto is_option = [](std::string_view each) { return find_option(each) != nullptr; };
  if (Error error = wmhttp::parse_url(url, is_option, parsed)) return error;
  SessionLog log{Log(options.log, options.log_opaque)};
  const OwnedOptions owned(options);
  SessionRoute route;
  if (Error error = route.begin(std::move(parsed), owned, log)) return error;
  const wmhttp::Destination& server = route.url().server;
  name.through_proxy = route.proxy().has_value();

  InterruptCheck interrupted;
  if (options.interrupt != nullptr)
    interrupted = [&options] { return options.interrupt(options.interrupt_opaque) != 0; };
  const Time start = Clock::now();
  Connection connection{std::chrono::microseconds(options.send_timeout)};
  Dialer dialer({server, route.proxy(), route.proxy_authenticator(), kProduct, route.tls()},
                connection, start + std::chrono::microseconds(options.connect_timeout));
  if (Error error = connect(dialer, interrupted)) return error;
  name.address = connection.peer();
  const bool proxy_reads = name.through_proxy && !server.tls;
  const std::string target = proxy_reads ? "http://" + server.authority() + "/" : "*";
  const std::string request = "OPTIONS " + target + " HTTP/1.1\r\nHost: " + server.authority() +
                              "\r\nUser-Agent: " + kProduct + "\r\nConnection: close\r\n\r\n";
  const Time deadline = Clock::now() + std::chrono::microseconds(options.response_timeout);
  wmhttp::Response response;
  if (Error error = send(connection, request, deadline, interrupted)) return error;
  if (Error error = receive(connection, deadline, interrupted, response)) return error;
  connection.close();
  name.server = response.server;
  name.status = response.status_text();
  name.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  return {};
}

}  // namespace wmpush
