// Rule C22 against servers of others: Apache in front of the publishing point, with a Kerberos
// realm of the test's own and NTLM by gss-ntlmssp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <optional>

#include "interop/apache.hpp"
#include "interop/kerberos_realm.hpp"
#include "interop/program.hpp"
#include "interop/push_test.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPassword = "Sesam, oeffne dich!";
constexpr const char* kWrong = "hunter2-hunter2";

class ApacheTest : public PushTest {
 protected:
  void SetUp() override {
    options.user = "ali";
    options.password = kPassword;
    options.end_timeout = 1'000'000;  // Apache says nothing at the end
    if (const auto package = Apache::missing(); !package.empty())
      GTEST_SKIP() << package << " is not installed";
    if (find_program("htpasswd").empty()) GTEST_SKIP() << "apache2-utils is not installed";
  }

  /// Apache with these directives for everything that is pushed through it, and a new publishing
  /// point behind it.
  void serve(const std::string& directives) {
    apache.reset();
    listen();
    apache = std::make_unique<Apache>(
        folder.path(), point->port(),
        "<Location />\n" + directives + "\nRequire valid-user\n</Location>");
  }

  Result push() {
    return PushTest::push("wmpush://localhost:" + std::to_string(apache->port()) + "/live",
                          stream.asf());
  }

  /// A few PushStarts, of which none has less than the 16 KiB that Apache waits for before it
  /// passes on the first byte.
  void roll_over() {
    options.content_length = 50000;
    options.strip_padding = 0;
  }

  void use_passwords() {
    run({"htpasswd", "-cb", at() + "/basic", "ali", kPassword});
    std::filesystem::permissions(at() + "/basic", std::filesystem::perms(0644));
  }
  /// RFC 2617: MD5 of user, realm and password.
  void use_digests() {
    run({"sh", "-c",
         "printf 'ali:the realm:%s\\n' \"$(printf '%s' 'ali:the realm:" + std::string(kPassword) +
             "' | md5sum | cut -d' ' -f1)\" > " + at() + "/digest"});
  }
  std::string basic() const {
    return "AuthType Basic\nAuthName \"the realm\"\nAuthUserFile " + at() + "/basic";
  }
  std::string digest() const {
    return "AuthType Digest\nAuthName \"the realm\"\nAuthDigestProvider file\nAuthUserFile " +
           at() + "/digest";
  }

  std::string at() const { return folder.path().string(); }
  std::string said() const { return PushTest::said() + apache->log(); }

  const NumberedStream stream{100};
  std::unique_ptr<Apache> apache;
};

TEST_F(ApacheTest, C22_Basic) {
  use_passwords();
  serve(basic());
  EXPECT_EQ(push(), Result::S_OK) << said();
  expect_delivered(stream);
}

TEST_F(ApacheTest, C22_Digest) {
  use_digests();
  serve(digest());
  EXPECT_EQ(push(), Result::S_OK) << said();
  expect_delivered(stream);
}

TEST_F(ApacheTest, C22_DigestOverRollovers) {
  use_digests();
  serve(digest());
  roll_over();
  EXPECT_EQ(push(), Result::S_OK) << said();
  expect_delivered(stream);
  EXPECT_GT(session().push_starts, 2u);
}

