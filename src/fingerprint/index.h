#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fingerprint/segment.h"

namespace cofferdam::fingerprint {

// The index of a ledger: a folder of sealed segments and `manifest.json`,
// which names those that count. The manifest is replaced atomically; segment
// files are never changed. Format: docs/formats/segment.md, "Manifest".

// More adjacent segments of similar size than this are merged into one.
inline constexpr size_t kMergeSegments = 8;
// Merging does not make segments beyond this: a scan takes an index that is
// larger than its memory in passes, each of a segment at least.
inline constexpr uint64_t kMergedBytesMax = uint64_t{2} << 30;
inline constexpr std::string_view kSegmentFilePrefix = "segment-";
inline constexpr std::string_view kSegmentFileSuffix = ".cfds";
inline constexpr size_t kManifestSegmentsMax = 65536;
// Index::Find gives at most this many postings for one hash.
inline constexpr size_t kIndexPostingsPerKeyMax = 256;

struct ManifestEntry {
  std::string file;  // name inside the folder
  uint64_t bytes = 0;
  uint64_t digest = 0;  // Segment::digest
  SequenceRange covers;
  uint64_t outputs = 0;
  uint64_t fingerprints = 0;
  uint64_t tokens = 0;

  bool operator==(const ManifestEntry&) const = default;
};

struct Manifest {
  // By rising sequence, each following the one before without a gap.
  std::vector<ManifestEntry> segments;

  // The last sequence covered; 0 for an empty index.
  uint64_t covered() const {
    return segments.empty() ? 0 : segments.back().covers.last;
  }
  bool operator==(const Manifest&) const = default;
};

std::string FormatManifest(const Manifest& manifest);
// kCorrupt when the text is no manifest; kInvalid for another version. File
// names that would leave the folder are kCorrupt.
Result<Manifest> ParseManifest(std::string_view text);

// An immutable view of the index as its manifest was at opening. Any number of
// threads may read it; it stays whole when segments are merged meanwhile.
class Index {
 public:
  // Where a fingerprint stands: segment ordinal and place in it.
  struct Hit {
    uint32_t segment = 0;
    Posting posting;

    bool operator==(const Hit&) const = default;
  };
  using Sink = std::function<void(const Hit&)>;

  // A folder without a manifest, or that does not exist, is an empty index.
  // kCorrupt when a segment is not the one that the manifest names.
  static Result<Index> Open(const std::string& folder,
                            Segment::Verify verify = Segment::Verify::kHeader);

  Index(Index&&) noexcept = default;
  Index& operator=(Index&&) noexcept = default;

  const Manifest& manifest() const { return manifest_; }
  size_t segment_count() const { return segments_.size(); }
  const Segment& segment(size_t ordinal) const { return segments_[ordinal]; }
  uint64_t covered() const { return manifest_.covered(); }
  // Sums over all segments.
  SegmentCounts counts() const;

  bool MayContain(uint64_t hash) const;
  // Oldest segment first; see Segment::Find.
  Found Find(uint64_t hash, const Sink& sink) const;

 private:
  Index() = default;
  Manifest manifest_;
  std::vector<Segment> segments_;
};

// Adds segments to an index. One writer per folder (the holder of the data
// folder's lock); not for several threads at once.
class IndexWriter {
 public:
  // Makes the folder with mode 0700 if it is missing. Segment files that no
  // manifest names, left by a crash, are removed.
  static Result<IndexWriter> Open(const std::string& folder);

  const Manifest& manifest() const { return manifest_; }
  uint64_t covered() const { return manifest_.covered(); }

  // Seals `writer` into the folder, then names it in the manifest. It must
  // cover from covered() + 1 on (else kConflict). After an error the manifest
  // is the old one.
  Status AddSegment(SegmentWriter writer);

  // Takes every segment out of the index. Open indexes keep working.
  Status Clear();

  // Merges while more than kMergeSegments adjacent segments are of similar
  // size; returns how many segments went away. Open indexes keep working.
  Result<size_t> MergeSmall();

  // Merges adjacent segments while the outcome has at most kMergedBytesMax: a
  // look-up asks every segment. As MergeSmall.
  Result<size_t> MergeAll();

 private:
  explicit IndexWriter(std::string folder) : folder_(std::move(folder)) {}
  Status RemoveUnnamed() const;
  Status Publish(Manifest next);
  Result<ManifestEntry> WriteSegment(
      const std::function<Status(const PlacedWrite&)>& give);
  Status MergeRun(size_t begin, size_t end);

  std::string folder_;
  Manifest manifest_;
};

}  // namespace cofferdam::fingerprint
