// Passwords of proxies, of the server behind them, and of both (rule C22).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "interop/arrangement.hpp"
#include "interop/program.hpp"
#include "interop/push_test.hpp"
#include "interop/squid.hpp"
#include "support/raw_client.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kWrong = "hunter2-hunter2";

class ProxyAuthenticationTest : public PushTest {
 protected:
  /// Skips the test when the arrangement cannot be run.
  bool runs(const std::string& name) const { return arrangement(name).missing.empty(); }

  void serve(const Arrangement& with, const std::string& password = kProxyPassword,
             pubpoint::Settings settings = {}) {
    proxy.reset();
    if (with.tls_at_origin()) settings.tls = certificates.server();
    listen(std::move(settings));
    proxy = with.start(folder.path(), point->port());
    url = with.url(*proxy, origin_port(with), "/live");
    http_proxy = with.http_proxy(*proxy, password);
    options.http_proxy = http_proxy.empty() ? nullptr : http_proxy.c_str();
    options.end_timeout = 1'000'000;
  }
  /// A log file of the proxy's with every request so far in it. A request is logged some time after
  /// it was answered: a last one shows that those before it are there.
  std::string log_file(const std::string& name) {
    const auto file = folder.path() / name;
    if (name != "access.log") return read_file(file);
    RawClient last(proxy->port());
    last.send("GET http://no.such.host.invalid/ HTTP/1.0\r\n\r\n");
    last.read_to_end();
    last.close();
    for (int turn = 0; turn < 500 && read_file(file).find("no.such.host") == std::string::npos;
         ++turn)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return read_file(file);
  }
  Result push() { return PushTest::push(url, stream.asf()); }
  std::string said() const { return PushTest::said() + proxy->log(); }

  const NumberedStream stream{300};
  std::unique_ptr<Proxy> proxy;
  std::string url;
  std::string http_proxy;
};

/// A proxy that says no, and how to count what it was asked.
struct Refusal {
  const char* arrangement;
  const char* scheme;  ///< as the message names it
  const char* log;     ///< a file in the folder
  const char* mark;    ///< what stands in it
  std::size_t times;   ///< and how often
};
void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.arrangement; }

class WrongProxyPassword : public ProxyAuthenticationTest,
                           public ::testing::WithParamInterface<Refusal> {};

INSTANTIATE_TEST_SUITE_P(
    At, WrongProxyPassword,
    ::testing::Values(Refusal{"squid_basic", "Basic", "access.log", "Basic%20", 1},
                      Refusal{"squid_digest", "Digest", "access.log", "Digest%20", 1},
                      Refusal{"squid_ntlm", "NTLM", "ntlm.log", "NA ", 1},
                      Refusal{"squid_negotiate", "Negotiate", "access.log", "Negotiate%20", 1},
                      // Only that there were two requests: one without and one with a password.
                      Refusal{"tinyproxy_basic", "Basic", "tinyproxy.log", "Request (", 2}),
    [](const auto& test) { return std::string(test.param.arrangement); });

TEST_P(WrongProxyPassword, C22_IsTriedOnceAndSaidNowhere) {
  const Arrangement& with = arrangement(GetParam().arrangement);
  if (!with.missing.empty()) GTEST_SKIP() << "no " << with.missing;
  serve(with, kWrong);
  EXPECT_EQ(push(), Result::NS_E_PROXY_ACCESSDENIED) << said();
  EXPECT_THAT(message, AllOf(HasSubstr(GetParam().scheme), HasSubstr("ali"))) << said();
  expect_unsaid(kWrong);
  const std::string log = log_file(GetParam().log);
  EXPECT_EQ(count(log, GetParam().mark), GetParam().times) << log;
  EXPECT_EQ(point->requests(), 0u);
}

TEST_F(ProxyAuthenticationTest,
       C22_AWrongPasswordIsTriedOnceForEachSchemeThatAProxyOffersButNotByBasic) {
  for (const char* name : {"squid_ntlm", "squid_basic"})
    if (!runs(name)) GTEST_SKIP() << "no " << arrangement(name).missing;
  const std::string users = (folder.path() / "users").string();
  write_file(users, std::string("WMS:ali:") + kProxyPassword + "\n");
  setenv("NTLM_USER_FILE", users.c_str(), 1);
  setenv("KRB5_CONFIG", "/dev/null", 1);
  Arrangement all = arrangement("squid_ntlm");
  all.start = [](const std::filesystem::path& in, std::uint16_t) {
    return std::make_unique<Squid>(in, Squid::ntlm(in) + Squid::digest(in, "ali", kProxyPassword) +
                                           Squid::basic(in, "ali", kProxyPassword) +
                                           Squid::known_users());
  };
  serve(all, kWrong);
  EXPECT_EQ(push(), Result::NS_E_PROXY_ACCESSDENIED) << said();
  const std::string accesses = log_file("access.log");
  EXPECT_EQ(count(log_file("ntlm.log"), "NA "), 1u);
  EXPECT_EQ(count(accesses, "Digest%20"), 1u) << accesses;
  EXPECT_EQ(count(accesses, "Basic%20"), 0u) << accesses;
  EXPECT_THAT(message, HasSubstr("auth=basic"));
  expect_unsaid(kWrong);
}

/// Proxies in front of a publishing point that asks for a password of its own.
class BothPasswords : public ProxyAuthenticationTest,
                      public ::testing::WithParamInterface<Arrangement> {
 protected:
  void SetUp() override {
    if (!GetParam().missing.empty()) GTEST_SKIP() << "no " << GetParam().missing;
    options.user = "otto";
    options.password = "offene-Tuer";
    settings.authentication.user = "otto";
    settings.authentication.password = "offene-Tuer";
  }
  void expect_no_vain_attempt() {
    for (const auto& attempt : point->attempts())
      EXPECT_TRUE(attempt.granted || attempt.stale) << attempt.scheme;
    expect_unsaid("offene-Tuer");
    expect_unsaid(kProxyPassword);
  }
  pubpoint::Settings settings;
};

INSTANTIATE_TEST_SUITE_P(Through, BothPasswords, ::testing::ValuesIn(arrangements()),
                         [](const auto& test) { return test.param.name; });

TEST_P(BothPasswords, C22_ProxyAndServerEachGetTheirOwn) {
  serve(GetParam(), kProxyPassword, settings);
  EXPECT_EQ(push(), Result::S_OK) << said();
  expect_delivered(stream);
  expect_no_vain_attempt();
}

/// The answer to the server's challenge goes out on a new connection, which a proxy with NTLM has
/// to let in first.
class NewConnections : public BothPasswords {};

INSTANTIATE_TEST_SUITE_P(Through, NewConnections, ::testing::ValuesIn(arrangements()),
                         [](const auto& test) { return test.param.name; });

TEST_P(NewConnections, C22_ANonceThatIsUsedUpIsReplacedInTheMiddleOfThePush) {
  // The last PushStart has a nonce that is good: Apache passes on no answer to one that ends early.
  const NumberedStream shorter(250);
  settings.authentication.schemes = {"Digest"};
  settings.authentication.nonce_uses = 3;
  serve(GetParam(), kProxyPassword, settings);
  options.content_length = 70'000;
  EXPECT_EQ(PushTest::push(url, shorter.asf()), Result::S_OK) << said();
  expect_delivered(shorter);
  expect_no_vain_attempt();
  EXPECT_EQ(session().push_starts, 5u);
  EXPECT_TRUE(std::ranges::any_of(point->attempts(), &pubpoint::Attempt::stale));
}

}  // namespace
}  // namespace wmpush::test
