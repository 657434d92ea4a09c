#include "pubpoint/record/recording_series.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kMaxFiles = 10'000;
/// The free space is looked at each time that so many bytes were added, and with each flush().
constexpr std::uint64_t kCheckEvery = 16 * 1024 * 1024;
constexpr int kNoSpace = 507;
constexpr int kUnavailable = 503;

int status_of(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG ? kNoSpace : kUnavailable;
}

}  // namespace

RecordingSeries::RecordingSeries(RecordingRules rules, std::string point)
    : rules_(std::move(rules)), point_(std::move(point)) {}

void RecordingSeries::fail(RecordingFailure why) {
  if (failure_.status == 0) failure_ = std::move(why);
}

void RecordingSeries::note_error() {
  if (!recording_->error().empty())
    fail({status_of(recording_->error_number()), recording_->error()});
}

bool RecordingSeries::enough_free() {
  struct statvfs disk {};
  if (rules_.free == 0 || ::statvfs(rules_.directory.c_str(), &disk) != 0) return true;
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free >= rules_.free) return true;
  fail({kNoSpace,
        "cannot record into " + rules_.directory.string() + ": " + std::to_string(free) +
            " bytes are free, and " + std::to_string(rules_.free) + " are to stay free",
        Limit::RecordFree});
  return false;
}

void RecordingSeries::fail_for_want_of_slots() {
  const std::size_t most = rules_.files->most();
  fail({kUnavailable,
        "cannot record " + point_ + ": " + std::to_string(most) +
            (most == 1 ? " recording is" : " recordings are") +
            " being written, and record_files allows no more",
        Limit::RecordFiles});
}

void RecordingSeries::check() {
  const int error = ::access(rules_.directory.c_str(), W_OK | X_OK) != 0 ? errno : 0;
  if (error == 0 && rules_.files && !rules_.files->any_left())
    fail_for_want_of_slots();
  else if (error == 0)
    enough_free();
  else
    fail({status_of(error), "cannot record into " + rules_.directory.string() + ": " +
                                std::system_category().message(error)});
}

void RecordingSeries::begin_entry(Bytes header) {
  end_file();
  ++entry_;
  header_.assign(header.begin(), header.end());
  begin_file(Recording::Begins::WithThePush);
}

void RecordingSeries::join_entry(Bytes header) {
  end_file();
  ++entry_;
  header_.assign(header.begin(), header.end());
  if (auto parsed = EntryHeader::parse(header))
    joining_.emplace(Joining{parsed, StreamGate(*parsed)});
  else
    give_up({kUnavailable, "cannot record: the header of the push cannot be read"});
}

bool RecordingSeries::join_with(Bytes& packet, std::vector<std::byte>& edited) {
  if (!joining_->begun) {
    if (!may_begin_file(joining_->header->parsed, packet)) return false;
    joining_->begun = true;
    begin_file(Recording::Begins::InTheMiddle);
    if (!recording_) {
      joining_.reset();
      return false;
    }
  }
  std::vector<std::byte> whole;
  if (!asf::pad_packet(packet, joining_->header->parsed.packet_size, whole)) return false;
  const asf::Kept kept = joining_->gate.pass(whole, edited);
  if (joining_->gate.is_open()) joining_.reset();
  if (kept == asf::Kept::Some) packet = edited;
  return kept != asf::Kept::None;
}

void RecordingSeries::begin_file(Recording::Begins begins) {
  if (!enough_free()) return;
  if (rules_.files && !(slot_ = FileSlots::take(rules_.files))) return fail_for_want_of_slots();
  const std::string name = recording_name(rules_.name, point_, rules_.clock(), entry_);
  // A file that exists is never touched: the next number is tried.
  std::filesystem::path path;
  unsigned number = name == last_name_ ? last_number_ + 1 : 1;
  for (;; ++number) {
    path = rules_.directory / (name + (number > 1 ? "-" + std::to_string(number) : "") + ".asf");
    recording_ = std::make_unique<Recording>(path, header_, begins);
    if (recording_->made() || recording_->error_number() != EEXIST) break;
  }
  last_name_ = name;
  last_number_ = number;
  checked_at_ = 0;
  if (recording_->error().empty()) return;
  note_error();
  const bool made = recording_->made();
  recording_.reset();
  slot_.reset();
  std::error_code ignored;
  if (made) std::filesystem::remove(path, ignored);  // without a whole header it is no recording
}

bool RecordingSeries::enough() const {
  if (recording_->packets() == 0) return false;
  return (rules_.size != 0 && recording_->size() >= rules_.size) ||
         (rules_.time.count() != 0 && recording_->duration() >= rules_.time);
}

void RecordingSeries::add(Bytes packet) {
  std::vector<std::byte> edited;
  if (joining_ && !join_with(packet, edited)) return;
  if (!recording_) return;
  if (enough() && recording_->may_begin_with(packet)) {
    end_file();
    begin_file(Recording::Begins::InTheMiddle);
    if (!recording_) return;
  }
  recording_->add(packet);
  if (!recording_->error().empty()) return end_file();
  if (recording_->size() - checked_at_ < kCheckEvery) return;
  checked_at_ = recording_->size();
  if (!enough_free()) end_file();
}

void RecordingSeries::flush() {
  if (!recording_) return;
  recording_->flush();
  if (!recording_->error().empty() || !enough_free()) end_file();
}

void RecordingSeries::give_up(RecordingFailure why) {
  fail(std::move(why));
  end_file();
}

void RecordingSeries::end_file() {
  joining_.reset();
  if (!recording_) return;
  note_error();
  recording_->finish();
  note_error();
  RecordedFile file{recording_->path(), 0, recording_->duration()};
  recording_.reset();
  slot_.reset();
  if (file.path.empty()) return;
  if (files_.size() < kMaxFiles) files_.push_back(file.path);
  if (!rules_.on_file) return;
  std::error_code gone;
  if (const auto bytes = std::filesystem::file_size(file.path, gone); !gone) file.bytes = bytes;
  rules_.on_file(file);
}

void RecordingSeries::finish() { end_file(); }

}  // namespace wmpush::pubpoint
