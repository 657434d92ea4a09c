#include "pubpoint/web/chart.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace wmpush::pubpoint {
namespace {

constexpr double kWidth = 600;
constexpr double kHeight = 100;
/// The thickness of the line has room above it and below.
constexpr double kTop = 3;
constexpr double kBottom = 98;

std::uint64_t value_of(const AgedSample& sample, Measure measure) {
  return measure == Measure::Bitrate ? sample.bitrate : std::uint64_t{sample.viewers};
}

std::string coordinate(double value) {
  char text[16];
  std::snprintf(text, sizeof text, "%.0f", std::abs(value));
  return text;
}

/// The line with what is below it.
std::string chart_area(const std::string& line) {
  if (line.empty()) return {};
  const std::string start = line.substr(1, line.find(' ') - 1);
  return line + "V" + coordinate(kHeight) + "H" + start + "Z";
}

}  // namespace

std::string_view name_of(Measure measure) {
  return measure == Measure::Bitrate ? "bitrate" : "viewers";
}

std::uint64_t most_of(const PointNumbers& point, Measure measure) {
  std::uint64_t most = 0;
  for (const AgedSample& sample : point.history) most = std::max(most, value_of(sample, measure));
  return most;
}

std::string chart_line(const PointNumbers& point, Measure measure) {
  if (point.history.size() < 2) return {};
  const auto most = static_cast<double>(std::max<std::uint64_t>(most_of(point, measure), 1));
  std::string line;
  for (const AgedSample& sample : point.history) {
    const double age = std::chrono::duration<double>(sample.age) / kHistoryTime;
    const std::string x = coordinate(kWidth * (1 - std::clamp(age, 0.0, 1.0)));
    const double share = static_cast<double>(value_of(sample, measure)) / most;
    const std::string y = coordinate(kBottom - (kBottom - kTop) * share);
    if (line.empty())
      line.append("M").append(x).append(" ").append(y);
    else if (measure == Measure::Viewers)
      line.append("H").append(x).append("V").append(y);  // there are no halves of a viewer
    else
      line.append("L").append(x).append(" ").append(y);
  }
  return line;
}

void add_chart(Html& html, const PointNumbers& point, Measure measure, const std::string& id,
               std::string_view title, std::string_view description) {
  const std::string line = chart_line(point, measure);
  const std::string name(name_of(measure));
  html.markup("<svg viewBox=\"0 0 600 100\" preserveAspectRatio=\"none\" role=\"img\"")
      .attribute("data-line", name)
      .attribute("aria-labelledby", id + "-title")
      .attribute("aria-describedby", id + "-description")
      .markup("><title")
      .attribute("id", id + "-title")
      .markup(">")
      .text(title)
      .markup("</title><desc")
      .attribute("id", id + "-description")
      .attribute("data-text", name + "_description")
      .markup(">")
      .text(description)
      .markup(
          "</desc><path class=\"grid\" d=\"M0 98H600M120 0V100M240 0V100M360 0V100M480 0V100\"/>"
          "<path class=\"area\"")
      .attribute("d", chart_area(line))
      .markup("/><path class=\"line\"")
      .attribute("d", line)
      .markup("/></svg>");
}

}  // namespace wmpush::pubpoint
