// Real programs as tests run them: found or named as missing, on a free port, in a folder of the
// test's own. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace wmpush::test {

/// The path of a program; empty when it is not installed. /usr/sbin is looked into as well.
std::filesystem::path find_program(const std::string& name);

/// A port of 127.0.0.1 that was free a moment ago.
std::uint16_t free_port();

/// Whether something takes TCP connections there before 20 s have passed, and before `goes_on` says
/// no.
bool wait_for_listener(std::uint16_t port, const std::function<bool()>& goes_on);

/// Runs a program to its end. Throws std::runtime_error with what it printed when it failed.
void run(const std::vector<std::string>& command);

void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace wmpush::test
