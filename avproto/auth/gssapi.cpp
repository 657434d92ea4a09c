#include "auth/gssapi.hpp"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "auth/base64.hpp"

namespace wmpush::auth {
namespace {

using namespace std::string_view_literals;

/// SPNEGO, 1.3.6.1.5.5.2, and NTLMSSP, 1.3.6.1.4.1.311.2.2.10.
constexpr std::array kSpnego = {'\x2b', '\x06', '\x01', '\x05', '\x05', '\x02'};
constexpr std::array kNtlmssp = {'\x2b', '\x06', '\x01', '\x04', '\x01',
                                 '\x82', '\x37', '\x02', '\x02', '\x0a'};

/// How the first of the three messages of NTLM begins, also within Negotiate.
constexpr std::string_view kNtlmFirstMessage = "NTLMSSP\0\x01\0\0\0"sv;

template <std::size_t size>
gss_OID_desc identifier(const std::array<char, size>& bytes) {
  return {static_cast<OM_uint32>(size), const_cast<char*>(bytes.data())};
}

gss_OID_desc mechanism_of(Scheme scheme) {
  return scheme == Scheme::Ntlm ? identifier(kNtlmssp) : identifier(kSpnego);
}

gss_buffer_desc lent(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};
}

class Buffer {
 public:
  Buffer() = default;
  ~Buffer() {
    OM_uint32 minor = 0;
    gss_release_buffer(&minor, &buffer_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  gss_buffer_t get() { return &buffer_; }
  std::string text() const { return {static_cast<const char*>(buffer_.value), buffer_.length}; }

 private:
  gss_buffer_desc buffer_ = GSS_C_EMPTY_BUFFER;
};

class Name {
 public:
  ~Name() {
    OM_uint32 minor = 0;
    gss_release_name(&minor, &name_);
  }
  Name() = default;
  Name(const Name&) = delete;
  Name& operator=(const Name&) = delete;
  OM_uint32 import(std::string_view text, gss_OID kind, OM_uint32& minor) {
    gss_buffer_desc buffer = lent(text);
    return gss_import_name(&minor, &buffer, kind, &name_);
  }
  gss_name_t get() const { return name_; }

 private:
  gss_name_t name_ = GSS_C_NO_NAME;
};

class Credential {
 public:
  ~Credential() { release(); }
  Credential() = default;
  Credential(const Credential&) = delete;
  Credential& operator=(const Credential&) = delete;
  void release() {
    OM_uint32 minor = 0;
    gss_release_cred(&minor, &credential_);
  }
  gss_cred_id_t* out() {
    release();
    return &credential_;
  }
  gss_cred_id_t get() const { return credential_; }

 private:
  gss_cred_id_t credential_ = GSS_C_NO_CREDENTIAL;
};

class Context {
 public:
  ~Context() { release(); }
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  void release() {
    OM_uint32 minor = 0;
    gss_delete_sec_context(&minor, &context_, GSS_C_NO_BUFFER);
  }
  gss_ctx_id_t* out() { return &context_; }

 private:
  gss_ctx_id_t context_ = GSS_C_NO_CONTEXT;
};

std::string status_text(OM_uint32 status, int kind, gss_OID mechanism) {
  OM_uint32 minor = 0;
  OM_uint32 more = 0;
  Buffer text;
  if (GSS_ERROR(gss_display_status(&minor, status, kind, mechanism, &more, text.get()))) return {};
  // Some texts of MIT Kerberos have the NUL counted that ends them.
  std::string words(text.text());
  words.resize(std::min(words.find('\0'), words.size()));
  return words;
}

/// What GSSAPI has to say; the mechanism's own words where it has any.
std::string failure_text(OM_uint32 major, OM_uint32 minor, gss_OID mechanism) {
  // Not a reason to go on to a weaker scheme.
  if (minor == ENOMEM) throw std::bad_alloc();
  std::string text = minor != 0 ? status_text(minor, GSS_C_MECH_CODE, mechanism) : std::string();
  if (text.empty() || text == "Unknown error" || text == "Success")
    text = status_text(major, GSS_C_GSS_CODE, GSS_C_NO_OID);
  return text;
}

class GssapiMechanism : public Mechanism {
 public:
  GssapiMechanism(Scheme scheme, Credentials credentials)
      : scheme_(scheme), credentials_(std::move(credentials)), mechanism_(mechanism_of(scheme)) {}

  Step take(std::span<const Challenge> challenges, std::string& why) override;
  std::string authorization(const RequestLine& request) override;
  bool unprepared() const override {
    return token_.empty() && accepted_ && !ntlm_ && !is_prepared_;
  }
  void prepare() override;
  bool incomplete() const override { return incomplete_; }
  void accepted() override {
    accepted_ = true;
    incomplete_ = false;
  }

 private:
  bool begin(std::string& why);
  bool acquire(std::string& why);
  bool advance(std::string_view input, std::string& why);

  const Scheme scheme_;
  const Credentials credentials_;
  gss_OID_desc mechanism_;
  Credential credential_;
  Name service_;
  Context context_;
  std::string token_;        // for the next request
  bool begun_ = false;       // a token went out, or is about to
  bool complete_ = false;    // no further token of the peer's is expected
  bool incomplete_ = false;  // the token is the first of NTLM's, which never is enough
  bool ntlm_ = false;        // NTLM, also within Negotiate: it is the connection that is let in
  bool accepted_ = false;
  bool is_prepared_ = false;  // whether there is a token now or none is to be had
};

Mechanism::Step GssapiMechanism::take(std::span<const Challenge> challenges, std::string& why) {
  std::string token;
  for (const Challenge& challenge : challenges)
    if (!challenge.token.empty()) token = from_base64(challenge.token).value_or("");
  // Where each request has to be authenticated, an old success does not count; nor on a connection
  // that is a new one.
  if (std::exchange(accepted_, false) || !begun_)
    return begin(why) ? Step::Ready : Step::Impossible;
  if (token.empty() || complete_) return Step::Refused;
  const bool presented = !incomplete_;
  if (advance(token, why)) return Step::Ready;
  // What a server says after it has seen everything is its refusal, in words of its mechanism.
  if (presented) why.clear();
  return Step::Refused;
}

/// Each request is given a ticket of its own; a server that knows the connection takes it as well.
void GssapiMechanism::prepare() {
  std::string why;
  begin(why);
  is_prepared_ = true;
}

std::string GssapiMechanism::authorization(const RequestLine&) {
  if (unprepared()) prepare();
  is_prepared_ = false;
  if (token_.empty()) return {};
  return std::string(name(scheme_)) + " " + base64(std::exchange(token_, {}));
}

bool GssapiMechanism::begin(std::string& why) {
  context_.release();
  token_.clear();
  begun_ = complete_ = incomplete_ = ntlm_ = false;
  if (!acquire(why)) return false;
  begun_ = advance({}, why);
  return begun_;
}

bool GssapiMechanism::acquire(std::string& why) {
  if (service_.get() != GSS_C_NO_NAME) return true;
  OM_uint32 minor = 0;
  if (!credentials_.user.empty()) {
    Name user;
    OM_uint32 major = user.import(credentials_.user, GSS_C_NT_USER_NAME, minor);
    gss_OID_set_desc mechanisms{1, &mechanism_};
    if (!GSS_ERROR(major) && credentials_.password) {
      gss_buffer_desc password = lent(*credentials_.password);
      major = gss_acquire_cred_with_password(&minor, user.get(), &password, GSS_C_INDEFINITE,
                                             &mechanisms, GSS_C_INITIATE, credential_.out(),
                                             nullptr, nullptr);
    } else if (!GSS_ERROR(major)) {
      major = gss_acquire_cred(&minor, user.get(), GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
                               credential_.out(), nullptr, nullptr);
    }
    if (GSS_ERROR(major)) {
      why = failure_text(major, minor, &mechanism_);
      return false;
    }
  }
  const OM_uint32 major =
      service_.import("HTTP@" + credentials_.host, GSS_C_NT_HOSTBASED_SERVICE, minor);
  if (!GSS_ERROR(major)) return true;
  why = failure_text(major, minor, &mechanism_);
  return false;
}

bool GssapiMechanism::advance(std::string_view input, std::string& why) {
  gss_buffer_desc in = lent(input);
  Buffer out;
  OM_uint32 minor = 0;
  const OM_uint32 major = gss_init_sec_context(
      &minor, credential_.get(), context_.out(), service_.get(), &mechanism_, GSS_C_REPLAY_FLAG, 0,
      GSS_C_NO_CHANNEL_BINDINGS, input.empty() ? GSS_C_NO_BUFFER : &in, nullptr, out.get(), nullptr,
      nullptr);
  if (GSS_ERROR(major)) {
    why = failure_text(major, minor, &mechanism_);
    return false;
  }
  token_ = out.text();
  complete_ = major == GSS_S_COMPLETE;
  incomplete_ = token_.find(kNtlmFirstMessage) != std::string::npos;
  ntlm_ = ntlm_ || incomplete_;
  return !token_.empty();
}

}  // namespace

bool gssapi_offers(Scheme scheme) {
  OM_uint32 minor = 0;
  gss_OID_set mechanisms = GSS_C_NO_OID_SET;
  if (GSS_ERROR(gss_indicate_mechs(&minor, &mechanisms))) return false;
  gss_OID_desc wanted = mechanism_of(scheme);
  int present = 0;
  const OM_uint32 major = gss_test_oid_set_member(&minor, &wanted, mechanisms, &present);
  gss_release_oid_set(&minor, &mechanisms);
  return !GSS_ERROR(major) && present != 0;
}

std::unique_ptr<Mechanism> make_gssapi_mechanism(Scheme scheme, const Credentials& credentials) {
  return std::make_unique<GssapiMechanism>(scheme, credentials);
}

}  // namespace wmpush::auth
