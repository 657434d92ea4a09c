// Asks who is there, without a request of the push protocol.
#include <algorithm>
#include <array>
#include <optional>

#include "net/transport.hpp"
#include "sink/options.hpp"
#include "sink/proxy.hpp"
#include "wmhttp/message.hpp"
#include "wmhttp/url.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush {
namespace {

using net::Clock;
using net::Time;
using Readiness = net::Transport::Readiness;

Error wait(net::Transport& transport, bool to_send, Time deadline) {
  switch (transport.wait(to_send, deadline)) {
    case Readiness::Ready:
      break;
    case Readiness::TimedOut:
      return {Result::NS_E_TIMEOUT, 0, 0,
              "no answer to an OPTIONS: the server may speak nothing but the push protocol"};
    case Readiness::Interrupted:
      return {Result::NS_E_SHUTDOWN, 0, 0, "interrupted"};
  }
  return {};
}

Error send(net::Transport& transport, std::string_view request, Time deadline) {
  Bytes rest = as_bytes(request);
  while (!rest.empty()) {
    std::size_t count = 0;
    const std::array parts{rest};
    if (Error error = transport.send(parts, count)) return error;
    rest = rest.subspan(count);
    if (count > 0) continue;
    if (Error error = wait(transport, true, deadline)) return error;
  }
  return {};
}

Error receive(net::Transport& transport, Time deadline, wmhttp::Response& response) {
  wmhttp::ResponseReader reader;
  while (true) {
    if (Error error = wait(transport, false, deadline)) return error;
    Bytes received;
    bool closed = false;
    if (Error error = transport.receive(received, closed)) return error;
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
  std::optional<Proxy> proxy;
  if (Error error = choose_proxy(options.http_proxy, parsed.destination(), proxy)) return error;
  name.through_proxy = proxy.has_value();
  const wmhttp::Destination to = proxy ? proxy->address : parsed.destination();

  net::InterruptCheck interrupted;
  if (options.interrupt != nullptr)
    interrupted = [&options] { return options.interrupt(options.interrupt_opaque) != 0; };
  const Time start = Clock::now();
  net::Transport transport(std::move(interrupted), std::chrono::microseconds(options.send_timeout));
  if (Error error = transport.connect(to.host, to.port,
                                      start + std::chrono::microseconds(options.connect_timeout)))
    return proxy ? unreachable(*proxy, std::move(error)) : error;
  name.address = transport.peer();
  const std::string target = proxy ? "http://" + parsed.authority() + "/" : "*";
  const std::string request = "OPTIONS " + target + " HTTP/1.1\r\nHost: " + parsed.authority() +
                              "\r\nUser-Agent: libwmpush/" WMPUSH_VERSION
                              "\r\nConnection: close\r\n\r\n";
  const Time deadline = Clock::now() + std::chrono::microseconds(options.response_timeout);
  wmhttp::Response response;
  if (Error error = send(transport, request, deadline)) return error;
  if (Error error = receive(transport, deadline, response)) return error;
  transport.close();
  name.server = response.server;
  name.status = response.status_text();
  name.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  return {};
}

}  // namespace wmpush
