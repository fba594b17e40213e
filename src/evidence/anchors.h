#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cofferdam::evidence {

// Finds a few rare strings of four bytes in much text, at the speed of memory:
// each of eight buckets of strings has, for each of four places, the set of
// low and of high halves of bytes that its strings have there, as a table of 16
// bits which one instruction looks up for 16 or 32 bytes at once. What all four
// places let through is looked at exactly. (The "Teddy" of Hyperscan; Wang et
// al., Hyperscan: a fast multi-pattern regex matcher, NSDI 2019.)
class AnchorSet {
 public:
  static constexpr size_t kAnchorBytes = 4;
  static constexpr size_t kAnchorsMax = 64;
  static constexpr size_t kBuckets = 8;

  // Four bytes. A small letter stands for the capital, too; '?' for anything.
  struct Anchor {
    std::string_view text;
    // Those of one bucket let through, place by place, whatever mixes them:
    // those that common text mixes should not share one. Results are the same
    // for any choice, less than kBuckets.
    size_t bucket = 0;
    // Whether letters stand for themselves alone.
    bool exact = false;
  };
  // What is looked for, by number; two may fit the same text. Texts must
  // outlive the call only.
  explicit AnchorSet(std::span<const Anchor> anchors);

  // Which processor's instructions to use.
  enum class Engine { kBest, kPortable };

  struct Hit {
    size_t at;      // of its first byte
    size_t anchor;  // its number
  };

  // Looks through a text, some hits at a time.
  class Search {
   public:
    Search(const AnchorSet& anchors, std::string_view text,
           Engine engine = Engine::kBest)
        : anchors_(anchors), text_(text), engine_(engine) {}

    // The next hits, by rising place; empty at the end. Valid until the next.
    std::span<const Hit> Next();

   private:
    static constexpr size_t kPlacesMax = 512;

    const AnchorSet& anchors_;
    std::string_view text_;
    Engine engine_;
    size_t at_ = 0;
    std::array<uint32_t, kPlacesMax> places_;
    std::vector<Hit> hits_;
  };

 private:
  // The bytes that stand at one place of an anchor.
  struct Bytes {
    std::array<bool, 256> has{};
  };
  struct Exact {
    uint32_t value = 0;  // folded as `mask` says
    uint32_t fold = 0;   // bits that are set before comparing
    uint32_t mask = 0;   // bits that count
  };
  // Halves of bytes to buckets, by place.
  struct Tables {
    alignas(16) std::array<std::array<uint8_t, 16>, kAnchorBytes> low{};
    alignas(16) std::array<std::array<uint8_t, 16>, kAnchorBytes> high{};
  };

  void Add(const std::array<Bytes, kAnchorBytes>& anchor, size_t bucket);
  uint8_t BucketsAt(const char* four) const;
  // Writes places in [*at, end) that may begin an anchor, at most `max` and in
  // blocks; moves *at. Reads four bytes from each.
  size_t FindPlaces(std::string_view text, Engine engine, size_t* at,
                    uint32_t* places, size_t max) const;
  size_t FindAvx2(std::string_view text, size_t* at, uint32_t* places,
                  size_t max) const;
  size_t FindNeon(std::string_view text, size_t* at, uint32_t* places,
                  size_t max) const;
  size_t FindPortable(std::string_view text, size_t end, size_t* at,
                      uint32_t* places, size_t max) const;

  Tables tables_;
  std::vector<Exact> exact_;
  // Numbers of the anchors of each bucket.
  std::array<std::vector<uint8_t>, kBuckets> buckets_;
};

}  // namespace cofferdam::evidence
