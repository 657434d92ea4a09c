// What the service does about recordings: who has one, and when the last is finished.
#include <utility>

#include "pubpoint/record/file_slots.hpp"
#include "pubpoint/record/recorder.hpp"
#include "pubpoint/service.hpp"

namespace wmpush::pubpoint {

std::unique_ptr<Recorder> Service::make_recorder(const std::shared_ptr<PushSession>& session,
                                                 bool required) {
  RecordingRules rules;
  rules.directory = settings_.record;
  rules.name = settings_.record_name;
  rules.size = settings_.record_size;
  rules.time = settings_.record_time;
  rules.free = settings_.record_free;
  rules.clock = settings_.wall_clock;
  rules.files = record_files_;
  rules.on_file = [this, post = post_, point = session->point(),
                   id = session->id()](const RecordedFile& file) {
    post([this, point, id, file] {
      history_.note_recording(point, {.at = std::chrono::system_clock::now(),
                                      .name = file.path.filename().string(),
                                      .bytes = file.bytes,
                                      .duration = file.duration});
      HookFacts facts("record");
      facts.add("point", point)
          .add("session", id)
          .add("file", std::filesystem::absolute(file.path).string())
          .add("bytes", file.bytes)
          .add("seconds", std::chrono::microseconds(file.duration));
      tell(Hook::Record, point, std::move(facts));
    });
  };
  RecordingEvents events;
  const std::weak_ptr<PushSession> weak = session;  // which owns the recorder, and so the events
  events.ready = [this, post = post_, weak] {
    post([this, weak] {
      if (const auto ready = weak.lock()) recording_ready(ready);
    });
  };
  events.failed = [this, post = post_, weak, required](const RecordingFailure& failure) {
    post([this, failed = weak.lock(), failure, required] {
      recording_failed(failed, failure, required);
    });
  };
  events.finished = [this, post = post_, id = session->id(), weak](
                        const std::vector<std::filesystem::path>& files,
                        const RecordingFailure& failure) {
    post([this, id, weak, files, why = failure.text] {
      if (const auto its = weak.lock()) its->add_recordings(files, why);
      recording_finished(id);
    });
  };
  return std::make_unique<Recorder>(*writer_, std::move(rules), session->point(),
                                    std::move(events));
}

bool Service::has_to_wait(const PushSession& session) const {
  return writer_ && session.ahead(now()) && writer_->busy();
}

void Service::recording_ready(const std::shared_ptr<PushSession>& session) {
  if (const auto connection = session->connection()) connection->go_on(session->id());
}

void Service::recording_failed(const std::shared_ptr<PushSession>& session,
                               const RecordingFailure& failure, bool required) {
  if (failure.limit) count(*failure.limit);
  if (failure.limit == Limit::RecordFiles)
    log_seldom(std::string(name_of(*failure.limit)), failure.text);
  else
    log(failure.text);
  if (!session) return;
  session->note_recording_error(failure.text);
  publish(*session);
  if (!session->over() && required) cut_off(session, failure.status, failure.text);
}

bool Service::start_recording(const std::shared_ptr<PushSession>& session) {
  if (!may_record() || session->over() || session->header().empty() || is_recording(*session))
    return false;
  // Whoever began it in the middle can do without it: the push goes on when it fails.
  auto recorder = make_recorder(session, false);
  recorder->join(session->header());
  recorders_[session->id()] = recorder.get();
  session->add_consumer(std::move(recorder));
  return true;
}

bool Service::stop_recording(const std::shared_ptr<PushSession>& session) {
  const auto found = recorders_.extract(session->id());
  if (found.empty()) return false;
  const auto recorder = session->remove_consumer(found.mapped());
  SessionReport report;
  if (recorder) recorder->on_end(report);
  // The end of the push waits for it, so that its report has all files.
  if (report.running) ++unfinished_[session->id()];
  return true;
}

void Service::recording_finished(const std::string& push_id) {
  const auto left = unfinished_.find(push_id);
  if (left == unfinished_.end() || --left->second > 0) return;
  unfinished_.erase(left);
  settle(push_id);
}

void Service::settle(const std::string& push_id) {
  const auto found = finishing_.extract(push_id);
  if (found.empty()) return;  // it goes on
  found.mapped()->settle();
  ended(*found.mapped());
  if (finishing_.empty() && when_recorded_) std::exchange(when_recorded_, nullptr)();
}

void Service::when_recorded(std::function<void()> done) {
  if (finishing_.empty()) return done();
  when_recorded_ = std::move(done);
}

void Service::abandon_recordings(std::chrono::milliseconds limit) {
  const std::string why = "cannot finish the recording: the disk took nothing for " +
                          std::to_string(limit.count()) + " ms";
  while (!finishing_.empty()) {
    log(why);
    const auto session = finishing_.begin()->second;
    session->add_recordings({}, why);
    unfinished_.erase(session->id());
    settle(session->id());
  }
}

}  // namespace wmpush::pubpoint
