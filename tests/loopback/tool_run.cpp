#include "tool_run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <system_error>

#include "asf/splitter.hpp"

namespace wmpush::test {
namespace {

Words in_shell(const std::string& redirection, const std::filesystem::path& path,
               const Words& words) {
  // exec: the process that is started is the command's own.
  Words all{"sh", "-c", "file=$1; shift; exec \"$@\" " + redirection + "\"$file\"", "sh",
            path.string()};
  const Words command = wmpush(words);
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

}  // namespace

Words wmpush(const Words& words) {
  Words all{WMPUSH_PROGRAM};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

Words wmpush_reading(const std::filesystem::path& input, const Words& words) {
  return in_shell("<", input, words);
}

Words wmpush_telling(const std::filesystem::path& error, const Words& words) {
  return in_shell("2>", error, words);
}

Finished run(const Words& command, const Words& environment) {
  const auto start = std::chrono::steady_clock::now();
  ChildProcess child(command, environment);
  Finished finished;
  finished.status = child.wait();
  finished.seconds = Seconds(std::chrono::steady_clock::now() - start).count();
  finished.output = child.output();
  finished.error = child.error_text();
  return finished;
}

Words quick(Words words) {
  for (const char* word : {"--connect_timeout", "5", "--response_timeout", "400ms",
                           "--send_timeout", "400ms", "--end_timeout", "400ms"})
    words.emplace_back(word);
  return words;
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n');
  if (end == text.npos) return {};
  const std::size_t before = text.rfind('\n', end);
  return text.substr(before == text.npos ? 0 : before + 1, end - (before + 1) + 1);
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

std::string long_stream(std::size_t size) {
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  Bytes input = as_bytes(clip());
  std::string stream;
  std::string packets;
  do {
    if (splitter.next(input, unit)) throw std::runtime_error("the clip is not ASF");
    if (unit.kind == asf::Splitter::Kind::Header) stream += as_text(unit.bytes);
    if (unit.kind == asf::Splitter::Kind::Packet) packets += as_text(unit.bytes);
  } while (unit.kind != asf::Splitter::Kind::None);
  while (stream.size() < size) stream += packets;
  return stream;
}

std::size_t packets_in(const std::string& asf) {
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  Bytes input = as_bytes(asf);
  std::size_t packets = 0;
  do {
    if (splitter.next(input, unit)) break;
    if (unit.kind == asf::Splitter::Kind::Packet) ++packets;
  } while (unit.kind != asf::Splitter::Kind::None);
  return packets;
}

std::string decoded_frames(const std::filesystem::path& file) {
  const Finished ffmpeg = run({"ffmpeg", "-v", "error", "-nostdin", "-i", file.string(), "-map",
                               "0", "-f", "framemd5", "-"});
  return ffmpeg.status == 0 ? ffmpeg.output : "";
}

Fifo::Fifo(std::filesystem::path path) : path_(std::move(path)) {
  if (mkfifo(path_.c_str(), 0600) != 0)
    throw std::system_error(errno, std::system_category(), "mkfifo");
  // For reading too, on Linux: opening does not wait for the reader then.
  descriptor_ = open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor_ < 0) throw std::system_error(errno, std::system_category(), "open");
}

Fifo::~Fifo() { close(); }

void Fifo::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

void Fifo::drain() {
  char buffer[4096];
  while (read(descriptor_, buffer, sizeof buffer) > 0) {
  }
}

bool Fifo::write(std::string_view text) { return !write_until_stalled(text, 10'000); }

bool Fifo::write_until_stalled(std::string_view text, int patience_ms) {
  while (!text.empty()) {
    pollfd waiting{descriptor_, POLLOUT, 0};
    if (poll(&waiting, 1, patience_ms) <= 0) return true;
    const ssize_t count =
        ::write(descriptor_, text.data(), std::min<std::size_t>(text.size(), 4096));
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  return false;
}

bool Terminal::is_to_be_had() { return access("/dev/ptmx", R_OK | W_OK) == 0; }

Terminal::Terminal(unsigned short columns) {
  screen_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (screen_ < 0 || grantpt(screen_) != 0 || unlockpt(screen_) != 0)
    throw std::system_error(errno, std::system_category(), "posix_openpt");
  char name[128];
  if (ptsname_r(screen_, name, sizeof name) != 0)
    throw std::system_error(errno, std::system_category(), "ptsname");
  path_ = name;
  keyboard_ = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  winsize size{};
  size.ws_row = 25;
  size.ws_col = columns;
  ioctl(screen_, TIOCSWINSZ, &size);
}

Terminal::~Terminal() {
  close(keyboard_);
  close(screen_);
}

std::string Terminal::text() {
  char buffer[4096];
  for (ssize_t count = 0; (count = read(screen_, buffer, sizeof buffer)) > 0;)
    text_.append(buffer, static_cast<std::size_t>(count));
  return text_;
}

bool Terminal::wait_for(std::string_view words) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    if (text().find(words) != std::string::npos) return true;
    pollfd waiting{screen_, POLLIN, 0};
    poll(&waiting, 1, 100);
  }
  return false;
}

void Terminal::type(std::string_view words) {
  EXPECT_EQ(write(screen_, words.data(), words.size()), static_cast<ssize_t>(words.size()));
}

pubpoint::Settings ToolTest::recording_settings() const {
  pubpoint::Settings settings;
  settings.record = folder.path() / "recorded";
  return settings;
}

std::filesystem::path ToolTest::write_file(const std::string& name,
                                           std::string_view content) const {
  std::ofstream(file(name), std::ios::binary) << content;
  return file(name);
}

void ToolTest::add_fault(At at, Do what, int status, std::uint64_t packet) {
  Fault fault;
  fault.at = at;
  fault.what = what;
  fault.status = status;
  fault.packet = packet;
  server.add_fault(fault);
}

pubpoint::SessionReport ToolTest::last_session() {
  EXPECT_TRUE(server.wait_for([&] {
    const auto sessions = server.sessions();
    return !sessions.empty() && !sessions.back().running;
  }));
  const auto sessions = server.sessions();
  return sessions.empty() ? pubpoint::SessionReport{} : sessions.back();
}

std::string ToolTest::breaches() const {
  std::string text;
  for (const pubpoint::Breach& breach : server.breaches())
    text += breach.rule + ": " + breach.text + "\n";
  return text;
}

}  // namespace wmpush::test
