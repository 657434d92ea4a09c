#include "pubpoint/record/recorder.hpp"

#include <atomic>
#include <exception>
#include <utility>

namespace wmpush::pubpoint {
namespace {

/// What a packet that waits takes besides its bytes.
constexpr std::size_t kOverhead = 256;
constexpr int kUnavailable = 503;

}  // namespace

/// Belongs to the writer's thread, but for what says otherwise.
struct Recorder::State {
  State(RecordingRules rules, const std::string& point, RecordingEvents listener)
      : series(std::move(rules), point), events(std::move(listener)) {}

  void run(const std::function<void(RecordingSeries&)>& work) noexcept {
    try {
      try {
        work(series);
      } catch (const std::exception& error) {
        series.give_up({kUnavailable, std::string("cannot record: ") + error.what()});
      }
      if (series.failure().status != 0) fail(series.failure());
    } catch (...) {
      // There is no memory to tell it with.
    }
  }

  /// From any thread.
  void fail(const RecordingFailure& failure) {
    if (!told.exchange(true)) events.failed(failure);
  }

  RecordingSeries series;
  const RecordingEvents events;
  std::atomic<bool> told = false;
  // Such work waits already: a second would do nothing.
  std::atomic<bool> flushing = false;
  std::atomic<bool> giving_up = false;
};

Recorder::Recorder(Writer& writer, RecordingRules rules, const std::string& point,
                   RecordingEvents events)
    : writer_(writer),
      state_(std::make_shared<State>(std::move(rules), point, std::move(events))) {}

void Recorder::hand(std::size_t bytes, std::function<void(RecordingSeries&)> work) {
  if (writer_.hand(bytes, [state = state_, what = std::move(work)] { state->run(what); }))
    handed_ = true;
  else
    give_up();
}

void Recorder::give_up() {
  gave_up_ = true;
  const RecordingFailure failure{kUnavailable,
                                 "cannot record all of it: the disk is too slow for what is pushed",
                                 Limit::RecordQueue};
  if (handed_ && !state_->giving_up.exchange(true))
    hand(0, [state = state_.get(), failure](RecordingSeries& series) {
      state->giving_up = false;
      series.give_up(failure);
    });
  error_ = failure.text;
  state_->fail(failure);  // the writer may be stuck for long
}

void Recorder::check() {
  hand(0, [state = state_.get()](RecordingSeries& series) {
    series.check();
    if (series.failure().status == 0) state->events.ready();
  });
}

void Recorder::take(Bytes bytes, void (RecordingSeries::*what)(Bytes)) {
  if (gave_up_) return;
  const auto copy = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
  hand(bytes.size() + kOverhead, [copy, what](RecordingSeries& series) { (series.*what)(*copy); });
}

void Recorder::on_header(Bytes header) {
  gave_up_ = false;  // a new entry, a new file
  take(header, &RecordingSeries::begin_entry);
}

void Recorder::join(Bytes header) { take(header, &RecordingSeries::join_entry); }

void Recorder::on_packet(Bytes packet) { take(packet, &RecordingSeries::add); }

void Recorder::flush() {
  if (!handed_ || state_->flushing.exchange(true)) return;
  hand(0, [state = state_.get()](RecordingSeries& series) {
    state->flushing = false;
    series.flush();
  });
}

void Recorder::on_end(SessionReport& report) {
  report.running = handed_;
  if (!handed_) {
    report.recording_error = error_;
    return;
  }
  hand(0, [](RecordingSeries& series) { series.finish(); });
  hand(0, [state = state_.get()](RecordingSeries& series) {
    state->events.finished(series.files(), series.failure());
  });
}

}  // namespace wmpush::pubpoint
