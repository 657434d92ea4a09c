#include "support/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>

extern char** environ;

namespace wmpush::test {
namespace {

struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::system_category(), "pipe");
    read = ends[0];
    write = ends[1];
  }
};

/// Adds to the file that WMPUSH_LAST_LINES names what a person would see last of a program that
/// failed: all of it together is read through by people.
void note_last_line(int status, const std::string& text) {
  const char* file = std::getenv("WMPUSH_LAST_LINES");
  if (file == nullptr) return;
  const std::size_t end = text.find_last_not_of('\n');
  const std::size_t before = end == std::string::npos ? end : text.rfind('\n', end);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  std::ofstream(file, std::ios::app)
      << status << ' ' << text.substr(begin, end + 1 - begin) << '\n';
}

/// `own` wins over an entry of the same name in our environment.
std::vector<char*> merged_environment(const std::vector<std::string>& own) {
  std::vector<char*> merged;
  for (const std::string& entry : own) merged.push_back(const_cast<char*>(entry.c_str()));
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('=') + 1);
    bool replaced = false;
    for (const std::string& given : own) replaced = replaced || given.starts_with(name);
    if (!replaced) merged.push_back(*entry);
  }
  merged.push_back(nullptr);
  return merged;
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command,
                           const std::vector<std::string>& environment) {
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const std::vector<char*> variables = merged_environment(environment);

  const Pipe output;
  const Pipe error;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, error.write, STDERR_FILENO);
  const int failure =
      posix_spawnp(&id_, arguments[0], &actions, nullptr, arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  close(output.write);
  close(error.write);
  if (failure != 0) {
    close(output.read);
    close(error.read);
    throw std::system_error(failure, std::system_category(), command[0]);
  }
  reader_ = std::thread([this, from_output = output.read, from_error = error.read] {
    read_all(from_output, from_error);
  });
}

ChildProcess::~ChildProcess() {
  if (id_ > 0) wait(Seconds(0));
  reader_.join();
}

void ChildProcess::read_all(int output, int error) {
  pollfd pipes[] = {{output, POLLIN, 0}, {error, POLLIN, 0}};
  std::string* const texts[] = {&output_, &error_text_};
  while (pipes[0].fd >= 0 || pipes[1].fd >= 0) {
    if (poll(pipes, 2, -1) < 0) continue;
    for (int i = 0; i < 2; ++i) {
      if (pipes[i].fd < 0 || pipes[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t count = read(pipes[i].fd, buffer, sizeof buffer);
      const std::lock_guard lock(mutex_);
      if (count > 0) {
        texts[i]->append(buffer, static_cast<std::size_t>(count));
      } else if (count == 0 || errno != EINTR) {
        close(pipes[i].fd);
        pipes[i].fd = -1;
      }
      changed_.notify_all();
    }
  }
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void ChildProcess::signal(int number) const {
  if (id_ > 0) kill(id_, number);
}

int ChildProcess::wait(Seconds limit) {
  if (id_ <= 0) return status_;
  {
    std::unique_lock lock(mutex_);
    // Its end closes its pipes.
    if (!changed_.wait_for(lock, limit, [this] { return closed_; })) kill(id_, SIGKILL);
  }
  int status = 0;
  while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  id_ = -1;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  if (status_ > 0) note_last_line(status_, error_text());
  return status_;
}

bool ChildProcess::wait_for_error_text(const std::string& text, Seconds limit) {
  return wait_for(error_text_, text, limit);
}

bool ChildProcess::wait_for_output(const std::string& text, Seconds limit) {
  return wait_for(output_, text, limit);
}

bool ChildProcess::wait_for(const std::string& printed, const std::string& text, Seconds limit) {
  std::unique_lock lock(mutex_);
  const auto found = [&] { return printed.find(text) != std::string::npos; };
  changed_.wait_for(lock, limit, [&] { return closed_ || found(); });
  return found();
}

bool ChildProcess::wait_for_more_output(std::size_t size, Seconds limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [&] { return closed_ || output_.size() > size; });
  return output_.size() > size;
}

bool ChildProcess::wait_for_silence(Seconds quiet, Seconds limit) {
  std::unique_lock lock(mutex_);
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!closed_ && std::chrono::steady_clock::now() < end) {
    const std::size_t printed = output_.size() + error_text_.size();
    const bool more = changed_.wait_for(
        lock, quiet, [&] { return closed_ || output_.size() + error_text_.size() != printed; });
    if (!more) return true;
  }
  return false;
}

std::string ChildProcess::output() const {
  const std::lock_guard lock(mutex_);
  return output_;
}

std::string ChildProcess::error_text() const {
  const std::lock_guard lock(mutex_);
  return error_text_;
}

}  // namespace wmpush::test
