#include "wmpush/result.hpp"

#include <array>
#include <cstdio>

namespace wmpush {
namespace {

struct Entry {
  Result result;
  const char* name;
};

#define WMPUSH_ENTRY(result) \
  Entry { Result::result, #result }
constexpr std::array kNames = {
    WMPUSH_ENTRY(S_OK),
    WMPUSH_ENTRY(S_FALSE),
    WMPUSH_ENTRY(E_INVALIDARG),
    WMPUSH_ENTRY(E_PENDING),
    WMPUSH_ENTRY(E_OUTOFMEMORY),
    WMPUSH_ENTRY(E_FAIL),
    WMPUSH_ENTRY(NS_E_NOCONNECTION),
    WMPUSH_ENTRY(NS_E_TIMEOUT),
    WMPUSH_ENTRY(NS_E_INVALID_NAME),
    WMPUSH_ENTRY(NS_E_CONNECTION_FAILURE),
    WMPUSH_ENTRY(NS_E_SHUTDOWN),
    WMPUSH_ENTRY(NS_E_INVALID_REQUEST),
    WMPUSH_ENTRY(NS_E_INVALID_DATA),
    WMPUSH_ENTRY(NS_E_SERVER_NOT_FOUND),
    WMPUSH_ENTRY(NS_E_INVALID_PUSH_TEMPLATE),
    WMPUSH_ENTRY(NS_E_INVALID_PUSH_PUBLISHING_POINT),
    WMPUSH_ENTRY(NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME),
    WMPUSH_ENTRY(NS_E_SERVER_UNAVAILABLE),
    WMPUSH_ENTRY(NS_E_PROXY_NOT_FOUND),
    WMPUSH_ENTRY(NS_E_PROXY_ACCESSDENIED),
    WMPUSH_ENTRY(NS_E_SERVER_ACCESSDENIED),
    WMPUSH_ENTRY(NS_E_PUSH_CANNOTCONNECT),
    WMPUSH_ENTRY(NS_E_INCOMPATIBLE_PUSH_SERVER),
};
#undef WMPUSH_ENTRY

}  // namespace

std::string_view name(Result result) {
  for (const Entry& entry : kNames)
    if (entry.result == result) return entry.name;
  return "unknown HRESULT";
}

std::string describe(Result result) {
  char value[16];
  std::snprintf(value, sizeof value, " (0x%08X)", static_cast<unsigned>(result));
  return std::string(name(result)) + value;
}

}  // namespace wmpush
