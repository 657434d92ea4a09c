#include "outcome.hpp"

#include <cstdio>

#include "core/log.hpp"

namespace wmpush::tool {

ExitStatus exit_status(Result result) {
  if (succeeded(result)) return kSuccess;
  return result == Result::E_INVALIDARG || result == Result::NS_E_INVALID_NAME ? kBadUsage
                                                                               : kFailed;
}

std::string failure_line(std::string_view command, const Error& error) {
  // What the file system or a user named may contain a line break.
  return Log().line(std::string(command) + ": " + error.message) + ": " + describe(error.result);
}

ExitStatus conclude(std::string_view command, const Error& error) {
  if (error) std::fprintf(stderr, "%s\n", failure_line(command, error).c_str());
  return exit_status(error.result);
}

ExitStatus refuse_usage(std::string_view command, const std::string& message) {
  std::fprintf(stderr, "'%s --help' explains the usage\n", std::string(command).c_str());
  return conclude(command, {Result::E_INVALIDARG, 0, 0, message});
}

}  // namespace wmpush::tool
