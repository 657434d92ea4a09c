#include "options.hpp"

extern "C" {
#include <libavformat/version.h>
#include <libavutil/error.h>
#include <libavutil/opt.h>
#include <libavutil/version.h>
}

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>

#include "core/printable.hpp"
#include "secrets.hpp"

namespace wmpush::preload {
namespace {

constexpr std::int64_t kShortestTimeout = 10'000;  // us, that a timeout may be
constexpr std::size_t kSlotSize = sizeof(std::int64_t);

AVOption to_av(const wmpush_option_info& info, std::size_t index) {
  AVOption option{};
  option.name = info.name;
  option.help = info.help;
  option.offset = static_cast<int>((index + 1) * kSlotSize);
  option.min = static_cast<double>(info.minimum);
  option.max = static_cast<double>(info.maximum);
  option.flags = AV_OPT_FLAG_ENCODING_PARAM;
  switch (info.type) {
    case WMPUSH_OPTION_FLAG:
      option.type = AV_OPT_TYPE_BOOL;
      break;
    case WMPUSH_OPTION_INTEGER:
      option.type = AV_OPT_TYPE_INT64;
      break;
    case WMPUSH_OPTION_DURATION:
      option.type = AV_OPT_TYPE_DURATION;
      break;
    case WMPUSH_OPTION_TEXT:
      option.type = AV_OPT_TYPE_STRING;
      return option;
  }
  option.default_val.i64 = info.default_value;
  return option;
}

const std::vector<AVOption>& table() {
  static const auto& options = *[] {
    auto* all = new std::vector<AVOption>;
    for (std::size_t i = 0; const wmpush_option_info* info = wmpush_option_at(i); ++i)
      all->push_back(to_av(*info, i));
    all->push_back(AVOption{});
    return all;
  }();
  return options;
}

const char* item_name(void*) { return "wmpush"; }

#if LIBAVFORMAT_VERSION_MAJOR >= 59
const AVClass* real_class = nullptr;
char ours_was_given;

const AVClass* iterate_children(void** state) {
  if (*state == &ours_was_given) return nullptr;
  if (const AVClass* child = real_class->child_class_iterate(state)) return child;
  *state = &ours_was_given;
  return option_class();
}
#endif

}  // namespace

const AVClass* option_class() {
  static const AVClass& instance = *[] {
    auto* made = new AVClass{};
    made->class_name = "wmpush";
    made->item_name = item_name;
    made->option = table().data();
    made->version = LIBAVUTIL_VERSION_INT;
    return made;
  }();
  return &instance;
}

const AVClass* with_option_class(const AVClass* format_class) {
#if LIBAVFORMAT_VERSION_MAJOR >= 59
  static const AVClass& instance = *[format_class] {
    real_class = format_class;
    auto* copy = new AVClass(*format_class);
    copy->child_class_iterate = iterate_children;
    return copy;
  }();
  return &instance;
#else
  // No such iterator yet: options go into the URL's query there.
  return format_class;
#endif
}

Options::Options() : object_(table().size(), Slot{.number = 0}) {
  wmpush_options_init(&options_);
  object_[0].option_class = option_class();
  av_opt_set_defaults(object_.data());
}

Options::~Options() { av_opt_free(object_.data()); }

int Options::set(std::size_t index) {
  const wmpush_option_info& info = *wmpush_option_at(index);
  const Slot& value = object_[index + 1];
  std::string text;
  switch (info.type) {
    case WMPUSH_OPTION_FLAG:
      text = std::to_string(value.flag);
      break;
    case WMPUSH_OPTION_INTEGER:
      text = std::to_string(value.number);
      break;
    case WMPUSH_OPTION_DURATION:
      text = std::to_string(value.number) + "us";
      break;
    case WMPUSH_OPTION_TEXT:
      break;
  }
  // A text option keeps the pointer, and object_ owns what it points to.
  wmpush_error error{};
  error.size = sizeof error;
  const char* given = info.type == WMPUSH_OPTION_TEXT ? value.text : text.c_str();
  if (!WMPUSH_FAILED(wmpush_options_set(&options_, info.name, given, &error))) return 0;
  av_log(object_.data(), AV_LOG_ERROR, "%s\n", error.message);
  return AVERROR(EINVAL);
}

int Options::take_from(AVDictionary** dictionary) {
  if (dictionary == nullptr) return 0;

  std::int64_t longest = 0;
  if (const AVDictionaryEntry* entry = av_dict_get(*dictionary, "rw_timeout", nullptr, 0)) {
    const std::string_view text = entry->value;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), longest);
    if (error != std::errc() || end != text.data() + text.size() || longest < 0) {
      av_log(object_.data(), AV_LOG_ERROR, "rw_timeout is a number of microseconds, not '%s'\n",
             printable(text).c_str());
      return AVERROR(EINVAL);
    }
    av_dict_set(dictionary, "rw_timeout", nullptr, 0);
  }
  for (std::size_t i = 0; const wmpush_option_info* info = wmpush_option_at(i); ++i) {
    const AVDictionaryEntry* entry = av_dict_get(*dictionary, info->name, nullptr, 0);
    if (entry == nullptr) continue;
    // What stands in the program's arguments is a mask.
    const std::string value = info->secret ? reveal_password(entry->value) : entry->value;
    if (const int ret = av_opt_set(object_.data(), info->name, value.c_str(), 0); ret < 0) {
      av_log(object_.data(), AV_LOG_ERROR, "Option %s cannot be set to '%s'\n", info->name,
             info->secret ? "***" : printable(entry->value).c_str());
      return ret;
    }
    if (const int ret = set(i); ret < 0) return ret;
    av_dict_set(dictionary, info->name, nullptr, 0);
  }
  if (longest > 0) limit_timeouts(longest);
  return 0;
}

/// As FFmpeg's own protocols do: none of them is longer.
void Options::limit_timeouts(std::int64_t longest) {
  const std::int64_t limit = std::max(longest, kShortestTimeout);
  for (std::int64_t* timeout :
       {&options_.connect_timeout, &options_.response_timeout, &options_.send_timeout,
        &options_.end_timeout, &options_.rollover_timeout})
    *timeout = std::min(*timeout, limit);
}

}  // namespace wmpush::preload
