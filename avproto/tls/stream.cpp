#include "tls/stream.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <exception>
#include <new>
#include <utility>

#include "core/would_block.hpp"

namespace wmpush::tls {
namespace {

/// Plain bytes of a record, at the most.
constexpr std::size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;
/// Plain bytes that become records before the kernel is asked: one send for all of them.
constexpr std::size_t kBatch = 4 * kRecord;
/// Records without content that one call reads past.
constexpr int kOwnRecords = 32;
/// Records after which a key is replaced: well within what RFC 8446, 5.5 allows.
constexpr std::uint64_t kRecordsOfAKey = std::uint64_t{1} << 23;
/// Bytes of room that a connection keeps for records while it has none.
constexpr std::size_t kKept = 2 * kRecord;
/// Records of which is remembered where they end. Past that some count for one.
constexpr std::size_t kMostRecords = 4096;

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace

/// The socket as OpenSSL sees it: reads come from it, and writes are kept until flush(), so that
/// OpenSSL never has to ask for anything again.
struct Stream::Wire {
  static Stream& of(BIO* bio) { return *static_cast<Stream*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* buffer, int size) {
    Stream& stream = of(bio);
    BIO_clear_retry_flags(bio);
    const ssize_t count =
        ::recv(stream.descriptor_, buffer, static_cast<std::size_t>(size), MSG_DONTWAIT);
    stream.drained_ = count < 0;
    if (count > 0) {
      stream.silent_ = false;
      return static_cast<int>(count);
    }
    if (count == 0) {
      stream.ended_ = true;
    } else if (is_would_block(errno)) {
      BIO_set_retry_read(bio);
    } else {
      stream.wire_error_ = errno;
    }
    return count == 0 ? 0 : -1;
  }

