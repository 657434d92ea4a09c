#include "core/host_port.hpp"

#include <gtest/gtest.h>

namespace wmpush {
namespace {

TEST(HostAndPort, PutsAnIpv6LiteralInBrackets) {
  EXPECT_EQ(host_and_port("server", 80), "server:80");
  EXPECT_EQ(host_and_port("127.0.0.1", 8080), "127.0.0.1:8080");
  EXPECT_EQ(host_and_port("::1", 80), "[::1]:80");
  EXPECT_EQ(url_host("fe80::1%eth0"), "[fe80::1%eth0]");
  EXPECT_EQ(url_host(""), "");
}

}  // namespace
}  // namespace wmpush
