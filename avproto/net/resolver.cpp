#include "net/resolver.hpp"

#include <netdb.h>

#include <boost/asio/ip/address.hpp>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>  // Asio 1.74 in C++20 lacks it

namespace wmpush::net {

/// Shared with the thread, which may outlive the call.
struct Lookup {
  std::mutex mutex;
  std::condition_variable done_changed;
  bool done = false;
  int result = 0;  // of getaddrinfo()
  int system_error = 0;
  Endpoints endpoints;
};

namespace {

namespace ip = boost::asio::ip;

void look_up(const std::string& host, std::uint16_t port, Lookup& lookup) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int result = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  const int system_error = result == EAI_SYSTEM ? errno : 0;
  Endpoints endpoints;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    ip::tcp::endpoint endpoint;
    if (each->ai_addrlen > endpoint.capacity()) continue;
    endpoint.resize(each->ai_addrlen);
    std::memcpy(endpoint.data(), each->ai_addr, each->ai_addrlen);
    endpoint.port(port);
    endpoints.push_back(endpoint);
  }
  if (found != nullptr) freeaddrinfo(found);
  const std::lock_guard lock(lookup.mutex);
  lookup.result = result;
  lookup.system_error = system_error;
  lookup.endpoints = std::move(endpoints);
  lookup.done = true;
  lookup.done_changed.notify_one();
}

}  // namespace

Error resolve(const std::string& host, std::uint16_t port, Time deadline, Time until,
              const InterruptCheck& interrupted, std::shared_ptr<Lookup>& lookup,
              Endpoints& endpoints) {
  boost::system::error_code literal_error;
  const ip::address literal = ip::make_address(host, literal_error);
  if (!literal_error) {
    endpoints = {ip::tcp::endpoint(literal, port)};
    return {};
  }

  if (!lookup) {
    lookup = std::make_shared<Lookup>();
    try {
      std::thread([lookup, host, port] { look_up(host, port, *lookup); }).detach();
    } catch (const std::system_error& error) {
      return {Result::E_FAIL, 0, error.code().value(),
              "resolving '" + host + "': no thread can be started: " + error.code().message()};
    }
  }
  std::unique_lock lock(lookup->mutex);
  while (!lookup->done) {
    lookup->done_changed.wait_for(lock, slice(std::min(deadline, until)));
    if (lookup->done) break;
    if (interrupted && interrupted())
      return {Result::NS_E_SHUTDOWN, 0, 0, "interrupted while resolving '" + host + "'"};
    if (Clock::now() >= deadline)
      return {Result::NS_E_PUSH_CANNOTCONNECT, 0, ETIMEDOUT,
              "resolving '" + host +
                  "': no answer from the name server in time: check the network, or set "
                  "connect_timeout higher"};
    if (Clock::now() >= until) return {};
  }
  if (lookup->result != 0)
    return {Result::NS_E_SERVER_NOT_FOUND, 0, lookup->system_error,
            "the host name '" + host + "' does not resolve: " + gai_strerror(lookup->result) +
                ": check its spelling"};
  endpoints = std::move(lookup->endpoints);
  if (endpoints.empty())
    return {Result::NS_E_SERVER_NOT_FOUND, 0, 0, "the host name '" + host + "' has no address"};
  return {};
}

}  // namespace wmpush::net
