// wmpush: results and errors of the C++ interface.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#if __cplusplus < 202002L
#error "the C++ interface of wmpush needs C++20 (-std=c++20); wmpush.h is for C and older C++"
#endif

#include <cstdint>
#include <string>
#include <string_view>

#include "wmpush.h"

namespace wmpush {

/// HRESULTs by the names of the Windows Media SDK; wmpush.h says what each one means here.
enum class [[nodiscard]] Result : wmpush_result{
    S_OK = WMPUSH_S_OK,
    S_FALSE = WMPUSH_S_FALSE,
    E_INVALIDARG = WMPUSH_E_INVALIDARG,
    E_PENDING = WMPUSH_E_PENDING,
    E_OUTOFMEMORY = WMPUSH_E_OUTOFMEMORY,
    E_FAIL = WMPUSH_E_FAIL,
    NS_E_NOCONNECTION = WMPUSH_NS_E_NOCONNECTION,
    NS_E_TIMEOUT = WMPUSH_NS_E_TIMEOUT,
    NS_E_INVALID_NAME = WMPUSH_NS_E_INVALID_NAME,
    NS_E_CONNECTION_FAILURE = WMPUSH_NS_E_CONNECTION_FAILURE,
    NS_E_SHUTDOWN = WMPUSH_NS_E_SHUTDOWN,
    NS_E_INVALID_REQUEST = WMPUSH_NS_E_INVALID_REQUEST,
    NS_E_INVALID_DATA = WMPUSH_NS_E_INVALID_DATA,
    NS_E_SERVER_NOT_FOUND = WMPUSH_NS_E_SERVER_NOT_FOUND,
    NS_E_INVALID_PUSH_TEMPLATE = WMPUSH_NS_E_INVALID_PUSH_TEMPLATE,
    NS_E_INVALID_PUSH_PUBLISHING_POINT = WMPUSH_NS_E_INVALID_PUSH_PUBLISHING_POINT,
    NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME = WMPUSH_NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME,
    NS_E_SERVER_UNAVAILABLE = WMPUSH_NS_E_SERVER_UNAVAILABLE,
    NS_E_PROXY_NOT_FOUND = WMPUSH_NS_E_PROXY_NOT_FOUND,
    NS_E_PROXY_ACCESSDENIED = WMPUSH_NS_E_PROXY_ACCESSDENIED,
    NS_E_SERVER_ACCESSDENIED = WMPUSH_NS_E_SERVER_ACCESSDENIED,
    NS_E_PUSH_CANNOTCONNECT = WMPUSH_NS_E_PUSH_CANNOTCONNECT,
    NS_E_INCOMPATIBLE_PUSH_SERVER = WMPUSH_NS_E_INCOMPATIBLE_PUSH_SERVER,
};

constexpr bool succeeded(Result result) { return WMPUSH_SUCCEEDED(wmpush_result(result)); }
constexpr bool failed(Result result) { return WMPUSH_FAILED(wmpush_result(result)); }

/// The enumerator's name, such as "NS_E_NOCONNECTION".
WMPUSH_API std::string_view name(Result result);

/// Name and value as the last line of a tool has them: "NS_E_NOCONNECTION (0xC00D0005)".
WMPUSH_API std::string describe(Result result);

/// What went wrong: the result, what caused it, and one line for a person. A default-made Error is
/// success, holds no memory and can be returned on the path of every packet.
struct [[nodiscard]] Error {
  Result result = Result::S_OK;
  int http_status = 0;   ///< status of the response that caused it; 0 = none
  int system_error = 0;  ///< errno that caused it; 0 = none
  std::string message;   ///< one line, credentials masked; empty on success

  explicit operator bool() const { return failed(result); }
};

}  // namespace wmpush
