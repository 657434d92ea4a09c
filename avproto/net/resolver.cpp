#include "net/resolver.hpp"

#include <netdb.h>
#include <signal.h>

#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
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

struct AddressesDeleter {
  void operator()(addrinfo* found) const { freeaddrinfo(found); }
};

int ask(const std::string& host, std::uint16_t port, Endpoints& endpoints) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* first = nullptr;
  const int result = getaddrinfo(host.c_str(), nullptr, &hints, &first);
  if (result != 0) return result;
  const std::unique_ptr<addrinfo, AddressesDeleter> found(first);
  for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next) {
    ip::tcp::endpoint endpoint;
    if (each->ai_addrlen > endpoint.capacity()) continue;
    endpoint.resize(each->ai_addrlen);
    std::memcpy(endpoint.data(), each->ai_addr, each->ai_addrlen);
    endpoint.port(port);
    endpoints.push_back(endpoint);
  }
  return 0;
}

/// The thread's whole work: nothing may leave it.
void look_up(const std::string& host, std::uint16_t port, Lookup& lookup) noexcept {
  Endpoints endpoints;
  int result = EAI_MEMORY;
  int system_error = 0;
  try {
    result = ask(host, port, endpoints);
    system_error = result == EAI_SYSTEM ? errno : 0;
  } catch (const std::bad_alloc&) {  // EAI_MEMORY
  }
  const std::lock_guard lock(lookup.mutex);
  lookup.result = result;
  lookup.system_error = system_error;
  lookup.endpoints = std::move(endpoints);
  lookup.done = true;
  lookup.done_changed.notify_one();
}

/// While it lives no signal reaches this thread, nor any that it starts: those keep what they were
/// born with. The program's handlers run in the program's threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

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
      const SignalsBlocked blocked;
      std::thread([lookup, host, port] { look_up(host, port, *lookup); }).detach();
    } catch (const std::system_error& error) {
      lookup.reset();
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
  if (lookup->result == EAI_MEMORY || lookup->system_error == ENOMEM)
    return {Result::E_OUTOFMEMORY, 0, ENOMEM, "resolving '" + host + "': out of memory"};
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
