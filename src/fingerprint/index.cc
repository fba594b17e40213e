#include "fingerprint/index.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/file.h"

namespace cofferdam::fingerprint {
namespace {

constexpr std::string_view kManifestFile = "manifest.json";
constexpr size_t kManifestBytesMax = size_t{64} << 20;

std::string Join(const std::string& folder, std::string_view name) {
  return fmt::format("{}/{}", folder, name);
}

// An empty manifest when there is none.
Result<Manifest> LoadManifest(const std::string& folder) {
  Result<std::string> text =
      ReadFile(Join(folder, kManifestFile), kManifestBytesMax);
  if (!text.ok()) {
    if (text.error().code() == Code::kNotFound) return Manifest{};
    return std::move(text).error().Within("index");
  }
  Result<Manifest> manifest = ParseManifest(*text);
  if (!manifest.ok()) return std::move(manifest).error().Within(folder);
  return manifest;
}

Result<Segment> OpenNamed(const std::string& folder, const ManifestEntry& entry,
                          Segment::Verify verify) {
  TRY_ASSIGN(Segment segment, Segment::Open(Join(folder, entry.file), verify));
  if (segment.digest() != entry.digest ||
      segment.counts().bytes != entry.bytes ||
      segment.covers() != entry.covers) {
    return Error(Code::kCorrupt,
                 fmt::format("index {}: {} is not the segment that the "
                             "manifest names",
                             folder, entry.file));
  }
  return segment;
}

// Segments of one class are of similar size: within a factor of eight.
int SizeClass(const ManifestEntry& entry) {
  return static_cast<int>(std::bit_width(entry.bytes)) / 3;
}

struct Run {
  size_t begin = 0;
  size_t end = 0;
};

// What segments would be together.
class Together {
 public:
  // Whether one more is not too much.
  bool Add(const ManifestEntry& entry) {
    bytes_ += entry.bytes;
    outputs_ += entry.outputs;
    tokens_ += entry.tokens;
    fingerprints_ += entry.fingerprints;
    return bytes_ <= kMergedBytesMax && outputs_ <= kSegmentOutputsMax &&
           tokens_ <= kSegmentTokensMax &&
           fingerprints_ <= kSegmentFingerprintsMax;
  }

 private:
  uint64_t bytes_ = 0;
  uint64_t outputs_ = 0;
  uint64_t tokens_ = 0;
  uint64_t fingerprints_ = 0;
};

// Adjacent segments to merge: a run of more than kMergeSegments in which none
// is of a larger class than the last, the newest such run.
Run FindRun(const std::vector<ManifestEntry>& segments) {
  for (size_t end = segments.size(); end > kMergeSegments; --end) {
    const int largest = SizeClass(segments[end - 1]);
    Together together;
    size_t begin = end;
    while (begin > 0 && SizeClass(segments[begin - 1]) <= largest &&
           together.Add(segments[begin - 1])) {
      --begin;
    }
    if (end - begin > kMergeSegments) return {begin, end};
  }
  return {};
}

ManifestEntry EntryOf(const Segment& segment) {
  const SegmentCounts& counts = segment.counts();
  const SequenceRange covers = segment.covers();
  return {
      .file = fmt::format("{}{}-{}-{:016x}{}", kSegmentFilePrefix, covers.first,
                          covers.last, segment.digest(), kSegmentFileSuffix),
      .bytes = counts.bytes,
      .digest = segment.digest(),
      .covers = covers,
      .outputs = counts.outputs,
      .fingerprints = counts.fingerprints,
      .tokens = counts.tokens};
}

}  // namespace

Result<Index> Index::Open(const std::string& folder, Segment::Verify verify) {
  Index index;
  // A merge may remove files between reading the manifest and opening them;
  // then the manifest has changed too.
  constexpr int kTries = 5;
  for (int attempt = 0;; ++attempt) {
    TRY_ASSIGN(index.manifest_, LoadManifest(folder));
    index.segments_.clear();
    index.segments_.reserve(index.manifest_.segments.size());
    bool missing = false;
    for (const ManifestEntry& entry : index.manifest_.segments) {
      Result<Segment> segment = OpenNamed(folder, entry, verify);
      if (!segment.ok() && segment.error().code() == Code::kNotFound &&
          attempt < kTries) {
        missing = true;
        break;
      }
      if (!segment.ok()) return std::move(segment).error();
      index.segments_.push_back(*std::move(segment));
    }
    if (!missing) return index;
  }
}

SegmentCounts Index::counts() const {
  SegmentCounts sum;
  for (const Segment& segment : segments_) {
    const SegmentCounts& counts = segment.counts();
    sum.outputs += counts.outputs;
    sum.tokens += counts.tokens;
    sum.fingerprints += counts.fingerprints;
    sum.dropped += counts.dropped;
    sum.bytes += counts.bytes;
    sum.lookup_bytes += counts.lookup_bytes;
  }
  return sum;
}

bool Index::MayContain(uint64_t hash) const {
  return std::any_of(
      segments_.begin(), segments_.end(),
      [hash](const Segment& segment) { return segment.MayContain(hash); });
}

Found Index::Find(uint64_t hash, const Sink& sink) const {
  Found found;
  for (size_t i = 0; i < segments_.size(); ++i) {
    const Found in_segment =
        segments_[i].Find(hash, [&](const Posting& posting) {
          if (found.given == kIndexPostingsPerKeyMax) {
            ++found.dropped;
            return;
          }
          ++found.given;
          sink({.segment = static_cast<uint32_t>(i), .posting = posting});
        });
    found.dropped += in_segment.dropped;
  }
  return found;
}

Result<IndexWriter> IndexWriter::Open(const std::string& folder) {
  TRY(MakeFolder(folder, 0700));
  IndexWriter writer(folder);
  TRY_ASSIGN(writer.manifest_, LoadManifest(folder));
  TRY(writer.RemoveUnnamed());
  return writer;
}

Status IndexWriter::RemoveUnnamed() const {
  std::set<std::string, std::less<>> named;
  for (const ManifestEntry& entry : manifest_.segments) {
    named.insert(entry.file);
  }
  std::error_code failed;
  for (std::filesystem::directory_iterator at(folder_, failed), end;
       !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(kSegmentFilePrefix) || named.contains(name)) continue;
    std::error_code ignored;
    std::filesystem::remove(at->path(), ignored);
  }
  if (failed) return Error::FromErrno(failed.value(), "index " + folder_);
  return {};
}