TEST_F(ApacheTest, C22_AWrongPasswordIsAnErrorWithoutThePassword) {
  use_digests();
  serve(digest());
  options.password = kWrong;
  EXPECT_EQ(push(), Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_THAT(message, AllOf(HasSubstr("Digest, realm 'the realm'"), HasSubstr("user 'ali'")));
  EXPECT_THAT(message + lines, Not(HasSubstr(kWrong)));
  EXPECT_EQ(point->requests(), 0u);
}

/// The same with mod_auth_gssapi.
class ApacheGssapiTest : public ApacheTest {
 protected:
  void SetUp() override {
    ApacheTest::SetUp();
    if (IsSkipped()) return;
    if (std::string(wmpush_authentication_schemes()).find("Negotiate") == std::string::npos)
      GTEST_SKIP() << "built without GSSAPI";
    if (!Apache::has_module("auth_gssapi"))
      GTEST_SKIP() << "libapache2-mod-auth-gssapi is not installed";
  }
};

class ApacheKerberosTest : public ApacheGssapiTest {
 protected:
  void SetUp() override {
    ApacheGssapiTest::SetUp();
    if (IsSkipped()) return;
    if (const auto package = KerberosRealm::missing(); !package.empty())
      GTEST_SKIP() << package << " is not installed";
    realm.emplace(folder.path(), "ali", kPassword);
    options.auth = "negotiate";
  }
  std::string negotiate(bool bound) const {
    return "AuthType GSSAPI\nAuthName \"the realm\"\nGssapiCredStore keytab:" +
           realm->keytab().string() + "\nGssapiAllowedMech krb5\nGssapiConnectionBound " +
           (bound ? "On" : "Off");
  }
  std::optional<KerberosRealm> realm;
};

TEST_F(ApacheKerberosTest, C22_NegotiateWithUserAndPassword) {
  for (const bool bound : {true, false}) {
    serve(negotiate(bound));
    EXPECT_EQ(push(), Result::S_OK) << said();
    expect_delivered(stream);
  }
}

TEST_F(ApacheKerberosTest, C22_NegotiateWithTheTicketThatIsThere) {
  options.user = options.password = nullptr;
  realm->get_ticket();
  for (const bool bound : {true, false}) {
    serve(negotiate(bound));
    EXPECT_EQ(push(), Result::S_OK) << said();
    expect_delivered(stream);
  }
}

TEST_F(ApacheKerberosTest, C22_NegotiateOverRollovers) {
  roll_over();
  for (const bool bound : {true, false}) {
    serve(negotiate(bound));
    EXPECT_EQ(push(), Result::S_OK) << said();
    expect_delivered(stream);
    EXPECT_GT(session().push_starts, 2u);
  }
}

TEST_F(ApacheKerberosTest, C22_WithoutATicketTheErrorSaysSo) {
  options.user = options.password = nullptr;
  options.auth = nullptr;
  realm->drop_tickets();
  serve(negotiate(true));
  EXPECT_EQ(push(), Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_THAT(message, AllOf(HasSubstr("Negotiate"), HasSubstr("give user and password"),
                             Not(HasSubstr("\\x00"))));
  EXPECT_EQ(point->requests(), 0u);
}

TEST_F(ApacheKerberosTest, C22_APasswordThatTheRealmDoesNotKnowIsShownNowhere) {
  options.password = kWrong;
  serve(negotiate(true));
  EXPECT_EQ(push(), Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_THAT(message + lines, AllOf(HasSubstr("Negotiate"), Not(HasSubstr(kWrong))));
  EXPECT_EQ(point->requests(), 0u);
}

class ApacheNtlmTest : public ApacheGssapiTest {
 protected:
  void SetUp() override {
    ApacheGssapiTest::SetUp();
    if (IsSkipped()) return;
    if (std::string(wmpush_authentication_schemes()).find("NTLM") == std::string::npos)
      GTEST_SKIP() << "gss-ntlmssp is not installed";
    const std::string users = (folder.path() / "users").string();
    write_file(users, std::string("WMS:ali:") + kPassword + "\n");
    setenv("NTLM_USER_FILE", users.c_str(), 1);
    setenv("KRB5_CONFIG", "/dev/null", 1);
    options.user = "WMS\\ali";
  }
  static std::string ntlm() {
    return "AuthType GSSAPI\nAuthName \"the realm\"\nGssapiAllowedMech ntlmssp\n"
           "GssapiConnectionBound On";
  }
};

TEST_F(ApacheNtlmTest, C22_Ntlm) {
  serve(ntlm());
  options.auth = "ntlm";
  EXPECT_EQ(push(), Result::S_OK) << said();
  expect_delivered(stream);
}

TEST_F(ApacheNtlmTest, C22_NtlmWithinNegotiate) {
  serve(ntlm());
  options.auth = "negotiate";
  EXPECT_EQ(push(), Result::S_OK) << said();
  expect_delivered(stream);
}

TEST_F(ApacheNtlmTest, C22_AWrongPasswordIsOneTryPerScheme) {
  serve(ntlm());
  options.password = kWrong;
  EXPECT_EQ(push(), Result::NS_E_SERVER_ACCESSDENIED) << said();
  EXPECT_THAT(message, AllOf(HasSubstr("refused user 'WMS\\ali' (Negotiate; NTLM)"),
                             Not(HasSubstr(kWrong))));
  EXPECT_EQ(point->requests(), 0u);
}

}  // namespace
}  // namespace wmpush::test
