// The main of a fuzz target without libFuzzer: replays files, or tries a bounded number of
// mutations of the target's seeds, always the same ones.
//
//     splitter_fuzz [FILE...]           replay these files or directories, or mutate
//     splitter_fuzz --runs N            mutate N times
//     splitter_fuzz --write-seeds DIR   a corpus for libFuzzer
//
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

#include "fuzz/target.hpp"

namespace {

using Input = std::vector<std::byte>;

constexpr unsigned long kRuns = 20'000;
constexpr const char* kFailed = "fuzz-failure.bin";

void run(const Input& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

const Input* current = nullptr;

/// Leaves the input that ended the program behind. Nothing here may be done in a signal handler by
/// the book, but the program is lost already.
void keep_current(int signal) {
  std::signal(signal, SIG_DFL);
  if (current != nullptr) std::ofstream(kFailed, std::ios::binary) << wmpush::as_text(*current);
  std::fprintf(stderr, "the input is in %s\n", kFailed);
  std::raise(signal);
}

/// A file, or those of a directory.
bool replay(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (!replay(entry.path())) return false;
    return true;
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const wmpush::Bytes bytes = wmpush::as_bytes(text);
  run(Input(bytes.begin(), bytes.end()));
  return true;
}

class Mutator {
 public:
  explicit Mutator(std::vector<Input> seeds) : seeds_(std::move(seeds)) {}

  Input next() {
    Input input = seeds_[below(seeds_.size())];
    for (std::size_t count = below(6); count-- > 0;) mutate(input);
    return input;
  }

 private:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

  void mutate(Input& input) {
    if (input.empty()) return;
    const std::size_t at = below(input.size());
    const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(6)) {
      case 0:
        input[at] = static_cast<std::byte>(below(256));
        break;
      case 1:
        input[at] ^= static_cast<std::byte>(1u << below(8));
        break;
      case 2:
        input.resize(at);
        break;
      case 3: {  // a number that is at a limit
        constexpr unsigned kLimits[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
        const auto value = static_cast<std::byte>(kLimits[below(5)]);
        for (std::size_t i = at; i < std::min(input.size(), at + (std::size_t{1} << below(4))); ++i)
          input[i] = value;
        break;
      }
      case 4: {
        const std::size_t size = std::min(input.size() - at, below(64) + 1);
        input.erase(place, place + static_cast<std::ptrdiff_t>(size));
        break;
      }
      default: {
        const Input& other = seeds_[below(seeds_.size())];
        const std::size_t from = below(other.size());
        const std::size_t size = std::min(other.size() - from, below(300) + 1);
        const auto begin = other.begin() + static_cast<std::ptrdiff_t>(from);
        input.insert(place, begin, begin + static_cast<std::ptrdiff_t>(size));
      }
    }
  }

  std::vector<Input> seeds_;
  std::mt19937 random_{1};
};

}  // namespace

// So that a sanitizer's finding ends in a signal too.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "abort_on_error=1"; }

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  unsigned long runs = kRuns;
  if (arguments.size() == 2 && arguments[0] == "--write-seeds") {
    std::filesystem::create_directories(arguments[1]);
    int number = 0;
    for (const Input& seed : wmpush::fuzz::seeds())
      std::ofstream(std::filesystem::path(arguments[1]) / ("seed" + std::to_string(number++)),
                    std::ios::binary)
          << wmpush::as_text(seed);
    return 0;
  }
  if (arguments.size() == 2 && arguments[0] == "--runs") {
    runs = std::stoul(arguments[1]);
  } else if (!arguments.empty()) {
    for (const std::string& name : arguments) {
      if (!replay(name)) {
        std::fprintf(stderr, "%s cannot be read\n", name.c_str());
        return 2;
      }
    }
    return 0;
  }
  std::signal(SIGABRT, keep_current);
  std::signal(SIGSEGV, keep_current);
  for (const Input& seed : wmpush::fuzz::seeds()) run(seed);
  Mutator mutator(wmpush::fuzz::seeds());
  for (unsigned long i = 0; i < runs; ++i) {
    const Input input = mutator.next();
    current = &input;
    run(input);
    current = nullptr;
  }
  std::printf("%lu mutations\n", runs);
}
