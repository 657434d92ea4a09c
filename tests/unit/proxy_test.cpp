#include "sink/proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace wmpush {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using wmhttp::Destination;

Proxy parsed(std::string_view text) {
  Proxy proxy;
  const Error error = parse_proxy(text, Proxy::Source::Option, proxy);
  EXPECT_EQ(error.message, "") << text;
  return proxy;
}

TEST(ProxyText, IsUnderstoodInTheFormsThatPeopleWrite) {
  for (const char* text : {"http://proxy:3128", "http://proxy:3128/", "proxy:3128", "proxy:3128/",
                           "HTTP://proxy:3128"}) {
    const Proxy proxy = parsed(text);
    EXPECT_EQ(proxy.address, (Destination{"proxy", 3128})) << text;
    EXPECT_EQ(proxy.user, "");
    EXPECT_FALSE(proxy.password);
  }
  EXPECT_EQ(parsed("http://proxy").address, (Destination{"proxy", 80}));
  EXPECT_EQ(parsed("proxy").address, (Destination{"proxy", 80}));
  EXPECT_EQ(parsed("http://[::1]:8080").address, (Destination{"::1", 8080}));
  EXPECT_EQ(parsed("http://[::1]:8080").display(), "proxy [::1]:8080");
}

TEST(ProxyText, CarriesCredentialsPercentEncodedOrNot) {
  const Proxy proxy = parsed("http://DOM%5Cpat:hu%40sh%3A@proxy:3128");
  EXPECT_EQ(proxy.user, "DOM\\pat");
  EXPECT_EQ(proxy.password, "hu@sh:");
  EXPECT_EQ(parsed("pat:h@sh@proxy").password, "h@sh");
  EXPECT_EQ(parsed("pat@proxy").user, "pat");
  EXPECT_FALSE(parsed("pat@proxy").password);
}

TEST(ProxyText, IsRefusedWithoutRepeatingIt) {
  for (const char* text :
       {"http://", "user:se cret@", "http://user:secret", "http://u:secr%zz@proxy",
        "http://user:sec/ret@proxy", "http://proxy:70000", "[::1", "http://user:1234/secr@proxy:9",
        "proxy/secr", "proxy?secr"}) {
    Proxy proxy;
    const Error error = parse_proxy(text, Proxy::Source::Option, proxy);
    EXPECT_EQ(error.result, Result::E_INVALIDARG) << text;
    EXPECT_THAT(error.message, AllOf(HasSubstr("the option http_proxy"), HasSubstr("[:port]"),
                                     Not(HasSubstr("secr")), Not(HasSubstr("ret@"))));
  }
  for (const char* text : {"socks5://user:secret@proxy", "https://proxy:3129"}) {
    Proxy proxy;
    const Error error = parse_proxy(text, Proxy::Source::Environment, proxy);
    EXPECT_EQ(error.result, Result::E_INVALIDARG) << text;
    EXPECT_THAT(error.message, AllOf(HasSubstr("only http://"), HasSubstr("in the environment"),
                                     Not(HasSubstr("secret"))));
  }
}

TEST(ProxyText, ThatHasAWrongPortIsToldSo) {
  const auto refused = [](std::string_view text) {
    Proxy proxy;
    return parse_proxy(text, Proxy::Source::Environment, proxy).message;
  };
  for (const char* text : {"http://127.0.0.1:99999", "proxy:abc", "proxy:0", "proxy:99999/",
                           "pat:hush@proxy:3128x", "[::1]:99999"})
    EXPECT_THAT(refused(text), AllOf(HasSubstr("with a port that is none (1 to 65535)"),
                                     Not(HasSubstr("%2F")), Not(HasSubstr("hush"))))
        << text;
  for (const char* text : {"http://pat:hu/sh@proxy:80", "http://pat:1234/sh@proxy:80", "pro xy:80"})
    EXPECT_THAT(refused(text), AllOf(HasSubstr("%2F"), Not(HasSubstr("sh@"))));
}

TEST(NoProxy, NamesHostsDomainsAddressesAndPorts) {
  const Destination host{"media.Example.com", 8080};
  for (const char* list : {"*", "media.example.com", "example.com", ".example.com", "*.example.com",
                           "COM", "other, .example.com", "other example.com",
                           "media.example.com:8080", "example.com:8080", "example.com.", "*:8080"})
    EXPECT_TRUE(is_excepted(list, host)) << list;
  for (const char* list :
       {"", " , ", ".", "ample.com", "media", "a.media.example.com", "example.com:80",
        "example.com:x", "media.example.com/8", "*:80", "*:", "*/0"})
    EXPECT_FALSE(is_excepted(list, host)) << list;
}

