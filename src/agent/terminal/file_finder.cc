#include "agent/terminal/file_finder.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/thread_name.h"
#include "corpus/tree.h"

namespace cofferdam::agent {
namespace {

char Lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
}

bool IsSeparator(char byte) {
  return byte == '/' || byte == '_' || byte == '-' || byte == '.' ||
         byte == ' ';
}

// How well the query fits, higher is better; none: it does not. Looks for the
// letters from the end, so that the last name counts first.
std::optional<int> Fit(std::string_view path, std::string_view query) {
  int score = 0;
  size_t at = path.size();
  size_t last = std::string_view::npos;
  const size_t name = path.rfind('/') + 1;  // npos + 1 is 0
  for (size_t i = query.size(); i-- > 0;) {
    const char wanted = Lower(query[i]);
    do {
      if (at == 0) return std::nullopt;
      --at;
    } while (Lower(path[at]) != wanted);
    if (at + 1 == last) score += 8;
    if (at == 0 || IsSeparator(path[at - 1])) score += 4;
    if (at >= name) score += 2;
    last = at;
  }
  return score * 32 - static_cast<int>(std::min<size_t>(path.size(), 512));
}

}  // namespace

void PathList::Add(std::string_view path) {
  if (text_.size() + path.size() >= std::numeric_limits<uint32_t>::max()) {
    return;
  }
  begins_.push_back(static_cast<uint32_t>(text_.size()));
  text_ += path;
  text_ += '\0';
}

std::string_view PathList::operator[](size_t index) const {
  const size_t end =
      index + 1 < begins_.size() ? begins_[index + 1] : text_.size();
  return std::string_view(text_).substr(begins_[index],
                                        end - 1 - begins_[index]);
}

std::vector<std::string> PathList::Best(std::string_view query,
                                        size_t count) const {
  using Scored = std::pair<int, size_t>;
  std::vector<Scored> scored;
  for (size_t i = 0; i < size(); ++i) {
    if (const auto score = Fit((*this)[i], query)) {
      scored.emplace_back(*score, i);
    }
  }
  const size_t kept = std::min(count, scored.size());
  std::partial_sort(
      scored.begin(), scored.begin() + static_cast<ptrdiff_t>(kept),
      scored.end(), [](const Scored& a, const Scored& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
      });
  std::vector<std::string> best;
  for (size_t i = 0; i < kept; ++i)
    best.emplace_back((*this)[scored[i].second]);
  return best;
}

FileFinder::FileFinder(std::string folder, const Clock& clock,
                       size_t first_part)
    : folder_(std::move(folder)),
      clock_(clock),
      first_part_(first_part),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(wake_.valid());
}

FileFinder::~FileFinder() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void FileFinder::Begin() {
  if (listing_) return;
  {
    std::lock_guard lock(mutex_);
    if (is_whole_ &&
        clock_.SteadyMicros() - listed_micros_ < kFoundFilesFreshMicros) {
      return;
    }
  }
  if (thread_.joinable()) thread_.join();
  listing_ = true;
  thread_ = std::thread([this] { List(); });
}

void FileFinder::List() {
  SetThreadName("files");
  auto list = std::make_shared<PathList>();
  size_t next_part = first_part_;
  auto walk = corpus::TreeWalk::Open({folder_}, {});
  while (walk.ok() && !stopping_ && list->size() < kFoundFilesMax) {
    const auto next = walk->Next();
    if (!next) break;
    const auto* document = std::get_if<corpus::Document>(&*next);
    if (document == nullptr) continue;
    std::string_view path = document->path;
    path.remove_prefix(std::min(folder_.size(), path.size()));
    while (path.starts_with('/')) path.remove_prefix(1);
    list->Add(path);
    if (list->size() < next_part) continue;
    Show(std::make_shared<PathList>(*list), Extent::kPart);
    next_part *= 2;
  }
  Show(std::move(list), Extent::kWhole);
  listing_ = false;
}

void FileFinder::Show(std::shared_ptr<const PathList> list, Extent extent) {
  {
    std::lock_guard lock(mutex_);
    if (extent == Extent::kPart && is_whole_) return;
    list_ = std::move(list);
    is_whole_ = extent == Extent::kWhole;
    if (is_whole_) listed_micros_ = clock_.SteadyMicros();
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = ::write(wake_.get(), &one, sizeof one);
}

void FileFinder::TakeWake() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got =
      ::read(wake_.get(), &count, sizeof count);
}

std::shared_ptr<const PathList> FileFinder::list() const {
  std::lock_guard lock(mutex_);
  return list_;
}

}  // namespace cofferdam::agent
