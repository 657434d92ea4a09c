// TLS on a connected socket: plain bytes on this side, records on the other (RFC 8446).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "tls/context.hpp"
#include "tls/fault.hpp"

struct ssl_st;

namespace wmpush::tls {

/// What became of one try to send or to receive.
struct Transfer {
  std::size_t count = 0;  ///< plain bytes
  /// errno; EAGAIN: nothing can be done now; EPROTO: fault() says what is wrong; ECONNABORTED: the
  /// connection was closed without close_notify, so that what came may not be all.
  int error = 0;
  bool closed = false;  ///< the peer has said that no more comes (close_notify)
};

/// Never waits, whatever the socket is set to. Belongs to one thread at a time. Where there is no
/// memory a call throws std::bad_alloc.
///
/// There are two ways to send, of which a connection keeps to one. send() counts the bytes that the
/// kernel has taken, and wants the others again at the front of the next call. write() counts the
/// bytes that were encrypted into a buffer here, and takes no more before that has gone.
class Stream {
 public:
  /// The client's side, on a socket that is borrowed. `host`: a name, or an address without
  /// brackets, that the server's certificate has to be for.
  static std::unique_ptr<Stream> client(const Context& context, int descriptor, std::string host);
  /// The server's side.
  static std::unique_ptr<Stream> server(const Context& context, int descriptor);

  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Goes on with the handshake. 0: it is done; EAGAIN: look again when the socket is readable, or
  /// writable while wants_to_send(); otherwise as Transfer::error has it.
  int handshake();
  Transfer receive(MutableBytes buffer);
  Transfer send(std::span<const Bytes> parts);
  Transfer write(std::span<const Bytes> parts);
  /// Hands the kernel what it takes of the records that wait. 0: all has gone; EAGAIN, or the errno
  /// of a connection that is lost.
  int flush();
  /// Says that no more comes (close_notify). EAGAIN: the kernel does not take that now; call it
  /// again when it is writable. Otherwise as flush(); 0 where nothing can be said any more.
  int close() noexcept;

  /// The kernel does not have all that it is to get.
  bool wants_to_send() const { return sent_ < out_.size(); }
  /// receive() has something to give though the socket may be silent.
  bool has_received() const;
  /// Nothing ever came.
  bool silent() const { return silent_; }
  /// A request in clear was found instead of a handshake.
  bool plain_http() const { return plain_http_; }
  /// One clause: what is wrong with the TLS, and the remedy. Empty: nothing.
  const std::string& fault() const { return fault_; }

  /// How many of the plain bytes that were told as sent the peer's kernel has not confirmed, when
  /// it has not confirmed `on_the_wire` of the socket's. A record counts until it is there whole,
  /// since nothing can be read of it before.
  std::size_t unacknowledged(std::size_t on_the_wire);

 private:
  /// What has gone into a record: how far that reaches, in bytes since the handshake began.
  struct Record {
    std::uint64_t cipher_end;
    std::uint64_t plain_end;
  };
  struct Wire;  // what OpenSSL reads from and writes to

  Stream(const Context& context, int descriptor, bool is_client);

  int flush_out() noexcept;
  int seal_batch(std::span<const Bytes> parts, std::size_t offset, std::size_t batch);
  void note_sent();
  /// What a call of OpenSSL has failed with.
  int failure(int result);
  bool seal(std::span<const Bytes>& parts, std::size_t& offset);

  const int descriptor_;
  const bool is_client_;
  ssl_st* ssl_ = nullptr;
  Verification verification_;
  std::string fault_;
  bool plain_http_ = false;
  bool established_ = false;    // the handshake is over
  int error_ = 0;               // after which OpenSSL is not to be asked any more
  bool out_of_memory_ = false;  // for what OpenSSL has written
  int wire_error_ = 0;          // errno of the socket
  bool silent_ = true;          // nothing ever came
  bool drained_ = false;        // the last read found nothing more
  bool closing_ = false;        // close_notify is on its way
  bool ended_ = false;          // the socket has nothing more to give

  std::uint64_t records_ = 0;   // that were made
  std::vector<std::byte> out_;  // records, of which
  std::size_t sent_ = 0;        // so many bytes have gone
  std::uint64_t cipher_sent_ = 0;
  std::uint64_t plain_sealed_ = 0;  // that records were made of
  std::uint64_t plain_told_ = 0;    // as sent
  std::uint64_t plain_confirmed_ = 0;
  std::deque<Record> sealed_;       // and not all gone
  std::uint64_t cipher_begun_ = 0;  // where the first of them begins
  std::uint64_t plain_begun_ = 0;
  std::deque<Record> gone_;  // and not confirmed; a client's only
};

}  // namespace wmpush::tls
