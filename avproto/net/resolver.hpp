// Name resolution that an interrupt can leave.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/waiter.hpp"
#include "wmpush/result.hpp"

namespace wmpush::net {

using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

/// A name that is being resolved.
struct Lookup;

/// The addresses of `host` (a name, or an IPv4 or IPv6 literal) in the system's order of
/// preference. getaddrinfo() cannot be stopped, so it runs in a thread that is left behind when
/// `deadline` passes or the caller interrupts. NS_E_SERVER_NOT_FOUND, NS_E_PUSH_CANNOTCONNECT (no
/// answer in time) or NS_E_SHUTDOWN. When `until` passes first there is neither an error nor an
/// endpoint, and the next call with the same `lookup`, empty in the beginning, waits on.
Error resolve(const std::string& host, std::uint16_t port, Time deadline, Time until,
              const InterruptCheck& interrupted, std::shared_ptr<Lookup>& lookup,
              Endpoints& endpoints);

}  // namespace wmpush::net
