#include "summary.hpp"

#include <cstdio>

#include "core/printable.hpp"
#include "progress.hpp"
#include "pubpoint/web/json.hpp"

namespace wmpush::tool {

using pubpoint::JsonObject;

namespace {

/// "2 breaks of the connection with 17 packets lost at the most, ", or nothing.
std::string breaks_text(const wmpush_stats& stats) {
  if (stats.reconnects == 0) return {};
  return std::to_string(stats.reconnects) + (stats.reconnects == 1 ? " break" : " breaks") +
         " of the connection with " + std::to_string(stats.packets_at_risk) +
         (stats.packets_at_risk == 1 ? " packet" : " packets") + " lost at the most, ";
}

/// "1 packet left out, ", or nothing.
std::string dropped_text(const wmpush_stats& stats) {
  if (stats.packets_dropped == 0) return {};
  return std::to_string(stats.packets_dropped) +
         (stats.packets_dropped == 1 ? " packet left out, " : " packets left out, ");
}

}  // namespace

std::string json_text(const SendSummary& summary) {
  char value[16];
  std::snprintf(value, sizeof value, "0x%08X", static_cast<unsigned>(summary.error.result));
  JsonObject object;
  object.add("result", name(summary.error.result)).add("value", value);
  object.add("message", summary.error.message);
  if (summary.error.http_status != 0)
    object.add("http_status", static_cast<std::uint64_t>(summary.error.http_status));
  else
    object.add_null("http_status");
  object.add("url", summary.url).add("input", summary.input);
  object.add("server", summary.server).add("push_id", summary.push_id);
  object.add("stopped", summary.stopped);
  object.add("packets_accepted", summary.stats.packets_accepted);
  object.add("packets_sent", summary.stats.packets_sent);
  object.add("packets_malformed", summary.stats.packets_malformed);
  object.add("bytes_accepted", summary.stats.bytes_accepted);
  object.add("bytes_sent", summary.stats.bytes_sent);
  object.add("end_confirmed", summary.stats.end_confirmed != 0);
  object.add("reconnects", summary.stats.reconnects);
  object.add("packets_resent", summary.stats.packets_resent);
  object.add("packets_at_risk", summary.stats.packets_at_risk);
  object.add("packets_dropped", summary.stats.packets_dropped);
  object.add("duration_seconds", std::chrono::microseconds(summary.stats.duration));
  object.add("stall_seconds", std::chrono::microseconds(summary.stats.stall_time));
  object.add("elapsed_seconds", summary.elapsed);
  std::vector<JsonObject> entries;
  for (const PlaylistEntry& entry : summary.entries)
    entries.emplace_back()
        .add("input", entry.path)
        .add("result", name(entry.error.result))
        .add("message", entry.error.message)
        .add("begun", entry.begun)
        .add("packets", entry.packets);
  object.add("entries", entries);
  return object.text();
}

std::string plain_text(const SendSummary& summary) {
  const double seconds = std::chrono::duration<double>(summary.elapsed).count();
  char took[64];
  std::snprintf(took, sizeof took, " in %.1f s", seconds);
  const double rate =
      seconds > 0 ? 8.0 * static_cast<double>(summary.stats.bytes_sent) / seconds : 0;
  std::string what;
  if (summary.entries.size() > 1) what = std::to_string(summary.entries.size()) + " inputs, ";
  return (summary.stopped ? "stopped after " : "pushed " + what) +
         clock_text(std::chrono::microseconds(summary.stats.duration)) + ", " +
         std::to_string(summary.stats.packets_sent) +
         (summary.stats.packets_sent == 1 ? " packet, " : " packets, ") +
         dropped_text(summary.stats) + breaks_text(summary.stats) +
         std::to_string(summary.stats.bytes_sent) + " bytes" + took + " (" + bit_rate_text(rate) +
         ") to " + printable(summary.url) + "; " +
         (summary.stats.end_confirmed != 0 ? "the server confirmed the end"
                                           : "nobody confirmed the end");
}

}  // namespace wmpush::tool
