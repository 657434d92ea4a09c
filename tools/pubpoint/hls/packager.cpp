#include "pubpoint/hls/packager.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>

namespace wmpush::pubpoint {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// The program is to have less weight than the server: a packet goes before a picture.
constexpr int kNiceness = 10;
/// What the system keeps of the stream for the program, in bytes, where it lets us.
constexpr int kPipeSize = 1 << 20;

/// Both ends of a pipe; -1 where there is none.
struct Pipe {
  int reading = -1;
  int writing = -1;

  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    reading = ends[0];
    writing = ends[1];
  }
  ~Pipe() {
    if (reading >= 0) ::close(reading);
    if (writing >= 0) ::close(writing);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  bool is_open() const { return reading >= 0; }
};

/// Hands an end over to a descriptor that never waits.
void hand_over(int& end, asio::posix::stream_descriptor& to) {
  to.assign(std::exchange(end, -1));
  to.non_blocking(true);
}

}  // namespace

Packager::Packager(asio::io_context& context, HlsSettings settings, HlsMode mode, Events events)
    : settings_(std::move(settings)),
      mode_(mode),
      events_(std::move(events)),
      program_(std::make_shared<ChildProgram>(context)),
      input_(context),
      output_(context),
      errors_(context),
      reader_(settings_.memory),
      complaints_(mode) {}

void Packager::start(const std::shared_ptr<const EntryHeader>& header,
                     const std::deque<std::shared_ptr<const Packet>>& packets) {
  if (std::string wrong = open(header->has_video); !wrong.empty()) {
    why_ = settings_.program + " cannot be started: " + wrong +
           "; install FFmpeg, or name its program under [hls]";
    return asio::post(input_.get_executor(), [self = shared_from_this()] { self->check_over(); });
  }
  give({header, header->bytes});
  for (const auto& packet : packets) take(packet);
  read_output();
  read_errors();
}

std::string Packager::open(bool has_video) {
  Pipe input;
  Pipe output;
  Pipe errors;
  if (!input.is_open() || !output.is_open() || !errors.is_open())
    return std::system_category().message(errno);
  ::fcntl(input.writing, F_SETPIPE_SZ, kPipeSize);
  std::string wrong =
      program_->start({.words = packager_command(settings_, mode_, has_video),
                       .input = input.reading,
                       .output = output.writing,
                       .errors = errors.writing,
                       .niceness = kNiceness},
                      true, [self = shared_from_this()](ProgramEnd end) {
                        self->runs_ = false;
                        if (!end.exited)
                          self->ended_so_ = "signal " + std::to_string(end.number) + " ended it";
                        else if (end.number != 0)
                          self->ended_so_ = "it ended with status " + std::to_string(end.number);
                        self->check_over();
                      });
  if (!wrong.empty()) return wrong;
  runs_ = true;
  hand_over(input.writing, input_);
  hand_over(output.reading, output_);
  hand_over(errors.reading, errors_);
  return {};
}

void Packager::take(const std::shared_ptr<const Packet>& packet) {
  if (input_ends_ || broken_ || !why_.empty()) return;
  const std::size_t size = packet->whole.size();
  const bool is_full = queued_ + size > settings_.queue;
  if (is_full || (dropped_ > 0 && !packet->starts)) {
    ++dropped_;
    return;
  }
  if (dropped_ > 0) events_.dropped(std::exchange(dropped_, 0));
  give({packet, packet->whole});
}

void Packager::give(Piece piece) {
  queued_ += piece.bytes.size();
  queue_.push_back(std::move(piece));
  write_next();
}

void Packager::write_next() {
  if (writing_ || !input_.is_open()) return;
  if (queue_.empty()) {
    error_code ignored;
    if (input_ends_) input_.close(ignored);
    return;
  }
  writing_ = true;
  const Bytes bytes = queue_.front().bytes;
  input_.async_write_some(asio::buffer(bytes.data(), bytes.size()),
                          [self = shared_from_this()](const error_code& error, std::size_t count) {
                            self->writing_ = false;
                            if (error) {  // it reads no more: its end says why
                              error_code ignored;
                              self->input_.close(ignored);
                              self->queue_.clear();
                              self->queued_ = 0;
                              self->broken_ = true;
                              return;
                            }
                            self->queued_ -= count;
                            Bytes& rest = self->queue_.front().bytes;
                            rest = rest.subspan(count);
                            if (rest.empty()) self->queue_.pop_front();
                            self->write_next();
                          });
}

void Packager::finish() {
  input_ends_ = true;
  write_next();
}

void Packager::kill(std::string why) {
  if (why_.empty()) why_ = std::move(why);
  program_->kill();
}

void Packager::read_output() {
  output_.async_read_some(asio::buffer(output_buffer_),
                          [self = shared_from_this()](const error_code& error, std::size_t count) {
                            if (error) {
                              error_code ignored;
                              self->output_.close(ignored);
                              self->emit();
                              return self->check_over();
                            }
                            self->take_output(Bytes(self->output_buffer_).first(count));
                            self->read_output();
                          });
}

void Packager::take_output(Bytes bytes) {
  if (!why_.empty()) return;
  std::vector<Fragment> fragments;
  std::string wrong = reader_.take(bytes, fragments);
  if (!has_init_ && !reader_.init().empty()) {
    has_init_ = true;
    events_.init(reader_.init());
  }
  for (Fragment& fragment : fragments) {
    if (!has_init_) break;
    if (segment_.bytes.size() + fragment.bytes.size() > settings_.memory)
      return kill("a segment would have more than " + std::to_string(settings_.memory) +
                  " bytes, which is what memory under [hls] allows: the times of the stream hardly "
                  "go on");
    segment_.bytes += fragment.bytes;
    segment_.duration += fragment.duration;
    if (segment_.duration + std::chrono::milliseconds(1) >= settings_.segment_time) emit();
  }
  if (!wrong.empty()) kill(std::move(wrong));
}

void Packager::emit() {
  Fragment segment = std::exchange(segment_, {});
  if (!segment.bytes.empty() && why_.empty())
    events_.segment(std::move(segment.bytes), segment.duration);
}

void Packager::read_errors() {
  errors_.async_read_some(
      asio::buffer(errors_buffer_),
      [self = shared_from_this()](const error_code& error, std::size_t count) {
        if (error) {
          error_code ignored;
          self->errors_.close(ignored);
          return self->check_over();
        }
        if (self->complaints_.take({self->errors_buffer_.data(), count}) && self->why_.empty())
          self->kill(self->complaints_.told());
        self->read_errors();
      });
}

/// Both of its outputs are read to their ends before it is over.
void Packager::check_over() {
  if (runs_ || output_.is_open() || errors_.is_open() || !events_.over) return;
  error_code ignored;
  input_.close(ignored);
  std::string why = why_;
  if (why.empty() && (!ended_so_.empty() || !input_ends_)) {
    const std::string told = complaints_.told();
    why = settings_.program + ": " +
          (told.empty() ? ended_so_.empty() ? "it ended before the stream" : ended_so_ : told);
  }
  if (why.empty() && !has_init_) why = settings_.program + " has written nothing";
  std::exchange(events_.over, nullptr)(std::move(why));
}

}  // namespace wmpush::pubpoint
