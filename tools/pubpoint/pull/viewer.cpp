#include "pubpoint/pull/viewer.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/system/error_code.hpp>
#include <cerrno>

#include "pubpoint/pull/pull_response.hpp"
#include "wmpush/result.hpp"

namespace wmpush::pubpoint {
namespace {

using boost::system::error_code;

/// One send takes so many packets, and so many bytes.
constexpr std::size_t kBatch = 16;
constexpr std::size_t kBatchBytes = 65536;
/// A viewer that is far behind lets others have their turn.
constexpr int kSendsPerTurn = 8;
/// How long one that has been told the end may take to close.
constexpr std::chrono::seconds kFarewell{5};
/// How long the network may not confirm anything: the peer is gone then.
constexpr unsigned kDeadPeer = 30'000;  // ms

}  // namespace

Viewer::Viewer(ClientSocket socket, Wishes wishes, std::shared_ptr<ViewerRecord> record,
               const Ring& ring, std::function<void(Viewer&)> over)
    : socket_(std::move(socket)),
      wishes_(std::move(wishes)),
      record_(std::move(record)),
      ring_(ring),
      on_over_(std::move(over)),
      text_(std::move(wishes_.head)) {}

void Viewer::start() {
  ::setsockopt(socket_.descriptor(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kDeadPeer, sizeof kDeadPeer);
  wait_for_input();
  next_ = ring_.end();
  if (ring_.header()) {
    next_ = ring_.start();
    begin_entry(*ring_.header());
  }
  pump();
}

void Viewer::begin_entry(const EntryHeader& header) {
  text_ += record_->framed ? header_frames(header.bytes) : std::string(as_text(header.bytes));
  begun_ = true;
  gate_.emplace(header);
  select(wishes_.request);
}

void Viewer::select(const PullRequest& request) {
  wishes_.request.switches = request.switches;
  if (!begun_ || !ring_.header()) return;
  if (!gate_) {
    if (request.switches.empty()) return;
    gate_.emplace(*ring_.header());
  }
  for (const auto& [stream, thinning] : selection(request, *ring_.header()))
    gate_->select(stream, thinning);
}

void Viewer::wait_for_input() {
  socket_.wait_readable([self = shared_from_this()](const error_code& error) {
    if (error || self->over_) return;
    std::array<std::byte, 512> ignored;
    int failure = 0;
    do {
      const std::size_t size = self->socket_.receive(ignored, failure);
      if (size == 0 && failure == 0) return self->close("closed by the viewer");
      if (failure != 0 && failure != EAGAIN) return self->close(self->socket_.reason(failure));
    } while (failure == 0 && self->socket_.has_received());
    self->wait_for_input();
  });
}

void Viewer::wait_until_writable() {
  blocked_ = true;
  socket_.wait_writable([self = shared_from_this()](const error_code& error) {
    if (error || self->over_) return;
    self->blocked_ = false;
    self->pump();
  });
}

void Viewer::say_goodbye(std::uint32_t reason) {
  if (leaving_) return;
  if (record_->framed) text_ += reason_frame('E', reason);
  leaving_ = true;
}

bool Viewer::prepare_text() {
  while (text_.empty() && !leaving_ && next_ < ring_.end()) {
    const Item& item = ring_.at(next_);
    if (item.packet && !gate_) return false;
    ++next_;
    if (item.packet) {
      take_packet(*item.packet);
    } else if (item.is_end()) {
      say_goodbye(item.end_reason);
    } else if (!begun_) {
      begin_entry(*item.header);
    } else if (wishes_.takes_changes) {
      text_ += reason_frame('C', 0);
      begin_entry(*item.header);
    } else {
      // No other player goes on with another header.
      say_goodbye(0);
    }
  }
  return !text_.empty();
}

/// What the gate lets through.
void Viewer::take_packet(const Packet& packet) {
  std::vector<std::byte> edited;
  Bytes rest;
  switch (gate_->pass(packet.whole, edited)) {
    case asf::Kept::None:
      return;
    case asf::Kept::All:
      rest = record_->framed ? packet.stripped : packet.whole;
      break;
    case asf::Kept::Some:
      rest = edited;
      break;
  }
  std::vector<std::byte> padded;
  if (record_->framed) {
    const auto location = static_cast<std::uint32_t>(next_ - 1);
    text_ += as_text(data_frame_head(rest.size(), location, sequence_++));
  } else if (rest.size() < packet.whole.size()) {
    asf::pad_packet(rest, packet.whole.size(), padded);
    rest = padded;
  }
  text_ += as_text(rest);
  ++record_->packets;
  if (gate_->is_open()) gate_.reset();
}

bool Viewer::send_some() {
  prepare_text();
  std::array<std::array<std::byte, kPullFrameHead>, kBatch> heads;
  std::array<Bytes, 1 + 2 * kBatch> parts;
  std::size_t count = 0;
  std::size_t total = 0;
  const auto add = [&](Bytes part) {
    parts[count++] = part;
    total += part.size();
  };
  if (text_.size() > text_sent_) add(as_bytes(text_).subspan(text_sent_));
  std::size_t packets = 0;
  for (std::uint64_t at = next_; !gate_ && !leaving_ && at < ring_.end(); ++at) {
    const Item& item = ring_.at(at);
    if (!item.packet || packets == kBatch || total >= kBatchBytes) break;
    const Bytes bytes = record_->framed ? item.packet->stripped : item.packet->whole;
    if (record_->framed) {
      heads[packets] = data_frame_head(bytes.size(), static_cast<std::uint32_t>(at),
                                       static_cast<std::uint8_t>(sequence_ + packets));
      add(heads[packets]);
    }
    add(bytes);
    ++packets;
  }
  if (count == 0) {
    const int failure = socket_.flush();
    if (failure == EAGAIN)
      wait_until_writable();
    else if (failure != 0)
      close(socket_.reason(failure));
    return false;
  }

  int failure = 0;
  std::size_t sent = socket_.send(std::span(parts).first(count), failure);
  if (failure != 0 && failure != EAGAIN) {
    close(socket_.reason(failure));
    return false;
  }
  if (sent > 0) took_some_ = true;
  record_->bytes += sent;
  const bool all = sent == total && !socket_.wants_to_send();

  const std::size_t text = std::min(sent, text_.size() - text_sent_);
  text_sent_ += text;
  sent -= text;
  if (text_sent_ == text_.size()) {
    text_.clear();
    text_sent_ = 0;
  }
  // A packet that is out in part goes on as text: the ring may have lost it by then.
  for (std::size_t i = 0; i < packets && sent > 0; ++i) {
    const Packet& packet = *ring_.at(next_).packet;
    const Bytes bytes = record_->framed ? packet.stripped : packet.whole;
    const std::size_t head = record_->framed ? kPullFrameHead : 0;
    const std::size_t taken = std::min(sent, head + bytes.size());
    if (taken < head + bytes.size()) {
      if (taken < head) text_ += as_text(Bytes(heads[i]).subspan(taken));
      text_ += as_text(bytes.subspan(taken - std::min(taken, head)));
    }
    sent -= taken;
    ++next_;
    ++sequence_;
    ++record_->packets;
  }
  if (!all) wait_until_writable();
  return all;
}

void Viewer::pump() {
  // The ring may have gone on since the last look at the pace.
  if (!over_ && !leaving_ && next_ < ring_.begin()) skip_ahead();
  for (int i = 0; i < kSendsPerTurn; ++i) {
    if (over_ || blocked_ || (leaving_ && text_.empty())) break;
    if (!send_some()) break;
  }
  note_behind();
  if (over_ || blocked_) return;
  if (leaving_ && text_.empty()) return finish();
  if (next_ < ring_.end()) wait_until_writable();  // it is someone else's turn
}

void Viewer::finish() {
  if (farewell_ != Clock::time_point{}) return;
  if (socket_.shut_down() == EAGAIN) return wait_until_writable();
  farewell_ = Clock::now();
}

void Viewer::check_farewell(Clock::time_point now) {
  if (farewell_ != Clock::time_point{} && now - farewell_ >= kFarewell)
    close("the end of the stream");
}

void Viewer::check_pace(std::size_t queue) {
  note_behind();
  if (over_ || leaving_) return;
  const bool lost_some = next_ < ring_.begin();
  if (lost_some || (blocked_ && ring_.bytes_from(next_) > queue)) skip_ahead();
}

void Viewer::skip_ahead() {
  if (!took_some_) return close("too slow: it took nothing of all that a viewer may be behind");
  if (begun_ && next_ <= ring_.last_change()) {
    // The end of its entry is not to be missed: it is what comes next, or it is told as it was.
    if (ring_.last_change() >= ring_.begin())
      next_ = ring_.last_change();
    else
      say_goodbye(0);
    return;
  }
  // Without a key frame to go on with, at the next that comes.
  next_ = std::max(next_, ring_.newest_start());
  if (begun_) {
    gate_.emplace(*ring_.header());
    select(wishes_.request);
  }
  took_some_ = false;
  ++record_->skips;
}

void Viewer::dismiss() {
  if (over_) return;
  // For a server that shows it to others it is no end: the stream may go on soon.
  const bool is_edge = wishes_.request.user_agent.starts_with("NSServer/");
  say_goodbye(is_edge ? static_cast<std::uint32_t>(Result::NS_E_SHUTDOWN) : 0);
  pump();
  close("the server stops");
}

void Viewer::close(const std::string& because) {
  if (std::exchange(over_, true)) return;
  record_->ended_because = farewell_ != Clock::time_point{} ? "the end of the stream" : because;
  socket_.close();
  on_over_(*this);
}

}  // namespace wmpush::pubpoint
