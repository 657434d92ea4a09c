// Rule C22 against servers of others: Apache in front of the publishing point, with a Kerberos
// realm of the test's own and NTLM by gss-ntlmssp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>

#include "interop/program.hpp"
#include "pubpoint/server.hpp"
#include "support/child_process.hpp"
#include "support/clip.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kModules = "/usr/lib/apache2/modules/";
constexpr const char* kPassword = "Sesam, oeffne dich!";
constexpr const char* kWrong = "hunter2-hunter2";

/// Runs a program to its end; what it printed when it failed.
void run(const std::vector<std::string>& command) {
  ChildProcess child(command);
  if (child.wait() != 0)
    throw std::runtime_error(command[0] + ": " + child.output() + child.error_text());
}

/// A program that is asked to stop, so that it can end what it started itself.
class Daemon {
 public:
  explicit Daemon(const std::vector<std::string>& command) : child_(command) {}
  ~Daemon() {
    child_.signal(SIGTERM);
    child_.wait(Seconds(20));
  }
  std::string said() const { return child_.output() + child_.error_text(); }

 private:
  ChildProcess child_;
};

/// The realm WMS.TEST with the user ali and the service HTTP/localhost. Its settings are those of
/// this process, too.
class Realm {
 public:
  explicit Realm(const std::filesystem::path& folder) : folder_(folder) {
    const std::string port = std::to_string(free_port());
    const std::string at = folder.string();
    write_file(folder / "krb5.conf",
               "[libdefaults]\n default_realm = WMS.TEST\n dns_lookup_kdc = false\n"
               " dns_lookup_realm = false\n rdns = false\n dns_canonicalize_hostname = false\n"
               "[realms]\n WMS.TEST = {\n  kdc = 127.0.0.1:" +
                   port + "\n }\n");
    write_file(folder / "kdc.conf", "[kdcdefaults]\n kdc_listen = 127.0.0.1:" + port +
                                        "\n kdc_tcp_listen = 127.0.0.1:" + port +
                                        "\n[realms]\n WMS.TEST = {\n  database_name = " + at +
                                        "/principal\n  key_stash_file = " + at +
                                        "/stash\n }\n"
                                        "[logging]\n kdc = FILE:" +
                                        at + "/kdc.log\n");
    setenv("KRB5_CONFIG", (at + "/krb5.conf").c_str(), 1);
    setenv("KRB5_KDC_PROFILE", (at + "/kdc.conf").c_str(), 1);
    setenv("KRB5CCNAME", ("FILE:" + at + "/tickets").c_str(), 1);
    run({find_program("kdb5_util").string(), "create", "-s", "-r", "WMS.TEST", "-P", "master"});
    const std::string kadmin = find_program("kadmin.local").string();
    run({kadmin, "-q", std::string("addprinc -pw \"") + kPassword + "\" ali"});
    run({kadmin, "-q", "addprinc -randkey HTTP/localhost"});
    run({kadmin, "-q", "ktadd -k " + keytab().string() + " HTTP/localhost"});
    std::filesystem::permissions(keytab(), std::filesystem::perms(0644));
    kdc_ = std::make_unique<Daemon>(
        std::vector<std::string>{find_program("krb5kdc").string(), "-n", "-r", "WMS.TEST"});
    if (!listens(static_cast<std::uint16_t>(std::stoi(port))))
      throw std::runtime_error("krb5kdc does not listen: " + kdc_->said());
  }
  std::filesystem::path keytab() const { return folder_ / "keytab"; }
  void get_ticket() const {
    write_file(folder_ / "typed", std::string(kPassword) + "\n");
    run({"sh", "-c", "kinit ali < " + (folder_ / "typed").string()});
  }
  void drop_tickets() const { std::filesystem::remove(folder_ / "tickets"); }

 private:
  const std::filesystem::path folder_;
  std::unique_ptr<Daemon> kdc_;
};

class ApacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    wmpush_options_init(&options);
    options.user = "ali";
    options.password = kPassword;
    options.end_timeout = 2'000'000;
    options.log = [](void* to, wmpush_log_level, const char* line) {
      *static_cast<std::string*>(to) += std::string(line) + "\n";
    };
    options.log_opaque = &lines;
    if (find_program("apache2").empty()) GTEST_SKIP() << "apache2 is not installed";
    if (find_program("htpasswd").empty()) GTEST_SKIP() << "apache2-utils is not installed";
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  }

  bool has_module(const std::string& name) const {
    return std::filesystem::exists(kModules + name);
  }

  /// Apache with these directives for everything that is pushed through it.
  void serve(const std::string& directives) {
    const std::string at = folder.path().string();
    const std::uint16_t port = free_port();
    std::string config = "ServerRoot " + at + "\nListen 127.0.0.1:" + std::to_string(port) +
                         "\nServerName localhost\nPidFile " + at + "/pid\nErrorLog " + at +
                         "/error.log\nLogLevel info\nDefaultRuntimeDir " + at +
                         "\nMutex file:" + at + "\n";
    for (const char* name : {"mpm_event", "authn_core", "authz_core", "authn_file", "authz_user",
                             "auth_basic", "auth_digest", "proxy", "proxy_http", "auth_gssapi"})
      if (has_module("mod_" + std::string(name) + ".so"))
        config +=
            "LoadModule " + std::string(name) + "_module " + kModules + "mod_" + name + ".so\n";
    if (geteuid() == 0) config += "User www-data\nGroup www-data\n";
    config += "LimitRequestBody 0\nKeepAlive On\n<Location />\n" + directives +
              "\nRequire valid-user\n</Location>\nProxyPass / http://127.0.0.1:" +
              std::to_string(point.port()) + "/ flushpackets=on\n";
    write_file(folder.path() / "apache.conf", config);
    apache = std::make_unique<Daemon>(std::vector<std::string>{
        find_program("apache2").string(), "-DFOREGROUND", "-f", at + "/apache.conf"});
    ASSERT_TRUE(listens(port)) << apache->said() << read_file(at + "/error.log");
    url = "wmpush://localhost:" + std::to_string(port) + "/live";
  }

  Result push() {
    PushSink sink(options);
    Result result = sink.Connect(url);
    Bytes input = as_bytes(clip());
    while (succeeded(result) && !input.empty()) {
      const Bytes part = input.first(std::min<std::size_t>(4096, input.size()));
      input = input.subspan(part.size());
      result = sink.write(part);
    }
    if (succeeded(result)) result = sink.EndSession();
    packets = sink.stats().packets_sent;
    message = sink.last_error().message;
    return result;
  }

  /// A few PushStarts, of which none has less than the 16 KiB that Apache waits for before it
  /// passes on the first byte.
  void roll_over() {
    options.content_length = 50000;
    options.strip_padding = 0;
  }
  /// What a push must have come to: everything arrived, and the user was this one's.
  void expect_delivered() {
    ASSERT_TRUE(point.wait_for([&] {
      return !point.sessions().empty() && point.sessions().back().end_of_stream;
    })) << said();
    EXPECT_EQ(point.sessions().back().packets, packets);
    for (const auto& breach : point.breaches()) ADD_FAILURE() << breach.rule << ": " << breach.text;
  }
  std::string said() const {
    return message + "\n" + lines + read_file(folder.path() / "error.log");
  }

  void use_passwords() {
    const std::string at = folder.path().string();
    run({"htpasswd", "-cb", at + "/basic", "ali", kPassword});
    std::filesystem::permissions(at + "/basic", std::filesystem::perms(0644));
  }
  /// RFC 2617: MD5 of user, realm and password.
  void use_digests() {
    const std::string at = folder.path().string();
    run({"sh", "-c",
         "printf 'ali:the realm:%s\\n' \"$(printf '%s' 'ali:the realm:" + std::string(kPassword) +
             "' | md5sum | cut -d' ' -f1)\" > " + at + "/digest"});
  }
  std::string basic() const {
    return "AuthType Basic\nAuthName \"the realm\"\nAuthUserFile " + folder.path().string() +
           "/basic";
  }
  std::string digest() const {
    return "AuthType Digest\nAuthName \"the realm\"\nAuthDigestProvider file\nAuthUserFile " +
           folder.path().string() + "/digest";
  }

  TemporaryDirectory folder;
  pubpoint::Server point{pubpoint::Settings{}};
  std::unique_ptr<Daemon> apache;
  std::string url;
  wmpush_options options;
  std::string lines;
  std::string message;
  std::uint64_t packets = 0;
};

TEST_F(ApacheTest, C22_Basic) {
  use_passwords();
  serve(basic());
  EXPECT_EQ(push(), Result::S_OK) << said();
  expect_delivered();
}

TEST_F(ApacheTest, C22_Digest) {
  use_digests();
  serve(digest());
  EXPECT_EQ(push(), Result::S_OK) << said();
  expect_delivered();
}

TEST_F(ApacheTest, C22_DigestOverRollovers) {
  use_digests();
  serve(digest());
  roll_over();
  EXPECT_EQ(push(), Result::S_OK) << said();
  expect_delivered();
  EXPECT_GT(point.sessions().back().push_starts, 2u);
}

