#include "program_run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "core/descriptor.hpp"
#include "pubpoint/process/spawn.hpp"

namespace wmpush::tool {
namespace {

using Clock = std::chrono::steady_clock;

std::string text_of(int error) { return std::generic_category().message(error); }

std::chrono::milliseconds until(Clock::time_point limit) {
  return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(limit - Clock::now()),
                  std::chrono::milliseconds(0));
}

/// Until the other end is closed, or `limit` has passed.
void read_to_end(int from, Clock::time_point limit, std::string& output) {
  std::array<char, 4096> piece;
  while (Clock::now() < limit) {
    pollfd waiting{from, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(until(limit).count()));
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t size = read(from, piece.data(), piece.size());
    if (size <= 0) return;
    const std::size_t room = ProgramRun::kMostOutput - output.size();
    output.append(piece.data(), std::min(room, static_cast<std::size_t>(size)));
  }
}

/// Whether it has ended when `limit` passes. It may live on without an output.
bool has_ended_by(pid_t child, Clock::time_point limit) {
  constexpr int kLook = 5;  // ms
  for (;;) {
    siginfo_t end{};
    if (waitid(P_PID, static_cast<id_t>(child), &end, WEXITED | WNOWAIT | WNOHANG) == 0 &&
        end.si_pid == child)
      return true;
    if (Clock::now() >= limit) return false;
    poll(nullptr, 0, kLook);
  }
}

bool can_run(const std::string& file) {
  std::error_code ignored;
  return access(file.c_str(), X_OK) == 0 && !std::filesystem::is_directory(file, ignored);
}

}  // namespace

ProgramRun ProgramRun::run(const std::vector<std::string>& words, std::chrono::milliseconds limit,
                           const std::vector<std::string>& more_environment) {
  ProgramRun run;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    run.failure = words[0] + " cannot be run: " + text_of(errno);
    return run;
  }
  const Descriptor from(ends[0]);
  Descriptor to(ends[1]);
  const Descriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  pubpoint::Spawn spawn{.words = words};
  spawn.environment.insert(spawn.environment.end(), more_environment.begin(),
                           more_environment.end());
  spawn.input = nothing.get();
  spawn.output = spawn.errors = to.get();
  pid_t child = 0;
  if (const int error = spawn.run(child); error != 0) {
    run.failure = words[0] + " cannot be run: " + text_of(error);
    return run;
  }
  to.close();
  const Clock::time_point last = Clock::now() + limit;
  read_to_end(from.get(), last, run.output);
  if (!has_ended_by(child, last)) {
    pubpoint::kill_group(child);
    run.failure = words[0] + " has not ended within " +
                  std::to_string(std::chrono::ceil<std::chrono::seconds>(limit).count()) + " s";
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return run;
}

std::string find_program(const std::string& name) {
  if (name.find('/') != name.npos) return can_run(name) ? name : "";
  const char* path = std::getenv("PATH");
  std::string folders = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  folders += ':';
  for (std::size_t begin = 0, end; (end = folders.find(':', begin)) != folders.npos;
       begin = end + 1) {
    const std::string folder = folders.substr(begin, end - begin);
    const std::string file = (folder.empty() ? "." : folder) + "/" + name;
    if (can_run(file)) return file;
  }
  return {};
}

std::string find_program_beside(const std::string& name) {
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  if (const std::string file = (here / name).string(); !error && can_run(file)) return file;
  return find_program(name);
}

}  // namespace wmpush::tool
