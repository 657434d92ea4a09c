#include "net/tcp_state.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#ifdef __linux__
// Not <netinet/tcp.h>, which cannot stand beside it: the C library's tcp_info may end earlier.
#include <linux/tcp.h>
#endif

namespace wmpush::net {

std::optional<TcpState> tcp_state(int descriptor) {
#ifdef __linux__
  constexpr int kClosed = 7;  // TCP_CLOSE, for which this header has no name
  constexpr std::size_t kLargestUnscaled = 65535;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  TcpState state;
  state.closed = info.tcpi_state == kClosed;
  state.largest_window = kLargestUnscaled << info.tcpi_snd_wscale;
  state.window_age = std::chrono::milliseconds(info.tcpi_last_ack_recv);
  state.window_step = std::size_t{1} << info.tcpi_snd_wscale;
  // An older kernel fills less than the header has.
  if (size >= offsetof(tcp_info, tcpi_snd_wnd) + sizeof info.tcpi_snd_wnd)
    state.window = info.tcpi_snd_wnd;
  return state;
#else
  static_cast<void>(descriptor);
  return std::nullopt;
#endif
}

int pending_error(int descriptor) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &size) == 0 ? value : errno;
}

}  // namespace wmpush::net