TEST_F(ApacheTest, C22_AWrongPasswordIsAnErrorWithoutThePassword) {
  use_digests();
  serve(digest());
  options.password = kWrong;
  EXPECT_EQ(push(), Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_THAT(message, AllOf(HasSubstr("Digest, realm 'the realm'"), HasSubstr("user 'ali'")));
  EXPECT_THAT(message + lines, Not(HasSubstr(kWrong)));
  EXPECT_EQ(point.requests(), 0u);
}

/// The same with mod_auth_gssapi.
class ApacheGssapiTest : public ApacheTest {
 protected:
  void SetUp() override {
    ApacheTest::SetUp();
    if (IsSkipped()) return;
    if (std::string(wmpush_authentication_schemes()).find("Negotiate") == std::string::npos)
      GTEST_SKIP() << "built without GSSAPI";
    if (!has_module("mod_auth_gssapi.so"))
      GTEST_SKIP() << "libapache2-mod-auth-gssapi is not installed";
  }
};

class ApacheKerberosTest : public ApacheGssapiTest {
 protected:
  void SetUp() override {
    ApacheGssapiTest::SetUp();
    if (IsSkipped()) return;
    for (const auto& [program, package] :
         {std::pair{"krb5kdc", "krb5-kdc"}, std::pair{"kadmin.local", "krb5-admin-server"},
          std::pair{"kinit", "krb5-user"}})
      if (find_program(program).empty()) GTEST_SKIP() << package << " is not installed";
    realm.emplace(folder.path());
    options.auth = "negotiate";
  }
  std::string negotiate(bool bound) const {
    return "AuthType GSSAPI\nAuthName \"the realm\"\nGssapiCredStore keytab:" +
           realm->keytab().string() + "\nGssapiAllowedMech krb5\nGssapiConnectionBound " +
           (bound ? "On" : "Off");
  }
  std::optional<Realm> realm;
};

TEST_F(ApacheKerberosTest, C22_NegotiateWithUserAndPassword) {
  for (const bool bound : {true, false}) {
    serve(negotiate(bound));
    EXPECT_EQ(push(), Result::S_OK) << said();
    expect_delivered();
    apache.reset();
  }
}

TEST_F(ApacheKerberosTest, C22_NegotiateWithTheTicketThatIsThere) {
  options.user = options.password = nullptr;
  realm->get_ticket();
  for (const bool bound : {true, false}) {
    serve(negotiate(bound));
    EXPECT_EQ(push(), Result::S_OK) << said();
    expect_delivered();
    apache.reset();
  }
}

TEST_F(ApacheKerberosTest, C22_NegotiateOverRollovers) {
  roll_over();
  for (const bool bound : {true, false}) {
    serve(negotiate(bound));
    EXPECT_EQ(push(), Result::S_OK) << said();
    expect_delivered();
    EXPECT_GT(point.sessions().back().push_starts, 2u);
    apache.reset();
  }
}

TEST_F(ApacheKerberosTest, C22_WithoutATicketTheErrorSaysSo) {
  options.user = options.password = nullptr;
  options.auth = nullptr;
  realm->drop_tickets();
  serve(negotiate(true));
  EXPECT_EQ(push(), Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_THAT(message, AllOf(HasSubstr("Negotiate"), HasSubstr("give user and password")));
  EXPECT_EQ(point.requests(), 0u);
}

TEST_F(ApacheKerberosTest, C22_APasswordThatTheRealmDoesNotKnowIsShownNowhere) {
  options.password = kWrong;
  serve(negotiate(true));
  EXPECT_EQ(push(), Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_THAT(message + lines, AllOf(HasSubstr("Negotiate"), Not(HasSubstr(kWrong))));
  EXPECT_EQ(point.requests(), 0u);
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
  expect_delivered();
}

TEST_F(ApacheNtlmTest, C22_NtlmWithinNegotiate) {
  serve(ntlm());
  options.auth = "negotiate";
  EXPECT_EQ(push(), Result::S_OK) << said();
  expect_delivered();
}

TEST_F(ApacheNtlmTest, C22_AWrongPasswordIsOneTryPerScheme) {
  serve(ntlm());
  options.password = kWrong;
  EXPECT_EQ(push(), Result::NS_E_SERVER_ACCESSDENIED) << said();
  EXPECT_THAT(message, AllOf(HasSubstr("refused user 'WMS\\ali' (Negotiate; NTLM)"),
                             Not(HasSubstr(kWrong))));
  EXPECT_EQ(point.requests(), 0u);
}

}  // namespace
}  // namespace wmpush::test
