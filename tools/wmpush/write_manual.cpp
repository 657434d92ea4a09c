// Writes what is installed beside the command and says the same as it: the manual and completion.
//
//     write_manual PAGES DIRECTORY VERSION DATE
//
// PAGES has the pages that were written by hand, and wmpush-NAME.more with sections for the page of
// a command. DIRECTORY gets man1, man5, bash and zsh.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "completion.hpp"
#include "manual_page.hpp"

namespace {

using namespace wmpush::tool;
namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return text.str();
}

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

void write_all(const fs::path& pages, const fs::path& directory, const ManualEdition& edition) {
  for (const Command& command : commands()) {
    const fs::path more = pages / ("wmpush-" + command.name + ".more");
    write(directory / "man1" / ("wmpush-" + command.name + ".1"),
          command_page(command, edition, fs::exists(more) ? read(more) : ""));
  }
  for (const char* const page : {"wmpush.1", "wmpush.toml.5"}) {
    std::string error;
    const std::string text = fill_page(read(pages / page), edition, error);
    if (!error.empty()) throw std::runtime_error((pages / page).string() + ": " + error);
    write(directory / (std::string("man") + fs::path(page).extension().string().substr(1)) / page,
          text);
  }
  write(directory / "bash" / "wmpush", bash_completion());
  write(directory / "zsh" / "_wmpush", zsh_completion());
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) {
    std::fputs("usage: write_manual PAGES DIRECTORY VERSION DATE\n", stderr);
    return 2;
  }
  write_all(argv[1], argv[2], {argv[3], argv[4]});
} catch (const std::exception& exception) {
  std::fprintf(stderr, "write_manual: %s\n", exception.what());
  return 1;
}
