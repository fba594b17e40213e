#include "agent/session/session_reader.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "agent/session/entry.h"
#include "agent/session/pairing.h"
#include "base/json.h"

namespace cofferdam::agent {
namespace {

// Of each line so much is looked at to tell what it is; a rewind is shorter.
constexpr size_t kHeadBytes = 512;
constexpr size_t kReadBytes = size_t{256} << 10;
// Titles of turns.
constexpr size_t kPointBytesMax = 200;

struct Line {
  uint64_t offset = 0;
  uint64_t size = 0;  // without its end
  SessionEntry entry = SessionEntry::kMessage;
  uint64_t turn = 0;  // of a prompt
  bool undone = false;
};

// Where a message of the history stands: a line, or the k-th of a replacement.
struct Place {
  size_t line = 0;
  size_t k = 0;
};

Status ReadAt(int fd, uint64_t offset, size_t size, std::string* out) {
  out->resize(size);
  size_t have = 0;
  while (have < size) {
    ssize_t n = pread(fd, out->data() + have, size - have,
                      static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::FromErrno(errno, "read");
    if (n == 0) return Error(Code::kCorrupt, "is shorter than it was");
    have += static_cast<size_t>(n);
  }
  return {};
}

// Finds the lines of a file, and which of them a rewind has undone.
class Scan {
 public:
  explicit Scan(int fd) : fd_(fd) {}

  Status Run() {
    std::string buffer(kReadBytes, '\0');
    uint64_t at = 0;
    while (true) {
      ssize_t n =
          pread(fd_, buffer.data(), buffer.size(), static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Error::FromErrno(errno, "read");
      if (n == 0) break;
      Take(std::string_view(buffer.data(), static_cast<size_t>(n)), at);
      at += static_cast<uint64_t>(n);
    }
    torn_bytes = at - begin_;
    return {};
  }

  std::vector<Line> lines;
  uint64_t damaged = 0;
  uint64_t torn_bytes = 0;
  uint64_t bytes() const { return begin_; }

 private:
  void Take(std::string_view bytes, uint64_t at) {
    while (!bytes.empty()) {
      const void* found = memchr(bytes.data(), '\n', bytes.size());
      const size_t size =
          found == nullptr
              ? bytes.size()
              : static_cast<size_t>(static_cast<const char*>(found) -
                                    bytes.data());
      if (head_.size() < kHeadBytes) {
        head_.append(
            bytes.substr(0, std::min(size, kHeadBytes - head_.size())));
      }
      at += size;
      if (found == nullptr) return;
      End(at);
      at += 1;
      bytes.remove_prefix(size + 1);
      begin_ = at;
      head_.clear();
    }
  }

  // A line ends at the byte `end`.
  void End(uint64_t end) {
    auto head = ReadLineHead(head_);
    if (!head) {
      // Lines of a later program may be of a kind that this one does not know.
      damaged += head_.starts_with(R"({"t":")") ? 0 : 1;
      return;
    }
    if (head->entry == SessionEntry::kRewind) Undo();
    lines.push_back({.offset = begin_,
                     .size = end - begin_,
                     .entry = head->entry,
                     .turn = head->turn});
  }

  void Undo() {
    auto parsed = JsonDocument::Parse(head_);
    if (!parsed.ok()) {
      ++damaged;
      return;
    }
    const auto what = ParseRewindOf((*parsed)["what"].StringOrEmpty());
    const auto turn = (*parsed)["turn"].Int().value_or(0);
    if (!what || *what == RewindOf::kFiles) return;
    size_t from = lines.size();
    for (size_t i = lines.size(); i-- > 0;) {
      if (lines[i].undone || lines[i].entry != SessionEntry::kPrompt ||
          static_cast<int64_t>(lines[i].turn) != turn) {
        continue;
      }
      from = i;
      break;
    }
    for (size_t i = from; i < lines.size(); ++i) lines[i].undone = true;
  }

  int fd_;
  uint64_t begin_ = 0;  // of the line that is being read
  std::string head_;
};

// Goes through the lines in their order.
class Replay {
 public:
  Replay(int fd, const std::vector<Line>& lines) : fd_(fd), lines_(lines) {}

  Status Run() {
    for (size_t i = 0; i < lines_.size(); ++i) TRY(Take(i));
    read_.messages_in_file = places_.size();
    return Gather();
  }

  SessionRead TakeRead() { return std::move(read_); }
  uint64_t damaged() const { return damaged_; }

 private:
  Status Take(size_t i) {
    const Line& line = lines_[i];
    if (line.entry == SessionEntry::kMessage) {
      if (!line.undone) places_.push_back({.line = i, .k = 0});
      return {};
    }
    // What people set and what was spent stays, also when a turn is undone.
    const bool stays = line.entry == SessionEntry::kFiles ||
                       line.entry == SessionEntry::kRewind ||
                       line.entry == SessionEntry::kModel ||
                       line.entry == SessionEntry::kMode ||
                       line.entry == SessionEntry::kMeter;
    if (line.undone && !stays) return {};
    TRY(ReadAt(fd_, line.offset, line.size, &text_));
    auto parsed = JsonDocument::Parse(text_);
    if (!parsed.ok()) {
      if (i == 0) return Error(Code::kCorrupt, "its first line is damaged");
      ++damaged_;
      // Its place is kept, so that the places behind it stay what they are.
      if (line.entry == SessionEntry::kPrompt) places_.push_back({i, 0});
      return {};
    }
    return TakeParsed(i, parsed->root());
  }

  Status TakeParsed(size_t i, const JsonValue& json) {
    SessionState& state = read_.state;
    switch (lines_[i].entry) {
      case SessionEntry::kBegin: {
        if (i != 0) break;
        TRY_ASSIGN(state.begin, ReadBegin(json));
        state.mode = state.begin.mode;
        state.model = state.begin.model;
        break;
      }
      case SessionEntry::kPrompt:
        TakePrompt(i, json);
        break;
      case SessionEntry::kFiles:
        read_.snapshots.emplace_back(
            static_cast<uint64_t>(json["turn"].Int().value_or(0)),
            json["snapshot"].StringOrEmpty());
        break;
      case SessionEntry::kReplace:
        TakeReplace(i, json);
        break;
      case SessionEntry::kRewind:
        TakeRewind(json);
        break;
      case SessionEntry::kModel:
        state.model = json["model"].StringOrEmpty();
        state.profile = json["profile"].StringOrEmpty();
        break;
      case SessionEntry::kMode:
        state.mode =
            ParseMode(json["mode"].StringOrEmpty()).value_or(state.mode);
        break;
      case SessionEntry::kPlan:
        state.plan = ReadPlan(json);
        break;
      case SessionEntry::kMeter:
        state.meter = ReadMeter(json);
        break;
      case SessionEntry::kMessage:
      case SessionEntry::kEnd:
        break;
    }
    return {};
  }

  void TakePrompt(size_t i, const JsonValue& json) {
    places_.push_back({.line = i, .k = 0});
    read_.state.turns = lines_[i].turn;
    read_.points.push_back(
        {.turn = lines_[i].turn,
         .text = FirstWords(json["text"].StringOrEmpty(), kPointBytesMax),
         .time_micros = json["at"].Int().value_or(0)});
  }

  void TakeReplace(size_t i, const JsonValue& json) {
    const int64_t from = json["from"].Int().value_or(-1);
    const int64_t to = json["to"].Int().value_or(-1);
    if (from < 0 || to < from || to > static_cast<int64_t>(places_.size())) {
      ++damaged_;
      return;
    }
    std::vector<Place> places;
    for (size_t k = 0; k < json["messages"].Elements().size(); ++k) {
      places.push_back({.line = i, .k = k});
    }
    auto at = places_.erase(places_.begin() + from, places_.begin() + to);
    places_.insert(at, places.begin(), places.end());
  }

  // The lines of the turns are undone already; this is about snapshots.
  void TakeRewind(const JsonValue& json) {
    const auto what = ParseRewindOf(json["what"].StringOrEmpty());
    const auto turn = static_cast<uint64_t>(json["turn"].Int().value_or(0));
    if (!what) return;
    read_.snapshots =
        SnapshotsAfterRewind(std::move(read_.snapshots), turn, *what);
  }

  // Parses the messages that are in effect.
  Status Gather() {
    std::vector<Message>& messages = read_.state.messages;
    messages.reserve(places_.size());
    std::optional<JsonDocument> document;
    std::vector<JsonValue> elements;
    size_t line = SIZE_MAX;
    for (const Place& place : places_) {
      if (place.line != line) {
        line = place.line;
        elements.clear();
        TRY(ReadAt(fd_, lines_[line].offset, lines_[line].size, &text_));
        auto parsed = JsonDocument::Parse(text_);
        document.reset();
        if (parsed.ok()) document = *std::move(parsed);
        if (document && lines_[line].entry == SessionEntry::kReplace) {
          elements = (*document)["messages"].Elements();
        } else if (document) {
          elements.push_back(document->root());
        }
      }
      auto message = place.k < elements.size()
                         ? ReadMessage(elements[place.k])
                         : Error(Code::kCorrupt, "damaged");
      if (message.ok()) {
        messages.push_back(*std::move(message));
        continue;
      }
      ++damaged_;
      if (!read_.mended_from) read_.mended_from = messages.size();
    }
    return {};
  }

  int fd_;
  const std::vector<Line>& lines_;
  std::vector<Place> places_;
  std::string text_;
  SessionRead read_;
  uint64_t damaged_ = 0;
};

}  // namespace

std::vector<std::pair<uint64_t, std::string>> SnapshotsAfterRewind(
    std::vector<std::pair<uint64_t, std::string>> snapshots, uint64_t turn,
    RewindOf what) {
  if (what == RewindOf::kFiles) return snapshots;
  std::vector<std::pair<uint64_t, std::string>> kept;
  for (auto& [its_turn, id] : snapshots) {
    if (its_turn < turn) {
      kept.emplace_back(its_turn, std::move(id));
    } else if (what == RewindOf::kConversation) {
      // The files stayed as they are: the way back to before that turn is the
      // way back to before the turn that takes its place.
      kept.emplace_back(turn, std::move(id));
      break;
    }
  }
  return kept;
}

Result<SessionRead> ReadSession(int fd, const std::string& path) {
  auto within = [&](Error error) { return std::move(error).Within(path); };
  Scan scan(fd);
  if (Status status = scan.Run(); !status.ok()) return within(status.error());
  if (scan.lines.empty() || scan.lines[0].entry != SessionEntry::kBegin ||
      scan.lines[0].offset != 0) {
    return Error(Code::kCorrupt,
                 fmt::format("{}: is not a session of cofferdam code", path));
  }
  Replay replay(fd, scan.lines);
  if (Status status = replay.Run(); !status.ok()) {
    return within(status.error());
  }
  SessionRead read = replay.TakeRead();
  read.bytes = scan.bytes();
  read.torn_bytes = scan.torn_bytes;
  std::vector<std::string>& notes = read.state.notes;
  if (read.torn_bytes > 0) {
    notes.push_back(fmt::format(
        "The last entry of the session was being written when its process "
        "ended; {} bytes of it were cut off.",
        read.torn_bytes));
  }
  if (const uint64_t damaged = scan.damaged + replay.damaged(); damaged > 0) {
    notes.push_back(fmt::format(
        "Damaged entries of the session were left out: {}.", damaged));
  }
  if (auto mended = MendHistory(&read.state.messages)) {
    read.mended_from = std::min(read.mended_from.value_or(mended->from),
                                static_cast<uint64_t>(mended->from));
    for (std::string& note : mended->notes) {
      notes.push_back(
          "The session's history was put right: " + std::move(note) + ".");
    }
  }
  return read;
}

}  // namespace cofferdam::agent
