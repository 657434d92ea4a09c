#include "push_report.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <set>

#include "pubpoint/push/push_rules.hpp"
#include "pubpoint/web/json.hpp"

namespace wmpush::tool {
namespace {

using pubpoint::Breach;
using pubpoint::JsonObject;
using pubpoint::PushRule;
using pubpoint::SessionReport;

bool is_whole(const SessionReport& push) { return push.end_of_stream && push.end_reason == 0; }

const char* name_of(ExitStatus status) {
  switch (status) {
    case kSuccess:
      return "whole";
    case kRulesBroken:
      return "rules broken";
    case kNoWholePush:
      return "not whole";
    case kFailed:
    case kBadUsage:
      break;
  }
  return "not recorded";
}

/// The rules, each with what was found. Those of the point itself are named when they were the
/// reason for a refusal; what showed nowhere is neither kept nor broken.
std::vector<JsonObject> rules(const PushReport& report) {
  const auto breaks = [](const PushRule& rule) {
    return [id = std::string(rule.id)](const Breach& breach) { return breach.rule == id; };
  };
  std::vector<JsonObject> all;
  for (const PushRule& rule : pubpoint::push_rules()) {
    const bool broken = std::ranges::any_of(report.breaches, breaks(rule));
    if (rule.of == PushRule::Of::Point && !broken) continue;
    // A request that was refused may not have been looked at to its end.
    all.emplace_back()
        .add("id", rule.id)
        .add("text", rule.text)
        .add("result", broken        ? "broken"
                       : report.push ? "kept"
                                     : "not seen");
  }
  return all;
}

std::vector<JsonObject> seen(const std::vector<Breach>& breaches) {
  std::vector<JsonObject> all;
  for (const Breach& breach : breaches)
    all.emplace_back().add("rule", breach.rule).add("text", breach.text);
  return all;
}

JsonObject push_object(const SessionReport& push) {
  char reason[16];
  std::snprintf(reason, sizeof reason, "0x%08X", push.end_reason);
  JsonObject object;
  object.add("point", push.point).add("push_id", push.push_id).add("peer", push.peer);
  object.add("user_agent", push.user_agent);
  object.add("push_starts", push.push_starts).add("entries", push.entries);
  object.add("packets", push.packets).add("packets_repeated", push.packets_repeated);
  object.add("bytes", push.bytes);
  object.add("media_seconds", std::chrono::microseconds(push.media));
  object.add("end_of_stream", push.end_of_stream);
  if (push.end_of_stream)
    object.add("end_reason", reason);
  else
    object.add_null("end_reason");
  object.add("ended_because", push.ended_because);
  std::vector<JsonObject> recordings;
  for (const auto& file : push.recordings) recordings.emplace_back().add("file", file.string());
  object.add("recordings", recordings).add("recording_error", push.recording_error);
  return object;
}

}  // namespace

ExitStatus PushReport::status() const {
  if (!breaches.empty()) return kRulesBroken;
  if (!push || !is_whole(*push)) return kNoWholePush;
  return push->recording_error.empty() ? kSuccess : kFailed;
}

std::string PushReport::text() const {
  switch (status()) {
    case kRulesBroken: {
      std::set<std::string> ids;
      for (const Breach& breach : breaches) ids.insert(breach.rule);
      std::string named;
      for (const std::string& id : ids) named += (named.empty() ? "" : ", ") + id;
      return std::string(push ? "the push broke " : "no push began: what came broke ") +
             (ids.size() == 1 ? "a rule: " : std::to_string(ids.size()) + " rules: ") + named +
             "; the first time: " + breaches.front().text;
    }
    case kNoWholePush:
      if (!push) return nothing_came;
      return "the push is not whole: " + push->ended_because;
    case kFailed:
      return "the push kept every rule, and its recording is not whole: " + push->recording_error;
    default:
      return "a whole push, which kept every rule";
  }
}

std::string PushReport::json() const {
  JsonObject object;
  object.add("result", name_of(status()));
  object.add("exit_status", static_cast<std::uint64_t>(status())).add("message", text());
  if (push)
    object.add("push", push_object(*push));
  else
    object.add_null("push");
  object.add("breaches", seen(breaches)).add("rules", rules(*this));
  return object.text();
}

}  // namespace wmpush::tool
