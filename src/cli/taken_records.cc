#include "cli/taken_records.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "ledger/history/history.h"

namespace cofferdam::cli {
namespace {

struct Taken {
  std::string path;
  uint64_t bytes = 0;
  int64_t changed_micros = 0;
};

int64_t ChangedMicros(const struct stat& info) {
  return int64_t{info.st_mtim.tv_sec} * 1'000'000 +
         int64_t{info.st_mtim.tv_nsec} / 1000;
}

bool IsTaken(const ledger::HistoryMark& mark, const struct stat& info) {
  return S_ISREG(info.st_mode) && info.st_size > 0 && !mark.held &&
         mark.offset == static_cast<uint64_t>(info.st_size);
}

// Counts the lines that nobody could read.
class Damage : public ledger::HistorySink {
 public:
  Status Take(ledger::HistoryExchange, int64_t) override { return {}; }
  void Note(ledger::HistoryProblem) override { ++problems_; }
  uint64_t problems() const { return problems_; }

 private:
  uint64_t problems_ = 0;
};

bool IsReadable(const std::string& path, int64_t now_micros) {
  Damage damage;
  const auto read = ledger::ReadHistory(
      {.agent = ledger::HistoryAgent::kCofferdamCode, .path = path}, {},
      now_micros, damage);
  return read.ok() && !read->mark.held && damage.problems() == 0;
}

// With the file locked, as a session that writes to it has it: whoever waits
// for the lock sees that it is gone.
bool Delete(const Taken& taken, const HistoryState& state, int64_t now_micros) {
  FileDescriptor file(
      open(taken.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid() || flock(file.get(), LOCK_EX | LOCK_NB) != 0) return false;
  struct stat info;
  if (fstat(file.get(), &info) != 0 || info.st_nlink != 1) return false;
  return IsTaken(state.MarkOf(taken.path), info) &&
         IsReadable(taken.path, now_micros) && unlink(taken.path.c_str()) == 0;
}

}  // namespace

RecordsDeleted DeleteTakenRecords(const std::vector<std::string>& paths,
                                  const RecordsKept& kept, int64_t now_micros,
                                  HistoryState* state) {
  std::vector<Taken> all;
  uint64_t bytes = 0;
  for (const std::string& path : paths) {
    struct stat info;
    if (lstat(path.c_str(), &info) != 0) continue;
    if (!IsTaken(state->MarkOf(path), info)) continue;
    all.push_back(
        {path, static_cast<uint64_t>(info.st_size), ChangedMicros(info)});
    bytes += all.back().bytes;
  }
  std::sort(all.begin(), all.end(), [](const Taken& a, const Taken& b) {
    return a.changed_micros < b.changed_micros;
  });
  RecordsDeleted deleted;
  for (const Taken& taken : all) {
    const bool old = now_micros - taken.changed_micros >= kept.age_micros;
    if (!old && bytes <= kept.bytes_max) break;
    if (!Delete(taken, *state, now_micros)) continue;
    bytes -= taken.bytes;
    ++deleted.files;
    deleted.bytes += taken.bytes;
    state->Forget(taken.path);
  }
  return deleted;
}

}  // namespace cofferdam::cli
