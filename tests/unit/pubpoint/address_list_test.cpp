// Lists of addresses that are let in or kept out.
#include "pubpoint/access/address_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wmpush::test {
namespace {

using namespace pubpoint;
using ::testing::HasSubstr;

AddressList list(std::string_view text) {
  AddressList list;
  EXPECT_EQ(AddressList::parse(text, list), "");
  return list;
}

TEST(AddressList, WithoutEntriesLetsEverybodyIn) {
  EXPECT_TRUE(AddressList().admits("192.0.2.1"));
  EXPECT_TRUE(AddressList().admits(""));
}

TEST(AddressList, TakesAddressesAndPrefixesOfBothFamilies) {
  const AddressList some = list("10.0.0.0/8, 192.0.2.7 ::1,2001:db8:8000::/33");
  for (const char* in : {"10.0.0.0", "10.255.255.255", "192.0.2.7", "::1", "2001:db8:ffff::1"})
    EXPECT_TRUE(some.admits(in)) << in;
  for (const char* out : {"11.0.0.0", "9.255.255.255", "192.0.2.6", "::2", "2001:db8:7fff::1",
                          "::", "0.0.0.1", "", "host", "10.1"})
    EXPECT_FALSE(some.admits(out)) << out;
}

TEST(AddressList, TheFirstEntryThatMatchesDecides) {
  const AddressList some = list("!10.1.0.0/16,10.0.0.0/8,!all,192.0.2.1");
  EXPECT_FALSE(some.admits("10.1.2.3"));
  EXPECT_TRUE(some.admits("10.2.2.3"));
  EXPECT_FALSE(some.admits("192.0.2.1"));
  EXPECT_TRUE(list("!10.0.0.0/8,all").admits("2001:db8::1"));
}

TEST(AddressList, AnIpv4AddressWithinIpv6IsTheIpv4Address) {
  EXPECT_TRUE(list("10.0.0.0/8").admits("::ffff:10.1.2.3"));
  EXPECT_TRUE(list("::ffff:10.0.0.0/104").admits("10.1.2.3"));
  EXPECT_FALSE(list("::ffff:10.0.0.0/104").admits("11.1.2.3"));
  EXPECT_FALSE(list("::/0").admits("10.1.2.3"));
  EXPECT_FALSE(list("0.0.0.0/0").admits("::1"));
  EXPECT_TRUE(list("0.0.0.0/0").admits("255.1.2.3"));
  EXPECT_TRUE(list("fe80::/10").admits("fe80::1%eth0"));
}

TEST(AddressList, SaysWhatIsWrongWithAnEntry) {
  AddressList some;
  for (const char* text : {"host", "10.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/8x", "::1/129",
                           "10.0.0.0/-1", "!", "ALL", "[::1]", "10.0.0.1:80", "fe80::1%eth0"})
    EXPECT_THAT(AddressList::parse(std::string("::1,") + text, some), HasSubstr(text)) << text;
  EXPECT_THAT(AddressList::parse("10.0.0.0/33", some), HasSubstr("0 to 32"));
  EXPECT_THAT(AddressList::parse("!10.0.0.1", some), HasSubstr("end it with 'all'"));
  EXPECT_THAT(AddressList::parse(" ", some), HasSubstr("nobody"));
}

TEST(AddressList, KnowsWhatOneOwnerHas) {
  const auto owner = [](std::string_view text) { return owner_of(text); };
  EXPECT_EQ(owner("2001:db8::1"), owner("2001:db8::ffff:2"));
  EXPECT_NE(owner("2001:db8::1"), owner("2001:db8:0:1::1"));
  EXPECT_NE(owner("10.0.0.1"), owner("10.0.0.2"));
  EXPECT_EQ(owner("10.0.0.1"), owner("::ffff:10.0.0.1"));
  EXPECT_EQ(owner("somebody"), "somebody");
  EXPECT_TRUE(IpAddress::parse("127.0.0.2")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("0.0.0.0")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("::")->is_loopback());
}

}  // namespace
}  // namespace wmpush::test
