// What is told of certificates and keys that cannot be used.
#include "tls/context.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/certificates.hpp"

namespace wmpush::tls {
namespace {

using test::Certificates;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class ContextTest : public testing::Test {
 protected:
  std::string server_fault(const std::string& cert, const std::string& key = {}) {
    const Error error = Context::server(cert, key, context);
    EXPECT_EQ(error.result, Result::E_INVALIDARG);
    EXPECT_EQ(context, nullptr);
    return error.message;
  }
  std::string client_fault(const ClientSettings& settings) {
    const Error error = Context::client(settings, context);
    EXPECT_EQ(error.result, Result::E_INVALIDARG);
    EXPECT_EQ(context, nullptr);
    return error.message;
  }
  std::string file_of(const std::string& content) const {
    const auto path = certificates.folder() / "a.pem";
    std::ofstream(path) << content;
    return path.string();
  }

  Certificates certificates;
  std::shared_ptr<const Context> context;
};

TEST_F(ContextTest, TakesCertificateAndKeyFromOneFileOrTwo) {
  const std::string both = certificates.make("both").string();
  EXPECT_FALSE(Context::server(both, {}, context));
  EXPECT_TRUE(context->has_certificate());
  context.reset();
  EXPECT_FALSE(Context::server(both, (certificates.folder() / "both.key").string(), context));
  EXPECT_NE(context, nullptr);
}

TEST_F(ContextTest, AFileThatIsNotThereIsNamedWithItsReason) {
  EXPECT_EQ(server_fault("/nowhere/a.pem"), "tls_cert '/nowhere/a.pem': No such file or directory");
  EXPECT_EQ(server_fault(certificates.make("good").string(), "/nowhere/a.key"),
            "tls_key '/nowhere/a.key': No such file or directory");
  EXPECT_EQ(client_fault({.ca_file = "/nowhere/ca.pem"}),
            "ca_file '/nowhere/ca.pem': No such file or directory");
}

TEST_F(ContextTest, AFileWithoutACertificateOrAKeyIsNamed) {
  const std::string empty = file_of("nothing of PEM\n");
  EXPECT_EQ(server_fault(empty), "tls_cert '" + empty + "': it has no certificate in PEM");
  EXPECT_THAT(server_fault(certificates.authority().string()),
              AllOf(HasSubstr("it has no key in PEM"), HasSubstr("tls_key names another file")));
  EXPECT_EQ(client_fault({.ca_file = empty}),
            "ca_file '" + empty + "': it has no certificate in PEM");
}

TEST_F(ContextTest, AKeyOfAnotherCertificateIsNotTaken) {
  certificates.make("other");
  const std::string key = (certificates.folder() / "other.key").string();
  EXPECT_THAT(server_fault(certificates.make("one").string(), key),
              AllOf(StartsWith("tls_key '" + key + "'"), HasSubstr("not that of the certificate")));
}

TEST_F(ContextTest, NobodyIsAskedForAPassphrase) {
  const std::string file = certificates.make("locked", {.passphrase = "sesame"}).string();
  EXPECT_THAT(server_fault(file), AllOf(HasSubstr("has a passphrase"), HasSubstr("openssl pkey")));
  EXPECT_THAT(client_fault({.cert_file = file}), HasSubstr("has a passphrase"));
}

TEST_F(ContextTest, AKeyWithoutACertificateIsOfNoUse) {
  EXPECT_THAT(client_fault({.key_file = "any.key"}), HasSubstr("without cert_file"));
}

TEST_F(ContextTest, WhoVerifiesNothingNeedsNoAuthority) {
  EXPECT_FALSE(Context::client({.ca_file = "/nowhere", .verify = false}, context));
  EXPECT_FALSE(context->verifies());
}

}  // namespace
}  // namespace wmpush::tls