  static int write(BIO* bio, const char* data, int size) {
    Stream& stream = of(bio);
    BIO_clear_retry_flags(bio);
    try {
      append(stream.out_, as_bytes({data, static_cast<std::size_t>(size)}));
      return size;
    } catch (const std::exception&) {
      stream.out_of_memory_ = true;
      return -1;
    }
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return of(bio).ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  /// One for the process, which is never freed: connections in other threads may need it as long
  /// as there is a process.
  static const BIO_METHOD* method() {
    static const BIO_METHOD* const the_method = [] {
      BIO_METHOD* const made =
          BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wmpush socket");
      if (made == nullptr) throw std::bad_alloc();
      BIO_meth_set_read(made, read);
      BIO_meth_set_write(made, write);
      BIO_meth_set_ctrl(made, control);
      return made;
    }();
    return the_method;
  }
};

Stream::Stream(const Context& context, int descriptor, bool is_client)
    : descriptor_(descriptor), is_client_(is_client) {
  ERR_clear_error();
  BIO* const bio = BIO_new(Wire::method());
  ssl_ = SSL_new(context.get());
  if (bio == nullptr || ssl_ == nullptr) {
    BIO_free(bio);
    SSL_free(ssl_);
    throw std::bad_alloc();
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  verification_.has_certificate = context.has_certificate();
  attach(ssl_, verification_);
  if (is_client)
    SSL_set_connect_state(ssl_);
  else
    SSL_set_accept_state(ssl_);
}

Stream::~Stream() { SSL_free(ssl_); }

std::unique_ptr<Stream> Stream::client(const Context& context, int descriptor, std::string host) {
  std::unique_ptr<Stream> stream(new Stream(context, descriptor, true));
  if (host.size() > 1 && host.ends_with('.')) host.pop_back();
  // A zone (%eth0) is of this machine alone.
  const std::string plain = host.substr(0, host.find('%'));
  X509_VERIFY_PARAM* const rules = SSL_get0_param(stream->ssl_);
  bool good = true;
  if (is_address(plain)) {
    good = !context.verifies() || X509_VERIFY_PARAM_set1_ip_asc(rules, plain.c_str()) == 1;
  } else {
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    good = SSL_set_tlsext_host_name(stream->ssl_, host.c_str()) == 1 &&
           (!context.verifies() || X509_VERIFY_PARAM_set1_host(rules, host.c_str(), 0) == 1);
  }
  if (!good) throw std::bad_alloc();
  stream->verification_.host = std::move(host);
  return stream;
}

std::unique_ptr<Stream> Stream::server(const Context& context, int descriptor) {
  return std::unique_ptr<Stream>(new Stream(context, descriptor, false));
}

int Stream::failure(int result) {
  const int kind = SSL_get_error(ssl_, result);
  if (out_of_memory_ || verification_.out_of_memory) throw std::bad_alloc();
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return EAGAIN;
  error_ = EPROTO;
  if (wire_error_ != 0) return error_ = wire_error_;
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();  // the queue is the thread's, and the program may use it as well
  if (ended_ && established_) {
    fault_ = std::string(
                 "the connection was closed without the close_notify of TLS: it was cut "
                 "off, or the ") +
             (is_client_ ? "server" : "client") + " ends it that way";
    return error_ = ECONNABORTED;
  }
  plain_http_ = is_plain_http(error);
  fault_ = !is_client_    ? reason_of(error)
           : established_ ? connection_fault(error, verification_)
                          : handshake_fault(error, verification_);
  return error_;
}

int Stream::handshake() {
  if (error_ != 0) return error_;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  const int error = result == 1 ? 0 : failure(result);
  established_ = result == 1;
  // An alert tells the peer why, and is to reach it. Where nothing can be sent any more there may
  // still be something to receive: that is for the calls to come.
  flush_out();
  return error;
}

Transfer Stream::receive(MutableBytes buffer) {
  if (error_ != 0) return {0, error_, false};
  ERR_clear_error();
  const int size = static_cast<int>(std::min<std::size_t>(buffer.size(), INT_MAX));
  int error = EAGAIN;
  // A record of the protocol's own gives nothing to read: what is behind it is tried, but not for
  // ever, since a peer may send nothing else.
  for (int records = 0; error == EAGAIN && records < kOwnRecords; ++records) {
    drained_ = false;
    const int result = SSL_read(ssl_, buffer.data(), size);
    if (result > 0) return {static_cast<std::size_t>(result), 0, false};
    if (SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN) return {0, 0, true};
    error = failure(result);
    if (drained_) break;
  }
  // The reading may have had something to say. What has gone of the records of send() only that
  // tells.
  if (sealed_.empty()) flush_out();
  return {0, error, false};
}

bool Stream::has_received() const { return error_ == 0 && SSL_pending(ssl_) > 0; }

/// Makes a record of what comes next: of the parts, from `offset` in the first.
bool Stream::seal(std::span<const Bytes>& parts, std::size_t& offset) {
  std::array<std::byte, kRecord> gathered;
  Bytes plain;
  while (!parts.empty() && plain.size() < kRecord) {
    const Bytes part = parts.front().subspan(offset);
    const std::size_t taken = std::min(part.size(), kRecord - plain.size());
    if (plain.empty() && (taken == kRecord || parts.size() == 1)) {
      plain = part.first(taken);  // as it is
    } else if (taken > 0) {
      std::ranges::copy(part.first(taken),
                        gathered.begin() + static_cast<std::ptrdiff_t>(plain.size()));
      plain = Bytes(gathered).first(plain.size() + taken);
    }
    offset += taken;
    if (offset == parts.front().size()) {
      parts = parts.subspan(1);
      offset = 0;
    }
    if (taken == kRecord) break;
  }
  if (plain.empty()) return false;
  if (sealed_.empty()) {
    // Whatever else is on its way there goes out before.
    cipher_begun_ = cipher_sent_ + (out_.size() - sent_);
    plain_begun_ = plain_sealed_;
  }
  ERR_clear_error();
  const int written = SSL_write(ssl_, plain.data(), static_cast<int>(plain.size()));
  if (written <= 0) {
    if (failure(written) == EAGAIN) error_ = EPROTO;  // nothing of ours makes it wait
    return false;
  }
  if (++records_ % kRecordsOfAKey == 0 && SSL_version(ssl_) == TLS1_3_VERSION)
    SSL_key_update(ssl_, SSL_KEY_UPDATE_NOT_REQUESTED);
  plain_sealed_ += plain.size();
  sealed_.push_back({cipher_sent_ + (out_.size() - sent_), plain_sealed_});
  return true;
}

int Stream::flush_out() noexcept {
  while (wants_to_send()) {
    const Bytes rest = Bytes(out_).subspan(sent_);
    const ssize_t count =
        ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) return is_would_block(errno) ? EAGAIN : errno;
    sent_ += static_cast<std::size_t>(count);
    cipher_sent_ += static_cast<std::uint64_t>(count);
  }
  out_.clear();
  if (out_.capacity() > kKept) out_ = {};
  sent_ = 0;
  return 0;
}

/// Moves on what has gone by now. A record of which a part has gone counts by that part, but never
/// as whole: the kernel cannot know how much of the plain bytes that is.
void Stream::note_sent() {
  while (!sealed_.empty() && sealed_.front().cipher_end <= cipher_sent_) {
    const Record record = sealed_.front();
    sealed_.pop_front();
    cipher_begun_ = record.cipher_end;
    plain_begun_ = record.plain_end;
    plain_told_ = record.plain_end;
    if (!is_client_) continue;
    if (gone_.size() == kMostRecords) gone_.pop_front();  // its bytes count with the next
    gone_.push_back(record);
  }
  if (sealed_.empty() || cipher_sent_ <= cipher_begun_) return;
  const std::uint64_t part =
      std::min(cipher_sent_ - cipher_begun_, sealed_.front().plain_end - plain_begun_ - 1);
  plain_told_ = std::max(plain_told_, plain_begun_ + part);
}

Transfer Stream::send(std::span<const Bytes> parts) {
  if (error_ != 0) return {0, error_, false};
  const std::uint64_t before = plain_told_;
  // What is sealed and was not told stands in front once more.
  std::uint64_t known = plain_sealed_ - plain_told_;
  std::size_t offset = 0;
  while (!parts.empty() && known >= parts.front().size()) {
    known -= parts.front().size();
    parts = parts.subspan(1);
  }
  if (!parts.empty()) offset = static_cast<std::size_t>(known);

  int error = flush_out();
  if (error == 0) error = seal_batch(parts, offset, kBatch);
  note_sent();
  const auto count = static_cast<std::size_t>(plain_told_ - before);
  // What has gone is told; a failure comes again with the next call.
  return count > 0 ? Transfer{count, 0, false} : Transfer{0, error, false};
}

/// Makes records of the parts, from `offset` in the first, as far as the kernel takes them at once.
int Stream::seal_batch(std::span<const Bytes> parts, std::size_t offset, std::size_t batch) {
  while (true) {
    const std::uint64_t before = plain_sealed_;
    while (plain_sealed_ - before < batch)
      if (!seal(parts, offset)) break;
    if (error_ != 0) return error_;
    if (plain_sealed_ == before) return 0;
    if (const int error = flush_out(); error != 0) return error;
  }
}

Transfer Stream::write(std::span<const Bytes> parts) {
  if (error_ != 0) return {0, error_, false};
  int error = flush_out();
  const std::uint64_t before = plain_sealed_;
  // A peer that takes nothing is to cost little: there may be thousands.
  if (error == 0) error = seal_batch(parts, 0, kRecord);
  note_sent();
  const auto count = static_cast<std::size_t>(plain_sealed_ - before);
  return count > 0 ? Transfer{count, 0, false} : Transfer{0, error, false};
}

int Stream::flush() {
  const int error = flush_out();
  note_sent();
  return error;
}

int Stream::close() noexcept {
  if (error_ != 0 || !established_) return 0;
  ERR_clear_error();
  if (!std::exchange(closing_, true)) SSL_shutdown(ssl_);
  ERR_clear_error();
  return flush_out();
}

std::size_t Stream::unacknowledged(std::size_t on_the_wire) {
  const std::uint64_t arrived = cipher_sent_ - std::min<std::uint64_t>(on_the_wire, cipher_sent_);
  while (!gone_.empty() && gone_.front().cipher_end <= arrived) {
    plain_confirmed_ = gone_.front().plain_end;
    gone_.pop_front();
  }
  return static_cast<std::size_t>(plain_told_ - plain_confirmed_);
}

}  // namespace wmpush::tls