TEST(NoProxy, NamesAddressesWholeOrByTheirPrefix) {
  const Destination v4{"10.1.2.3", 80};
  for (const char* list : {"10.1.2.3", "10.1.2.3:80", "10.0.0.0/8", "10.1.2.2/31", "0.0.0.0/0",
                           "10.0.0.0/8:80", "*:80"})
    EXPECT_TRUE(is_excepted(list, v4)) << list;
  for (const char* list :
       {"2.3", ".3", "10.1.2.30", "10.1.2.2/32", "10.1.2.3:81", "11.0.0.0/8", "10.1.2.3/33",
        "10.1.2.3/x", "::/0", "10.0.0.0/8:81", "10.0.0.0/8:", "11.0.0.0/8:80"})
    EXPECT_FALSE(is_excepted(list, v4)) << list;
  const Destination v6{"fe80::1%eth0", 8080};
  for (const char* list : {"fe80::1", "[fe80::1]", "[fe80::1]:8080", "fe80:0:0::1", "fe80::/10",
                           "fe80::/10:8080", "[fe80::]/10", "[fe80::]/10:8080"})
    EXPECT_TRUE(is_excepted(list, v6)) << list;
  for (const char* list :
       {"fe80::2", "[fe80::1]:80", "[fe80::1", "fe81::/16", "fe80::/10:80", "[fe80::]/10:80"})
    EXPECT_FALSE(is_excepted(list, v6)) << list;
}

/// The environment as the test sets it.
class ProxyChoice : public ::testing::Test {
 protected:
  void SetUp() override { clear(); }
  void TearDown() override { clear(); }
  static void clear() {
    for (const char* name : {"http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"}) ::unsetenv(name);
  }
  static void set(const char* name, const char* value) { ::setenv(name, value, 1); }
  static std::string chosen(const char* option) {
    std::optional<Proxy> proxy;
    EXPECT_FALSE(choose_proxy(option, {"server", 80}, proxy));
    return proxy ? proxy->address.host : "none";
  }
};

TEST_F(ProxyChoice, IsTheEnvironmentsWhereTheOptionIsNotGiven) {
  EXPECT_EQ(chosen(nullptr), "none");
  set("HTTP_PROXY", "http://from-a-request");
  EXPECT_EQ(chosen(nullptr), "none");
  set("http_proxy", "http://of-environment:3128");
  EXPECT_EQ(chosen(nullptr), "of-environment");
  EXPECT_EQ(chosen("of-option"), "of-option");
  EXPECT_EQ(chosen(""), "none");
  set("http_proxy", "");
  EXPECT_EQ(chosen(nullptr), "none");
}

TEST_F(ProxyChoice, ExceptsHostsFromTheEnvironmentsProxyOnly) {
  set("http_proxy", "http://of-environment:3128");
  set("NO_PROXY", "server");
  EXPECT_EQ(chosen(nullptr), "none");
  EXPECT_EQ(chosen("of-option"), "of-option");
  set("no_proxy", "other");
  EXPECT_EQ(chosen(nullptr), "of-environment");
}

TEST_F(ProxyChoice, SaysWhereABadAddressComesFrom) {
  set("http_proxy", "socks5://proxy");
  std::optional<Proxy> proxy;
  EXPECT_THAT(choose_proxy(nullptr, {"server", 80}, proxy).message,
              HasSubstr("http_proxy in the environment"));
}

TEST(UnreachableProxy, IsNamedWithWhereItComesFromAndWhatToDo) {
  const Error refused{Result::NS_E_PUSH_CANNOTCONNECT, 0, 111, "no connection"};
  const Error option = unreachable(parsed("pat:hush@proxy:3128"), refused);
  EXPECT_EQ(option.result, Result::NS_E_PROXY_NOT_FOUND);
  EXPECT_EQ(option.system_error, 111);
  EXPECT_THAT(option.message,
              AllOf(HasSubstr("proxy proxy:3128, which the option http_proxy names: no connection"),
                    HasSubstr("empty http_proxy"), Not(HasSubstr("hush"))));
  Proxy named = parsed("proxy");
  named.source = Proxy::Source::Server;
  EXPECT_THAT(unreachable(named, refused).message, HasSubstr("allow_305=0"));
  const Error other{Result::NS_E_SHUTDOWN, 0, 0, "interrupted"};
  EXPECT_EQ(unreachable(parsed("proxy"), other).message, "interrupted");
}

}  // namespace
}  // namespace wmpush