Status IndexWriter::Clear() {
  TRY(Publish(Manifest()));
  return RemoveUnnamed();
}

Status IndexWriter::AddSegment(SegmentWriter writer) {
  if (writer.covers().first != covered() + 1) {
    return Error(Code::kConflict,
                 fmt::format("index {}: covers until {}, the segment begins "
                             "at {}",
                             folder_, covered(), writer.covers().first));
  }
  if (manifest_.segments.size() == kManifestSegmentsMax) {
    return Error(Code::kTooLarge, "index: too many segments");
  }
  Manifest next = manifest_;
  TRY_ASSIGN(ManifestEntry entry, WriteSegment([&](const PlacedWrite& write) {
               return std::move(writer).Finish(write);
             }));
  next.segments.push_back(std::move(entry));
  return Publish(std::move(next));
}

Status IndexWriter::Publish(Manifest next) {
  TRY(WriteFileAtomically(Join(folder_, kManifestFile), FormatManifest(next),
                          0600));
  manifest_ = std::move(next);
  return {};
}

Result<size_t> IndexWriter::MergeSmall() {
  size_t gone = 0;
  for (;;) {
    const Run run = FindRun(manifest_.segments);
    if (run.end == run.begin) return gone;
    TRY(MergeRun(run.begin, run.end));
    gone += run.end - run.begin - 1;
  }
}

Result<size_t> IndexWriter::MergeAll() {
  size_t gone = 0;
  for (size_t begin = 0; begin < manifest_.segments.size(); ++begin) {
    Together together;
    size_t end = begin;
    while (end < manifest_.segments.size() &&
           together.Add(manifest_.segments[end])) {
      ++end;
    }
    if (end < begin + 2) continue;
    TRY(MergeRun(begin, end));
    gone += end - begin - 1;
  }
  return gone;
}

// The file gets its name from what is in it.
Result<ManifestEntry> IndexWriter::WriteSegment(
    const std::function<Status(const PlacedWrite&)>& give) {
  const std::string temporary =
      Join(folder_, fmt::format("{}{}.new", kSegmentFilePrefix, getpid()));
  TRY_ASSIGN(PendingFile file, PendingFile::Create(temporary, 0600));
  TRY(give([&](uint64_t offset, std::string_view bytes) {
    return file.WriteAt(offset, bytes);
  }));
  TRY_ASSIGN(const Segment written,
             Segment::Open(temporary, Segment::Verify::kHeader));
  ManifestEntry entry = EntryOf(written);
  TRY(std::move(file).Commit(Join(folder_, entry.file)));
  return entry;
}

Status IndexWriter::MergeRun(size_t begin, size_t end) {
  std::vector<Segment> segments;
  std::vector<const Segment*> pointers;
  for (size_t i = begin; i < end; ++i) {
    TRY_ASSIGN(Segment segment, OpenNamed(folder_, manifest_.segments[i],
                                          Segment::Verify::kContents));
    segments.push_back(std::move(segment));
  }
  for (const Segment& segment : segments) pointers.push_back(&segment);
  TRY_ASSIGN(ManifestEntry entry, WriteSegment([&](const PlacedWrite& write) {
               return MergeSegments(pointers, write);
             }));
  Manifest next = manifest_;
  const auto from = next.segments.begin() + static_cast<ptrdiff_t>(begin);
  next.segments.erase(from + 1,
                      next.segments.begin() + static_cast<ptrdiff_t>(end));
  next.segments[begin] = std::move(entry);
  TRY(Publish(std::move(next)));
  return RemoveUnnamed();
}

}  // namespace cofferdam::fingerprint
